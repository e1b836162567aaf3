SELECT
  CONCAT(COALESCE(t.institution, t.division), ':', t.title, ':', CAST(t.granted AS VARCHAR)) AS subject,
  CAST(NULL AS BIGINT) AS person,
  COALESCE(i.division, t.division) AS division,
  t.institution,
  t.title,
  t.granted,
  t.granted >= :start AS granted_in_period
FROM title AS t
LEFT JOIN institution AS i
  ON i.code = t.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
WHERE t.granted <= :end
  AND (t.revoked IS NULL OR t.revoked > :end)
