-- A dose is due 30 days after the age it is for. The first day on which it was given counts, if that was by the end of the period.
WITH due AS (
  SELECT p.person, s.vaccine, s.dose, s.label AS dose_label, PLUS_DAYS(PLUS_MONTHS(p.birth_date, s.months), 30) AS due_day
  FROM person AS p
  JOIN vaccine_schedule AS s ON p.birth_date >= s.born_from AND p.birth_date < s.born_before
  WHERE p.birth_date > YEARS_BEFORE(:earliest, 7)
    AND PLUS_DAYS(PLUS_MONTHS(p.birth_date, s.months), 30) BETWEEN :earliest AND :latest
),
given AS (
  SELECT due.person, due.vaccine, due.dose, MIN(i.day) AS given_day
  FROM due
  JOIN immunization AS i ON i.person = due.person AND i.vaccine = due.vaccine AND i.dose = due.dose
  WHERE i.status = 'completed' AND i.day <= :latest
  GROUP BY due.person, due.vaccine, due.dose
)
SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  due.vaccine,
  due.dose,
  due.dose_label,
  due.due_day,
  CASE WHEN given.given_day <= :end THEN given.given_day END AS given_day
FROM due
JOIN resident AS r ON r.person = due.person
LEFT JOIN given ON given.person = due.person AND given.vaccine = due.vaccine AND given.dose = due.dose
WHERE r.birth_date > YEARS_BEFORE(:end, 7)
  AND due.due_day BETWEEN :start AND :end
