SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  r.birth_date <= YEARS_BEFORE(:end, 12) AS secondary,
  m.value = 1 AS myopic,
  m.day AS eye_day,
  c.value = 1 AS caries,
  COALESCE(p.tb_screening, FALSE) AS tb_screening
FROM resident AS r
LEFT JOIN observation_in_period AS m ON m.person = r.person AND m.code = 'myopia'
LEFT JOIN observation_in_period AS c ON c.person = r.person AND c.code = 'caries'
LEFT JOIN procedure_in_period AS p ON p.person = r.person
WHERE r.birth_date <= YEARS_BEFORE(:end, 6)
  AND r.birth_date > YEARS_BEFORE(:end, 18)
