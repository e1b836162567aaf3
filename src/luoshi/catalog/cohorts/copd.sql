-- Visits due to date: one for every 180 full days under management in the period.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  COALESCE(v.visits, 0) AS visits,
  CAST(FLOOR(DAYS_FROM(GREATEST(e.start_day, :start), PLUS_DAYS(:end, 1)) / 180) AS INTEGER) AS visits_due
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person AND v.service = 'copd-visit'
WHERE e.program = 'copd'
