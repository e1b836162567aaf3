SELECT part_of AS delivery, COUNT(*) AS live_births
FROM visit
WHERE service = 'birth'
  AND part_of IS NOT NULL
  AND day <= :end
  AND day >= DAYS_BEFORE(:start, 7)
  AND status IN ('finished', 'in-progress')
GROUP BY part_of
