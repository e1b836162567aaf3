WITH e AS (
  SELECT id, person, institution, start_day, end_day, status
  FROM episode
  WHERE program = 'tuberculosis'
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
    AND (start_day BETWEEN :start AND :end OR (start_day <= :end AND end_day BETWEEN :start AND :end))
),
home AS (
  SELECT e.id, MIN(v.day) AS first_visit_day
  FROM e
  JOIN event_visit AS v ON v.person = e.person
  WHERE v.service = 'tb-first-home-visit' AND v.day >= DAYS_BEFORE(e.start_day, 1)
  GROUP BY e.id
),
lab AS (
  SELECT e.id,
         BOOL_OR(o.code = 'tb-bacteriology' AND o.value_code = 'positive' AND o.day >= DAYS_BEFORE(e.start_day, 30)) AS positive,
         BOOL_OR(o.code = 'tb-outcome' AND o.value_code IN ('cured', 'completed') AND o.day >= e.start_day) AS success,
         BOOL_OR(o.code = 'tb-outcome' AND o.day >= e.start_day) AS outcome_told,
         LATEST_HIGHEST(CASE WHEN o.code = 'tb-dose-adherence' AND o.day >= e.start_day THEN o.value END, o.day) AS adherence
  FROM e
  JOIN event_observation AS o ON o.person = e.person
  WHERE o.code IN ('tb-bacteriology', 'tb-dose-adherence', 'tb-outcome')
  GROUP BY e.id
),
pleura AS (
  SELECT DISTINCT person FROM condition WHERE (code LIKE 'A15.6%' OR code LIKE 'A16.5%') AND day <= :end
)
SELECT
  e.id AS subject,
  e.person,
  p.division,
  e.institution,
  e.start_day AS notified_day,
  e.start_day BETWEEN :start AND :end AS notified,
  PLUS_DAYS(e.start_day, 3) <= :end AS past_3_days,
  home.first_visit_day,
  home.first_visit_day IS NOT NULL AS visited,
  pleura.person IS NOT NULL AS pleurisy,
  COALESCE(lab.positive, FALSE) AS positive,
  COALESCE(e.end_day BETWEEN :start AND :end AND e.status = 'finished', FALSE) AS finished,
  lab.adherence,
  COALESCE(lab.success, FALSE) AS success,
  COALESCE(lab.outcome_told, FALSE) AS outcome_told
FROM e
LEFT JOIN person AS p ON p.person = e.person
LEFT JOIN home ON home.id = e.id
LEFT JOIN lab ON lab.id = e.id
LEFT JOIN pleura ON pleura.person = e.person
