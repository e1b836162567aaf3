-- A record is live when any visit took place within the 365 days to the end of the period.
-- It is open to the resident by their own choice (Consent); where they made none here, by what a sender reports of them.
WITH program AS (
  SELECT person,
         BOOL_OR(program = 'hypertension') AS hypertension,
         BOOL_OR(program = 'diabetes') AS diabetes,
         BOOL_OR(program = 'dyslipidaemia') AS dyslipidaemia,
         BOOL_OR(program = 'severe-mental') AS smd,
         BOOL_OR(program = 'tuberculosis') AS tb,
         BOOL_OR(program = 'pregnancy') AS pregnant,
         BOOL_OR(program <> 'dyslipidaemia') AS priority
  FROM open_episode
  WHERE program IN ('hypertension', 'diabetes', 'dyslipidaemia', 'severe-mental', 'tuberculosis', 'pregnancy')
  GROUP BY person
)
SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  r.birth_date <= YEARS_BEFORE(:end, 65) AS elderly,
  r.birth_date <= YEARS_BEFORE(:end, 65) OR r.birth_date > YEARS_BEFORE(:end, 7) OR COALESCE(g.priority, FALSE) AS priority,
  COALESCE(r.record_opened <= :end, FALSE) AS has_record,
  COALESCE(o.readable, r.record_open_to_resident <= :end, FALSE) AS record_open,
  s.person IS NOT NULL AS seen,
  c.person IS NOT NULL AS contracted,
  COALESCE(v.visits, 0) AS checkups,
  COALESCE(g.hypertension, FALSE) AS hypertension,
  COALESCE(g.diabetes, FALSE) AS diabetes,
  COALESCE(g.dyslipidaemia, FALSE) AS dyslipidaemia,
  COALESCE(g.smd, FALSE) AS smd,
  COALESCE(g.tb, FALSE) AS tb,
  COALESCE(g.pregnant, FALSE) AS pregnant,
  r.birth_date > YEARS_BEFORE(:end, 7) AS child
FROM resident AS r
LEFT JOIN program AS g ON g.person = r.person
LEFT JOIN under_contract AS c ON c.person = r.person
LEFT JOIN seen_person AS s ON s.person = r.person
LEFT JOIN own_record AS o ON o.person = r.person
LEFT JOIN visit_in_period AS v ON v.person = r.person AND v.service = 'checkup'
