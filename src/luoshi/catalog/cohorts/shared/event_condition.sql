SELECT id, person, code, SUBSTRING(code, 1, 3) AS code3, day, visit
FROM condition
WHERE day <= :end
  AND (
    SUBSTRING(code, 1, 3) IN (SELECT code FROM notifiable_disease)
    OR SUBSTRING(code, 1, 3) IN ('T81', 'A50', 'Q00', 'Q01', 'Q03', 'Q05', 'Q20', 'Q21', 'Q22', 'Q23', 'Q24', 'Q25', 'Q90')
  )
