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
  0 AS maternal_death
FROM event_visit AS b
LEFT JOIN person AS c ON c.person = b.person
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
  CASE WHEN m.person IS NOT NULL THEN 1 ELSE 0 END AS maternal_death
FROM person AS p
LEFT JOIN (
  SELECT DISTINCT person FROM event_observation WHERE code = 'maternal-death' AND value = 1
) AS m ON m.person = p.person
WHERE p.death_date BETWEEN :start AND :end
  AND (p.death_date < PLUS_MONTHS(p.birth_date, 60) OR m.person IS NOT NULL)
