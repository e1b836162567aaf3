-- A check of the schedule is due when the birthday in months lies in the period and at least 30 days before its end.
SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  r.birth_date > YEARS_BEFORE(:end, 3) AS under_3,
  r.birth_date > YEARS_BEFORE(:end, 5) AS under_5,
  r.birth_date > MONTHS_BEFORE(:end, 37) AS under_37_months,
  COALESCE(v.visits, 0) AS child_visits,
  COALESCE(n.visits, 0) AS newborn_visits,
  CASE WHEN PLUS_MONTHS(r.birth_date, 1) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 3) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 6) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 8) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 12) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 18) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 24) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 30) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END AS visits_due,
  COALESCE(t.visits, 0) AS tcm_visits,
  CASE WHEN PLUS_MONTHS(r.birth_date, 6) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 12) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 18) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 24) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 30) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END
    + CASE WHEN PLUS_MONTHS(r.birth_date, 36) BETWEEN :start AND DAYS_BEFORE(:end, 30) THEN 1 ELSE 0 END AS tcm_due,
  COALESCE(p.child_eye_check, FALSE) AS eye_check,
  -o.value AS haemoglobin
FROM resident AS r
LEFT JOIN visit_in_period AS v ON v.person = r.person AND v.service = 'child-visit'
LEFT JOIN visit_in_period AS n ON n.person = r.person AND n.service = 'newborn-visit'
LEFT JOIN visit_in_period AS t ON t.person = r.person AND t.service = 'tcm-child'
LEFT JOIN procedure_in_period AS p ON p.person = r.person
LEFT JOIN observation_in_period AS o ON o.person = r.person AND o.code = '718-7'
WHERE r.birth_date > YEARS_BEFORE(:end, 7)
