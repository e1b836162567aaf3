SELECT
  c.id AS subject,
  c.person,
  r.division,
  c.institution,
  c.end_day,
  EXISTS (
    SELECT 1 FROM contract AS n
    WHERE n.person = c.person AND n.status IN ('active', 'completed') AND n.start_day <= :end
      AND n.start_day > c.start_day AND n.start_day <= PLUS_DAYS(c.end_day, 30)
  ) AS renewed
FROM contract AS c
JOIN resident AS r ON r.person = c.person
WHERE c.status IN ('active', 'completed')
  AND c.end_day BETWEEN :start AND DAYS_BEFORE(:end, 30)
