WITH c AS (
  SELECT id, person, institution, start_day, end_day
  FROM contract
  WHERE status IN ('active', 'completed')
    AND end_day BETWEEN :start AND DAYS_BEFORE(:end, 30)
),
renewal AS (
  SELECT DISTINCT c.id
  FROM c
  JOIN contract AS n ON n.person = c.person
  WHERE n.id <> c.id AND n.status IN ('active', 'completed') AND n.start_day <= :end
    AND n.start_day > c.start_day AND n.start_day <= PLUS_DAYS(c.end_day, 30)
)
SELECT
  c.id AS subject,
  c.person,
  r.division,
  c.institution,
  c.end_day,
  renewal.id IS NOT NULL AS renewed
FROM c
JOIN resident AS r ON r.person = c.person
LEFT JOIN renewal ON renewal.id = c.id
