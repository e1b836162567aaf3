-- Visits due to date: one for every 90 full days under management in the period, at most 4; a check-up after 180 days.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  COALESCE(v.face_visits, 0) AS visits,
  CAST(LEAST(4, FLOOR(DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) / 90)) AS INTEGER) AS visits_due,
  COALESCE(c.visits, 0) AS checkups,
  CASE WHEN DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) >= 180 THEN 1 ELSE 0 END AS checkups_due,
  o.value AS glucose,
  o.day AS glucose_day,
  e.status,
  h.value AS hba1c,
  COALESCE(p.dm_complication, FALSE) AS complication_screen
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person AND v.service = 'dm-visit'
LEFT JOIN visit_in_period AS c ON c.person = e.person AND c.service = 'checkup'
LEFT JOIN observation_in_period AS o ON o.person = e.person AND o.code = '1558-6'
LEFT JOIN observation_in_period AS h ON h.person = e.person AND h.code = '4548-4'
LEFT JOIN procedure_in_period AS p ON p.person = e.person
WHERE e.program = 'diabetes'
