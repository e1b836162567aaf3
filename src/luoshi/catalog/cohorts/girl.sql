SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  COALESCE(d.doses, 0) AS doses
FROM resident AS r
LEFT JOIN (
  SELECT person, COUNT(*) AS doses
  FROM immunization
  WHERE vaccine = 'HPV' AND status = 'completed' AND day <= :end
  GROUP BY person
) AS d ON d.person = r.person
WHERE r.sex = 'female'
  AND r.birth_date <= YEARS_BEFORE(:end, 13)
  AND r.birth_date > YEARS_BEFORE(:end, 15)
