SELECT person, code, day
FROM procedure
WHERE code IN ('newborn-metabolic-screen', 'newborn-hearing-screen', 'newborn-chd-screen', 'prenatal-screen', 'caesarean',
               'cervical-screen', 'breast-screen', 'mtct-test',
               'risk-case-file', 'case-report')
  AND day <= :end
  AND status = 'completed'
