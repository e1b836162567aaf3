SELECT
  d.code AS subject,
  CAST(NULL AS BIGINT) AS person,
  d.code AS division,
  CAST(NULL AS VARCHAR) AS institution,
  d.name,
  d.level = 5 AS village,
  d.level = 3 AS county,
  COALESCE(t.sanitary, FALSE) AS sanitary,
  COALESCE(t.family_guide, FALSE) AS family_guide,
  COALESCE(t.hpv, FALSE) AS hpv
FROM division AS d
LEFT JOIN (
  SELECT division,
         BOOL_OR(title = 'sanitary-village') AS sanitary,
         BOOL_OR(title = 'healthy-family-guide') AS family_guide,
         BOOL_OR(title = 'hpv-county') AS hpv
  FROM title
  WHERE division IS NOT NULL AND granted <= :end AND (revoked IS NULL OR revoked > :end)
  GROUP BY division
) AS t ON t.division = d.code
WHERE (d.valid_from IS NULL OR d.valid_from <= :end)
  AND (d.valid_to IS NULL OR d.valid_to > :end)
