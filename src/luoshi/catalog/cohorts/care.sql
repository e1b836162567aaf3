SELECT
  v.id AS subject,
  v.person,
  i.division,
  v.institution,
  v.service = 'outpatient' AS outpatient,
  v.service = 'inpatient' AS discharge,
  COALESCE(i.type IN ('township-centre', 'community-centre', 'village-room', 'community-station'), FALSE) AS grassroots,
  CASE WHEN v.service = 'inpatient' THEN GREATEST(1, DAYS_FROM(v.day, v.end_day)) END AS stay_days
FROM visit AS v
LEFT JOIN institution AS i
  ON i.code = v.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
WHERE v.status IN ('finished', 'in-progress')
  AND ((v.service = 'outpatient' AND v.day BETWEEN :start AND :end)
    OR (v.service = 'inpatient' AND v.end_day BETWEEN :start AND :end))
