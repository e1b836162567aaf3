SELECT person, program, id, start_day, status, institution
FROM (
  SELECT person, program, id, start_day, status, institution,
         ROW_NUMBER() OVER (PARTITION BY person, program ORDER BY start_day, id) AS place
  FROM episode
  WHERE start_day <= :end
    AND (end_day IS NULL OR end_day > :end)
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
) AS numbered
WHERE place = 1
