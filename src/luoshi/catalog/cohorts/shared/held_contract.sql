SELECT c.id, c.person, c.institution, c.start_day, c.end_day, r.division, r.birth_date
FROM contract AS c
JOIN resident AS r ON r.person = c.person
WHERE c.status IN ('active', 'completed')
  AND c.start_day <= :end
  AND (c.end_day IS NULL OR c.end_day >= :start)
