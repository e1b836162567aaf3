SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  s.cervical_day,
  s.breast_day,
  COALESCE(s.cervical_day > YEARS_BEFORE(:end, 5), FALSE) AS cervical_recent,
  COALESCE(s.breast_day > YEARS_BEFORE(:end, 5), FALSE) AS breast_recent
FROM resident AS r
LEFT JOIN (
  SELECT person,
         MAX(CASE WHEN code = 'cervical-screen' THEN day END) AS cervical_day,
         MAX(CASE WHEN code = 'breast-screen' THEN day END) AS breast_day
  FROM event_procedure
  WHERE code IN ('cervical-screen', 'breast-screen')
  GROUP BY person
) AS s ON s.person = r.person
WHERE r.sex = 'female'
  AND r.birth_date <= YEARS_BEFORE(:end, 35)
  AND r.birth_date > YEARS_BEFORE(:end, 65)
