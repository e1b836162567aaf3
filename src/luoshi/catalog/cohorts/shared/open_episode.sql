-- Of several that are open at the end of the period the one that started first; most people never have several.
WITH held AS (
  SELECT person, program, id, start_day, end_day, status, institution
  FROM episode
  WHERE start_day <= :latest
    AND (end_day IS NULL OR end_day > :earliest)
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
),
several AS (
  SELECT person, program FROM held GROUP BY person, program HAVING COUNT(*) > 1
)
SELECT h.person, h.program, h.id, h.start_day, h.status, h.institution
FROM held AS h
LEFT JOIN several AS s ON s.person = h.person AND s.program = h.program
WHERE s.person IS NULL
  AND h.start_day <= :end
  AND (h.end_day IS NULL OR h.end_day > :end)
UNION ALL
SELECT numbered.person, numbered.program, numbered.id, numbered.start_day, numbered.status, numbered.institution
FROM (
  SELECT h.person, h.program, h.id, h.start_day, h.status, h.institution,
         ROW_NUMBER() OVER (PARTITION BY h.person, h.program ORDER BY h.start_day, h.id) AS place
  FROM held AS h
  JOIN several AS s ON s.person = h.person AND s.program = h.program
  WHERE h.start_day <= :end
    AND (h.end_day IS NULL OR h.end_day > :end)
) AS numbered
WHERE numbered.place = 1
