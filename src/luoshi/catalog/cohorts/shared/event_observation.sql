SELECT person, code, day, value, value_code, value_day
FROM observation
WHERE code IN ('8665-2', 'smd-stability', 'tb-bacteriology', 'tb-dose-adherence', 'on-art', 'maternal-death',
               '8339-4', '11884-4', 'tb-outcome', '79378-6', 'fetal-death', 'pregnancy-risk', 'mtct-outcome')
  AND day <= :end
