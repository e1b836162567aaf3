SELECT person, BOOL_OR(end_day IS NULL OR end_day > :end) AS readable
FROM consent
WHERE code = 'resident-access' AND status IN ('active', 'inactive') AND start_day <= :end
GROUP BY person
