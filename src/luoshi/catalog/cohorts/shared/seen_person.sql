SELECT DISTINCT person
FROM visit
WHERE day BETWEEN DAYS_BEFORE(:end, 364) AND :end
  AND status IN ('finished', 'in-progress')
