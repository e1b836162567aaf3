SELECT id, person, service, class, day, institution
FROM visit
WHERE service IN ('birth', 'delivery', 'antenatal-visit', 'postnatal-visit', 'newborn-visit', 'tb-first-home-visit')
  AND day <= :end
  AND status IN ('finished', 'in-progress')
