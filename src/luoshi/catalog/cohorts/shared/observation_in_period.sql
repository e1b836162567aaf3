-- Adherence is written as 0 (regular) or 1 (not), so that of several on the latest day all must be regular.
SELECT
  person,
  LATEST_HIGHEST(CASE WHEN code = '8480-6' THEN value END, day) AS systolic,
  LATEST_HIGHEST(CASE WHEN code = '8462-4' THEN value END, day) AS diastolic,
  MAX(CASE WHEN code = '8480-6' THEN day END) AS pressure_day,
  LATEST_HIGHEST(CASE WHEN code = '1558-6' THEN value END, day) AS glucose,
  MAX(CASE WHEN code = '1558-6' THEN day END) AS glucose_day,
  LATEST_LOWEST(CASE WHEN code = '718-7' THEN value END, day) AS haemoglobin,
  LATEST_HIGHEST(CASE WHEN code = '20447-9' THEN value END, day) AS viral_load,
  LATEST_HIGHEST(CASE WHEN code = 'medication-adherence' THEN CASE WHEN value_code = 'regular' THEN 0.0 ELSE 1.0 END END, day)
    AS irregular
FROM observation
WHERE code IN ('8480-6', '8462-4', '1558-6', '718-7', '20447-9', 'medication-adherence')
  AND day BETWEEN :start AND :end
GROUP BY person
