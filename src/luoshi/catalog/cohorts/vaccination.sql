-- The window of births keeps the product small: a dose due in the period belongs to a child born at most 84 months before.
SELECT
  due.id AS subject,
  due.person,
  due.division,
  due.institution,
  due.birth_date,
  due.vaccine,
  due.dose,
  due.dose_label,
  due.due_day,
  given.given_day
FROM (
  SELECT r.id, r.person, r.division, r.institution, r.birth_date, s.vaccine, s.dose, s.label AS dose_label,
         PLUS_DAYS(PLUS_MONTHS(r.birth_date, s.months), 30) AS due_day
  FROM resident AS r
  JOIN vaccine_schedule AS s ON r.birth_date >= s.born_from AND r.birth_date < s.born_before
  WHERE r.birth_date > YEARS_BEFORE(:end, 7)
    AND PLUS_DAYS(PLUS_MONTHS(r.birth_date, s.months), 30) BETWEEN :start AND :end
) AS due
LEFT JOIN (
  SELECT person, vaccine, dose, MIN(day) AS given_day
  FROM immunization
  WHERE status = 'completed' AND day <= :end
  GROUP BY person, vaccine, dose
) AS given ON given.person = due.person AND given.vaccine = due.vaccine AND given.dose = due.dose
