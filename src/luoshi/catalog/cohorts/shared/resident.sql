SELECT id, person, sex, birth_date, division, institution, record_opened, record_open_to_resident
FROM person
WHERE active IS NOT FALSE
  AND birth_date <= :end
  AND (death_date IS NULL OR death_date > :end)
