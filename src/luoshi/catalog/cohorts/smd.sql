-- `regular` and `stable` are null where nothing was recorded. Visits due as for hypertension, whatever their mode.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  e.status,
  COALESCE(v.visits, 0) AS visits,
  COALESCE(v.face_visits, 0) AS face_visits,
  COALESCE(c.visits, 0) AS checkups,
  CAST(LEAST(4, FLOOR(DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) / 90)) AS INTEGER) AS visits_due,
  o.value = 0 AS regular,
  s.unstable = 0 AS stable,
  f.person IS NOT NULL AS schizophrenia
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person AND v.service = 'smd-visit'
LEFT JOIN visit_in_period AS c ON c.person = e.person AND c.service = 'checkup'
LEFT JOIN observation_in_period AS o ON o.person = e.person AND o.code = 'medication-adherence'
LEFT JOIN (
  SELECT person, LATEST_HIGHEST(CASE WHEN value_code = 'stable' THEN 0.0 ELSE 1.0 END, day) AS unstable
  FROM event_observation
  WHERE code = 'smd-stability' AND day >= DAYS_BEFORE(:end, 364)
  GROUP BY person
) AS s ON s.person = e.person
LEFT JOIN (
  SELECT DISTINCT person FROM condition WHERE (code = 'F20' OR code LIKE 'F20.%') AND day <= :end
) AS f ON f.person = e.person
WHERE e.program = 'severe-mental'
