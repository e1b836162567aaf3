-- Counted where the patient lives; a visit is inside when the institution lies in the same county.
WITH used AS (
  SELECT p.division, v.institution,
         COUNT(*) FILTER (WHERE v.service = 'outpatient') AS outpatient_visits,
         COUNT(*) FILTER (WHERE v.service = 'inpatient') AS discharges
  FROM visit AS v
  JOIN person AS p ON p.person = v.person
  WHERE v.status IN ('finished', 'in-progress')
    AND v.service IN ('outpatient', 'inpatient')
    AND CASE WHEN v.service = 'outpatient' THEN v.day ELSE v.end_day END BETWEEN :start AND :end
  GROUP BY p.division, v.institution
)
SELECT
  CONCAT(used.division, ':', used.institution) AS subject,
  CAST(NULL AS BIGINT) AS person,
  used.division,
  CAST(NULL AS VARCHAR) AS institution,
  used.outpatient_visits,
  used.discharges,
  COALESCE(home.l3 = there.l3, FALSE) AS inside
FROM used
LEFT JOIN division AS home
  ON home.code = used.division
  AND (home.valid_from IS NULL OR home.valid_from <= :end)
  AND (home.valid_to IS NULL OR home.valid_to > :end)
LEFT JOIN institution AS i
  ON i.code = used.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
LEFT JOIN division AS there
  ON there.code = i.division
  AND (there.valid_from IS NULL OR there.valid_from <= :end)
  AND (there.valid_to IS NULL OR there.valid_to > :end)
