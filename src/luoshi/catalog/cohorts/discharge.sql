-- Operations of the stay by the list of grades; an operation not on the list counts as one, without grade.
WITH stay AS (
  SELECT id, person, day, end_day, institution
  FROM event_visit
  WHERE service = 'inpatient' AND end_day BETWEEN :start AND :end
),
done AS (
  SELECT p.visit,
         COUNT(*) AS operations,
         BOOL_OR(o.grade = 4) AS grade_4,
         BOOL_OR(o.minimal) AS minimal,
         BOOL_OR(o.clean) AS clean,
         BOOL_OR(o.day_case) AS day_case
  FROM procedure AS p
  JOIN operation AS o ON o.code = p.code
  WHERE p.status = 'completed' AND p.day <= :end
  GROUP BY p.visit
),
festering AS (
  SELECT DISTINCT visit FROM event_condition WHERE code LIKE 'T81.4%'
)
SELECT
  s.id AS subject,
  s.person,
  i.division,
  s.institution,
  s.day AS admitted,
  s.end_day AS discharged,
  GREATEST(1, DAYS_FROM(s.day, s.end_day)) AS stay_days,
  COALESCE(done.operations, 0) AS operations,
  COALESCE(done.grade_4, FALSE) AS grade_4,
  COALESCE(done.minimal, FALSE) AS minimal,
  COALESCE(done.clean, FALSE) AS clean,
  COALESCE(done.day_case, FALSE) AS day_case,
  festering.visit IS NOT NULL AS infected
FROM stay AS s
LEFT JOIN done ON done.visit = s.id
LEFT JOIN festering ON festering.visit = s.id
LEFT JOIN institution AS i
  ON i.code = s.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
