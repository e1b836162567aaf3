-- The latest height of the period, and the weight of that day. Limits: WHO Child Growth Standards by day of age, and by
-- tenth of a centimetre (lying under two years, standing after); what lies beyond the outer limits is an error of measurement.
WITH measured AS (
  SELECT o.person,
         LATEST_HIGHEST(CASE WHEN o.code = '8302-2' THEN o.value END, o.day) AS height,
         MAX(CASE WHEN o.code = '8302-2' AND o.value IS NOT NULL THEN o.day END) AS height_day,
         LATEST_HIGHEST(CASE WHEN o.code = '29463-7' THEN o.value END, o.day) AS weight,
         MAX(CASE WHEN o.code = '29463-7' AND o.value IS NOT NULL THEN o.day END) AS weight_day
  FROM observation AS o
  JOIN resident AS r ON r.person = o.person
  WHERE o.code IN ('8302-2', '29463-7')
    AND o.day BETWEEN :start AND :end
    AND r.birth_date > YEARS_BEFORE(:end, 5)
  GROUP BY o.person
)
SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  m.height,
  m.height_day AS measured_day,
  CASE WHEN m.weight_day = m.height_day THEN m.weight END AS weight,
  a.length_low,
  a.weight_low,
  s.low AS slim,
  s.high AS heavy,
  COALESCE(m.height BETWEEN a.length_least AND a.length_most, FALSE) AS height_known,
  COALESCE(m.weight_day = m.height_day AND m.weight BETWEEN a.weight_least AND a.weight_most, FALSE) AS weight_known,
  COALESCE(m.weight_day = m.height_day AND m.weight BETWEEN s.least AND s.most, FALSE) AS shape_known
FROM measured AS m
JOIN resident AS r ON r.person = m.person
LEFT JOIN growth_by_age AS a ON a.sex = r.sex AND a.age_days = DAYS_FROM(r.birth_date, m.height_day)
LEFT JOIN growth_by_size AS s
  ON s.sex = r.sex
  AND s.lying = (DAYS_FROM(r.birth_date, m.height_day) < 731)
  AND s.tenths = CAST(ROUND(m.height * 10, 0) AS BIGINT)
WHERE m.height_day IS NOT NULL
