-- The report of a diagnosis is the first card of the person on its day or within thirty days after.
WITH found AS (
  SELECT c.id, c.person, c.code, n.class, n.name, c.day
  FROM event_condition AS c
  JOIN notifiable_disease AS n ON n.code = c.code3
  WHERE c.day >= :start
),
sent AS (
  SELECT f.id, MIN(p.day) AS report_day
  FROM found AS f
  JOIN event_procedure AS p ON p.person = f.person
  WHERE p.code = 'case-report' AND p.day >= f.day AND p.day <= PLUS_DAYS(f.day, 30)
  GROUP BY f.id
)
SELECT
  f.id AS subject,
  f.person,
  p.division,
  p.institution,
  f.name AS disease,
  f.class,
  f.day AS diagnosed,
  sent.report_day,
  DAYS_FROM(f.day, sent.report_day) AS wait_days
FROM found AS f
LEFT JOIN person AS p ON p.person = f.person
LEFT JOIN sent ON sent.id = f.id
