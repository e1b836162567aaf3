SELECT c.id, c.person, c.institution, c.start_day, c.end_day, p.birth_date
FROM contract AS c
JOIN person AS p ON p.person = c.person
WHERE c.status IN ('active', 'completed')
  AND c.start_day <= :latest
  AND (c.end_day IS NULL OR c.end_day >= :earliest)
