WITH due AS (
  SELECT r.id, r.person, r.division, r.institution, r.birth_date, s.vaccine, s.dose, s.label AS dose_label,
         PLUS_DAYS(PLUS_MONTHS(r.birth_date, s.months), 30) AS due_day
  FROM resident AS r
  JOIN vaccine_schedule AS s ON r.birth_date >= s.born_from AND r.birth_date < s.born_before
  WHERE r.birth_date > YEARS_BEFORE(:end, 7)
    AND PLUS_DAYS(PLUS_MONTHS(r.birth_date, s.months), 30) BETWEEN :start AND :end
),
given AS (
  SELECT due.person, due.vaccine, due.dose, MIN(i.day) AS given_day
  FROM due
  JOIN immunization AS i ON i.person = due.person AND i.vaccine = due.vaccine AND i.dose = due.dose
  WHERE i.status = 'completed' AND i.day <= :end
  GROUP BY due.person, due.vaccine, due.dose
)
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
FROM due
LEFT JOIN given ON given.person = due.person AND given.vaccine = due.vaccine AND given.dose = due.dose
