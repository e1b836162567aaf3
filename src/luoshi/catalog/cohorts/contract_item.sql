-- Items of the base package whose window ended in the period: the window lies wholly within the contract and within the
-- time the resident belonged to the group that the item is for. A fact within the window fulfils it.
-- The windows are the same for all contracts that began on one day, and are reckoned once for each such day.
-- What is done in a window does not hang on the period: it is chosen at the end.
WITH slot AS (
  SELECT b.start_day, s.grp, s.item, s.label, s.label_en, s.place,
         PLUS_MONTHS(b.start_day, s.from_month) AS from_day,
         PLUS_DAYS(PLUS_MONTHS(b.start_day, s.to_month), -1) AS to_day
  FROM (
    SELECT DISTINCT h.start_day, g.grp
    FROM (SELECT DISTINCT start_day FROM held_contract) AS h
    CROSS JOIN (SELECT DISTINCT grp FROM contract_slot) AS g
  ) AS b
  JOIN contract_slot AS s ON s.grp = b.grp
  WHERE PLUS_DAYS(PLUS_MONTHS(b.start_day, s.to_month), -1) BETWEEN :earliest AND :latest
),
care AS (
  SELECT DISTINCT person, program, start_day, end_day
  FROM episode
  WHERE program IN ('hypertension', 'diabetes', 'severe-mental', 'tuberculosis', 'pregnancy', 'copd', 'disability')
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
),
member AS (
  SELECT id, person, institution, start_day, end_day,
         'elderly' AS grp, PLUS_MONTHS(birth_date, 780) AS from_day, CAST(NULL AS DATE) AS to_day
  FROM held_contract
  WHERE birth_date <= YEARS_BEFORE(:latest, 65)
  UNION ALL
  SELECT id, person, institution, start_day, end_day,
         'child' AS grp, birth_date AS from_day, PLUS_DAYS(PLUS_MONTHS(birth_date, 84), -1) AS to_day
  FROM held_contract
  WHERE birth_date > YEARS_BEFORE(:earliest, 7)
  UNION ALL
  SELECT id, person, institution, start_day, end_day,
         'infant' AS grp, birth_date AS from_day, PLUS_DAYS(PLUS_MONTHS(birth_date, 36), -1) AS to_day
  FROM held_contract
  WHERE birth_date > YEARS_BEFORE(:earliest, 3)
  UNION ALL
  SELECT h.id, h.person, h.institution, h.start_day, h.end_day,
         e.program AS grp, e.start_day AS from_day, e.end_day AS to_day
  FROM held_contract AS h
  JOIN care AS e ON e.person = h.person
  WHERE e.start_day <= :latest
    AND (e.end_day IS NULL OR e.end_day >= :earliest)
),
due AS (
  SELECT m.id AS contract, m.person, m.institution, s.item, s.label, s.label_en, s.place, s.from_day, s.to_day
  FROM member AS m
  JOIN slot AS s ON s.start_day = m.start_day AND s.grp = m.grp
  WHERE (m.end_day IS NULL OR s.to_day <= m.end_day)
    AND s.from_day >= m.from_day
    AND (m.to_day IS NULL OR s.to_day <= m.to_day)
),
fact AS (
  SELECT
    person,
    day,
    CASE
      WHEN service = 'newborn-visit' THEN 'child-visit'
      WHEN service = 'tb-first-home-visit' THEN 'tb-visit'
      WHEN service = 'postnatal-visit' THEN 'antenatal-visit'
      ELSE service
    END AS item
  FROM visit
  WHERE service IN ('checkup', 'htn-visit', 'dm-visit', 'tcm-elderly', 'child-visit', 'newborn-visit', 'tcm-child',
                    'smd-visit', 'tb-visit', 'tb-first-home-visit', 'antenatal-visit', 'postnatal-visit', 'copd-visit',
                    'home-care')
    AND status IN ('finished', 'in-progress')
),
done AS (
  SELECT due.contract, due.item, due.place, due.person, due.institution,
         MIN(due.label) AS label, MIN(due.label_en) AS label_en,
         MIN(due.from_day) AS from_day, MIN(due.to_day) AS to_day, MIN(fact.day) AS done_day
  FROM due
  LEFT JOIN fact ON fact.person = due.person AND fact.item = due.item AND fact.day BETWEEN due.from_day AND due.to_day
  GROUP BY due.contract, due.item, due.place, due.person, due.institution
)
SELECT
  CONCAT(d.contract, ':', d.item, ':', CAST(d.place AS VARCHAR)) AS subject,
  d.person,
  r.division,
  d.institution,
  d.item,
  d.label,
  d.label_en,
  d.from_day,
  d.to_day,
  d.done_day
FROM done AS d
JOIN resident AS r ON r.person = d.person
WHERE d.to_day BETWEEN :start AND :end
