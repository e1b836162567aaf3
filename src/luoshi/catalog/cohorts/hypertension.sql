-- Visits due to date: one for every 90 full days under management in the period, at most 4; a check-up after 180 days.
-- A patient lost for the time being (status onhold) stays in.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  COALESCE(v.face_visits, 0) AS visits,
  CAST(LEAST(4, FLOOR(DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) / 90)) AS INTEGER) AS visits_due,
  COALESCE(c.visits, 0) AS checkups,
  CASE WHEN DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) >= 180 THEN 1 ELSE 0 END AS checkups_due,
  s.value AS systolic,
  d.value AS diastolic,
  s.day AS pressure_day,
  CASE WHEN r.birth_date <= YEARS_BEFORE(:end, 65) THEN 150 ELSE 140 END AS systolic_goal,
  e.status
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person AND v.service = 'htn-visit'
LEFT JOIN visit_in_period AS c ON c.person = e.person AND c.service = 'checkup'
LEFT JOIN observation_in_period AS s ON s.person = e.person AND s.code = '8480-6'
LEFT JOIN observation_in_period AS d ON d.person = e.person AND d.code = '8462-4'
WHERE e.program = 'hypertension'
