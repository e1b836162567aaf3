SELECT person, code, day, value, value_code, value_day
FROM observation
WHERE code IN ('8665-2', 'smd-stability', 'tb-bacteriology', 'tb-dose-adherence', 'on-art', 'maternal-death')
  AND day <= :end
