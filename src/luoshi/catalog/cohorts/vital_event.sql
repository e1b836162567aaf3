SELECT
  b.id AS subject,
  b.person,
  c.division,
  b.institution,
  'birth' AS kind,
  b.day AS event_day,
  c.birth_date,
  1 AS live_birth,
  0 AS neonatal_death,
  0 AS infant_death,
  0 AS under5_death,
  0 AS maternal_death,
  0 AS fetal_death,
  0 AS early_death,
  CASE WHEN d.defect THEN 1 ELSE 0 END AS defect,
  CASE WHEN d.syphilis THEN 1 ELSE 0 END AS syphilis
FROM event_visit AS b
LEFT JOIN person AS c ON c.person = b.person
LEFT JOIN (
  SELECT person,
         BOOL_OR(code3 IN ('Q00', 'Q01', 'Q03', 'Q05', 'Q20', 'Q21', 'Q22', 'Q23', 'Q24', 'Q25', 'Q90')) AS defect,
         BOOL_OR(code3 = 'A50') AS syphilis
  FROM event_condition
  WHERE code3 IN ('A50', 'Q00', 'Q01', 'Q03', 'Q05', 'Q20', 'Q21', 'Q22', 'Q23', 'Q24', 'Q25', 'Q90')
  GROUP BY person
) AS d ON d.person = b.person
WHERE b.service = 'birth'
  AND b.day >= :start
UNION ALL
SELECT
  p.id AS subject,
  p.person,
  p.division,
  p.institution,
  'death' AS kind,
  p.death_date AS event_day,
  p.birth_date,
  0 AS live_birth,
  CASE WHEN p.death_date <= PLUS_DAYS(p.birth_date, 28) THEN 1 ELSE 0 END AS neonatal_death,
  CASE WHEN p.death_date < PLUS_MONTHS(p.birth_date, 12) THEN 1 ELSE 0 END AS infant_death,
  CASE WHEN p.death_date < PLUS_MONTHS(p.birth_date, 60) THEN 1 ELSE 0 END AS under5_death,
  CASE WHEN m.person IS NOT NULL THEN 1 ELSE 0 END AS maternal_death,
  0 AS fetal_death,
  CASE WHEN p.death_date <= PLUS_DAYS(p.birth_date, 7) THEN 1 ELSE 0 END AS early_death,
  0 AS defect,
  0 AS syphilis
FROM person AS p
LEFT JOIN (
  SELECT DISTINCT person FROM event_observation WHERE code = 'maternal-death' AND value = 1
) AS m ON m.person = p.person
WHERE p.death_date BETWEEN :start AND :end
  AND (p.death_date < PLUS_MONTHS(p.birth_date, 60) OR m.person IS NOT NULL)
UNION ALL
SELECT
  CONCAT('fetal-death:', p.id) AS subject,
  p.person,
  p.division,
  p.institution,
  'fetal-death' AS kind,
  f.day AS event_day,
  CAST(NULL AS DATE) AS birth_date,
  0 AS live_birth,
  0 AS neonatal_death,
  0 AS infant_death,
  0 AS under5_death,
  0 AS maternal_death,
  1 AS fetal_death,
  0 AS early_death,
  0 AS defect,
  0 AS syphilis
FROM event_observation AS f
JOIN person AS p ON p.person = f.person
WHERE f.code = 'fetal-death'
  AND f.value >= 28
  AND f.day >= :start
