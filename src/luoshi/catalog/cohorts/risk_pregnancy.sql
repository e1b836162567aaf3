-- The worst colour told of a woman in the period; purple is above red, red above orange.
WITH told AS (
  SELECT person, MIN(day) AS day,
         MAX(CASE value_code WHEN 'purple' THEN 3 WHEN 'red' THEN 2 ELSE 1 END) AS rank
  FROM event_observation
  WHERE code = 'pregnancy-risk' AND value_code IN ('orange', 'red', 'purple') AND day >= :start
  GROUP BY person
),
filed AS (
  SELECT t.person, MIN(p.day) AS file_day
  FROM told AS t
  JOIN event_procedure AS p ON p.person = t.person
  WHERE p.code = 'risk-case-file' AND p.day >= t.day
  GROUP BY t.person
)
SELECT
  p.id AS subject,
  t.person,
  p.division,
  p.institution,
  t.day AS found_day,
  CASE t.rank WHEN 3 THEN '紫' WHEN 2 THEN '红' ELSE '橙' END AS colour,
  filed.file_day
FROM told AS t
LEFT JOIN person AS p ON p.person = t.person
LEFT JOIN filed ON filed.person = t.person
