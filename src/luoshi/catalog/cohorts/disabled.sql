SELECT
  r.id AS subject,
  r.person,
  r.division,
  e.institution,
  r.birth_date,
  COALESCE(v.visits, 0) AS visits
FROM open_episode AS e
JOIN resident AS r ON r.person = e.person
LEFT JOIN visit_in_period AS v ON v.person = e.person AND v.service = 'home-care'
WHERE e.program = 'disability'
