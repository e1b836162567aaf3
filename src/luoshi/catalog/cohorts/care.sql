WITH done AS (
  SELECT institution,
         COUNT(*) FILTER (WHERE service = 'outpatient') AS outpatient_visits,
         COUNT(*) FILTER (WHERE service = 'inpatient') AS discharges,
         COUNT(*) FILTER (WHERE service = 'outpatient' AND class = 'VR') AS remote_visits,
         SUM(CASE WHEN service = 'inpatient' THEN GREATEST(1, DAYS_FROM(day, end_day)) ELSE 0 END) AS stay_days
  FROM visit
  WHERE status IN ('finished', 'in-progress')
    AND service IN ('outpatient', 'inpatient')
    AND CASE WHEN service = 'outpatient' THEN day ELSE end_day END BETWEEN :start AND :end
  GROUP BY institution
)
SELECT
  done.institution AS subject,
  CAST(NULL AS BIGINT) AS person,
  i.division,
  done.institution,
  COALESCE(i.type IN ('township-centre', 'community-centre', 'village-room', 'community-station'), FALSE) AS grassroots,
  done.outpatient_visits,
  done.discharges,
  done.stay_days,
  done.remote_visits,
  COALESCE(i.type = 'tcm-hospital', FALSE) AS tcm_hospital
FROM done
LEFT JOIN institution AS i
  ON i.code = done.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
