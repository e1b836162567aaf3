-- The last year told by the end of the period; a figure of a county has no village.
SELECT
  CONCAT(p.division, ':', CAST(p.year AS VARCHAR)) AS subject,
  CAST(NULL AS BIGINT) AS person,
  p.division,
  CAST(NULL AS VARCHAR) AS institution,
  p.year,
  p.value AS people
FROM population AS p
JOIN (
  SELECT division, MAX(year) AS year
  FROM population
  WHERE kind = 'insured' AND year <= CAST(SUBSTRING(CAST(:end AS VARCHAR), 1, 4) AS BIGINT)
  GROUP BY division
) AS l ON l.division = p.division AND l.year = p.year
WHERE p.kind = 'insured'
  AND COALESCE(p.sex, 'all') = 'all'
  AND p.age_from IS NULL
  AND p.age_to IS NULL
