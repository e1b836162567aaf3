SELECT id, person, service, class, day, end_day, institution
FROM visit
WHERE service IN ('birth', 'delivery', 'antenatal-visit', 'postnatal-visit', 'newborn-visit', 'tb-first-home-visit',
                  'inpatient', 'ltc-assessment')
  AND day <= :end
  AND status IN ('finished', 'in-progress')
