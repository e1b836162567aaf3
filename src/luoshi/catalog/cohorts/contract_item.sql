-- Items of the base package whose window ended in the period: the window lies wholly within the contract and within the
-- time the resident belonged to the group that the item is for. A fact within the window fulfils it.
WITH member AS (
  SELECT person, 'elderly' AS grp, PLUS_MONTHS(birth_date, 780) AS from_day, CAST(NULL AS DATE) AS to_day
  FROM resident
  WHERE birth_date <= YEARS_BEFORE(:end, 65)
  UNION ALL
  SELECT person, 'child' AS grp, birth_date AS from_day, PLUS_DAYS(PLUS_MONTHS(birth_date, 84), -1) AS to_day
  FROM resident
  WHERE birth_date > YEARS_BEFORE(:start, 7)
  UNION ALL
  SELECT person, 'infant' AS grp, birth_date AS from_day, PLUS_DAYS(PLUS_MONTHS(birth_date, 36), -1) AS to_day
  FROM resident
  WHERE birth_date > YEARS_BEFORE(:start, 3)
  UNION ALL
  SELECT person, program AS grp, start_day AS from_day, end_day AS to_day
  FROM episode
  WHERE program IN ('hypertension', 'diabetes', 'severe-mental', 'tuberculosis', 'pregnancy', 'copd', 'disability')
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
    AND start_day <= :end
    AND (end_day IS NULL OR end_day >= :start)
),
due AS (
  SELECT DISTINCT
    c.id AS contract, c.person, c.institution, r.division, s.item, s.label, s.label_en, s.place,
    PLUS_MONTHS(c.start_day, s.from_month) AS from_day,
    PLUS_DAYS(PLUS_MONTHS(c.start_day, s.to_month), -1) AS to_day
  FROM contract AS c
  JOIN resident AS r ON r.person = c.person
  JOIN member AS m ON m.person = c.person
  JOIN contract_slot AS s ON s.grp = m.grp
  WHERE c.status IN ('active', 'completed')
    AND PLUS_DAYS(PLUS_MONTHS(c.start_day, s.to_month), -1) BETWEEN :start AND :end
    AND (c.end_day IS NULL OR PLUS_DAYS(PLUS_MONTHS(c.start_day, s.to_month), -1) <= c.end_day)
    AND PLUS_MONTHS(c.start_day, s.from_month) >= m.from_day
    AND (m.to_day IS NULL OR PLUS_DAYS(PLUS_MONTHS(c.start_day, s.to_month), -1) <= m.to_day)
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
    AND day BETWEEN MONTHS_BEFORE(:start, 12) AND :end
)
SELECT
  CONCAT(due.contract, ':', due.item, ':', CAST(due.place AS VARCHAR)) AS subject,
  due.person,
  due.division,
  due.institution,
  due.item,
  due.label,
  due.label_en,
  due.from_day,
  due.to_day,
  MIN(fact.day) AS done_day
FROM due
LEFT JOIN fact ON fact.person = due.person AND fact.item = due.item AND fact.day BETWEEN due.from_day AND due.to_day
GROUP BY due.contract, due.item, due.place, due.person, due.division, due.institution, due.label, due.label_en,
         due.from_day, due.to_day
