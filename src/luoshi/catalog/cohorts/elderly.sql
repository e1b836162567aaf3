SELECT
  r.id AS subject,
  r.person,
  r.division,
  r.institution,
  r.birth_date,
  COALESCE(v.visits, 0) AS checkups,
  COALESCE(p.lifestyle, FALSE) AS lifestyle,
  COALESCE(p.physical, FALSE) AS physical,
  COALESCE(p.laboratory, FALSE) AS laboratory,
  COALESCE(p.guidance, FALSE) AS guidance,
  COALESCE(p.tcm_constitution, FALSE) AS tcm_constitution,
  COALESCE(p.tcm_advice, FALSE) AS tcm_advice,
  COALESCE(p.tb_screening, FALSE) AS tb_screening,
  COALESCE(p.cataract_screen, FALSE) AS cataract_screen,
  COALESCE(p.cognition_screen, FALSE) AS cognition_screen
FROM resident AS r
LEFT JOIN visit_in_period AS v ON v.person = r.person AND v.service = 'checkup'
LEFT JOIN procedure_in_period AS p ON p.person = r.person
WHERE r.birth_date <= YEARS_BEFORE(:end, 65)
