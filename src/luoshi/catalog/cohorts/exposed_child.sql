SELECT
  e.id AS subject,
  e.person,
  p.division,
  e.institution,
  e.program,
  o.day AS outcome_day,
  o.infected
FROM episode AS e
JOIN (
  SELECT person, MAX(day) AS day, BOOL_OR(value_code = 'positive') AS infected
  FROM event_observation
  WHERE code = 'mtct-outcome' AND day >= :start
  GROUP BY person
) AS o ON o.person = e.person
LEFT JOIN person AS p ON p.person = e.person
WHERE e.program IN ('exposed-hiv', 'exposed-hepb')
  AND e.status NOT IN ('entered-in-error', 'cancelled', 'planned')
  AND e.start_day <= :end
