SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  a.on_art = 1 AS on_art,
  o.value AS viral_load
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN observation_in_period AS o ON o.person = e.person AND o.code = '20447-9'
LEFT JOIN (
  SELECT person, LATEST_HIGHEST(value, day) AS on_art FROM event_observation WHERE code = 'on-art' GROUP BY person
) AS a ON a.person = e.person
WHERE e.program = 'hiv'
