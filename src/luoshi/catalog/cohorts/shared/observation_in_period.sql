-- The value of the latest day with one, the highest of that day. Two are turned so that the highest is what counts:
-- haemoglobin is negative here (the lowest counts), adherence is 0 when regular and 1 when not (all must be regular).
SELECT
  person,
  code,
  MAX(CASE WHEN value IS NOT NULL THEN day END) AS day,
  LATEST_HIGHEST(
    CASE code
      WHEN '718-7' THEN -value
      WHEN 'medication-adherence' THEN CASE WHEN value_code = 'regular' THEN 0.0 ELSE 1.0 END
      ELSE value
    END, day
  ) AS value
FROM observation
WHERE code IN ('8480-6', '8462-4', '1558-6', '4548-4', '718-7', '20447-9', 'medication-adherence', 'myopia', 'caries')
  AND day BETWEEN :start AND :end
GROUP BY person, code
