WITH ended AS (
  SELECT id, person, institution, start_day, end_day
  FROM contract
  WHERE status IN ('active', 'completed')
    AND end_day BETWEEN :earliest AND :latest
),
renewed AS (
  SELECT DISTINCT e.id
  FROM ended AS e
  JOIN contract AS n ON n.person = e.person
  WHERE n.status IN ('active', 'completed')
    AND n.start_day > e.start_day
    AND n.start_day <= PLUS_DAYS(e.end_day, 30)
)
SELECT
  e.id AS subject,
  e.person,
  r.division,
  e.institution,
  e.end_day,
  n.id IS NOT NULL AS renewed
FROM ended AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN renewed AS n ON n.id = e.id
WHERE e.end_day BETWEEN :start AND DAYS_BEFORE(:end, 30)
