-- Face to face is `face` or `home`; a telephone call is not.
SELECT
  person,
  MAX(day) AS last_day,
  COUNT(*) FILTER (WHERE service = 'htn-visit' AND mode IN ('face', 'home') AND day >= :start) AS htn_face_visits,
  COUNT(*) FILTER (WHERE service = 'dm-visit' AND mode IN ('face', 'home') AND day >= :start) AS dm_face_visits,
  COUNT(*) FILTER (WHERE service = 'smd-visit' AND day >= :start) AS smd_visits,
  COUNT(*) FILTER (WHERE service = 'checkup' AND day >= :start) AS checkups,
  COUNT(*) FILTER (WHERE service = 'child-visit' AND day >= :start) AS child_visits,
  COUNT(*) FILTER (WHERE service = 'newborn-visit' AND day >= :start) AS newborn_visits,
  COUNT(*) FILTER (WHERE service = 'tcm-child' AND day >= :start) AS tcm_child_visits
FROM visit
WHERE day BETWEEN LEAST(:start, DAYS_BEFORE(:end, 364)) AND :end
  AND status IN ('finished', 'in-progress')
GROUP BY person
