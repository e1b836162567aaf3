SELECT DISTINCT person
FROM contract
WHERE start_day <= :end
  AND (end_day IS NULL OR end_day >= :end)
  AND status IN ('active', 'completed')
