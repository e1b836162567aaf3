-- Visits due to date: one for every 90 full days under management in the period, at most 4; a check-up after 180 days.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  COALESCE(v.dm_face_visits, 0) AS visits,
  CAST(LEAST(4, FLOOR(DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) / 90)) AS INTEGER) AS visits_due,
  COALESCE(v.checkups, 0) AS checkups,
  CASE WHEN DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) >= 180 THEN 1 ELSE 0 END AS checkups_due,
  o.glucose,
  o.glucose_day,
  e.status
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person
LEFT JOIN observation_in_period AS o ON o.person = e.person
WHERE e.program = 'diabetes'
