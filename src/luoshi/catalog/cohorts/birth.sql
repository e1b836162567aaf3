-- What has a time limit is asked only of births whose limit has passed by the end of the period.
SELECT
  b.id AS subject,
  b.person,
  c.division,
  b.institution,
  b.day AS birth_day,
  b.class = 'IMP' AS facility,
  COALESCE(s.metabolic, FALSE) AS metabolic,
  COALESCE(s.hearing, FALSE) AS hearing,
  COALESCE(s.chd, FALSE) AS chd,
  EXISTS (
    SELECT 1 FROM event_visit AS n
    WHERE n.person = b.person AND n.service = 'newborn-visit' AND n.day >= b.day AND n.day <= PLUS_DAYS(b.day, 28)
  ) AS visited,
  w.grams,
  w.weeks,
  PLUS_DAYS(b.day, 7) <= :end AS past_7_days,
  PLUS_DAYS(b.day, 20) <= :end AS past_20_days,
  PLUS_DAYS(b.day, 28) <= :end AS past_28_days
FROM event_visit AS b
LEFT JOIN person AS c ON c.person = b.person
LEFT JOIN (
  SELECT person, BOOL_OR(code = 'newborn-metabolic-screen') AS metabolic, BOOL_OR(code = 'newborn-hearing-screen') AS hearing,
         BOOL_OR(code = 'newborn-chd-screen') AS chd
  FROM event_procedure
  WHERE code IN ('newborn-metabolic-screen', 'newborn-hearing-screen', 'newborn-chd-screen')
  GROUP BY person
) AS s ON s.person = b.person
LEFT JOIN (
  SELECT person,
         LATEST_HIGHEST(CASE WHEN code = '8339-4' THEN value END, day) AS grams,
         LATEST_HIGHEST(CASE WHEN code = '11884-4' THEN value END, day) AS weeks
  FROM event_observation
  WHERE code IN ('8339-4', '11884-4')
  GROUP BY person
) AS w ON w.person = b.person
WHERE b.service = 'birth'
  AND b.day >= :start
