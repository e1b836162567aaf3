-- Face to face is `face` or `home`; a telephone call is not.
SELECT
  person,
  COUNT(*) FILTER (WHERE service = 'htn-visit' AND mode IN ('face', 'home')) AS htn_face_visits,
  COUNT(*) FILTER (WHERE service = 'dm-visit' AND mode IN ('face', 'home')) AS dm_face_visits,
  COUNT(*) FILTER (WHERE service = 'smd-visit') AS smd_visits,
  COUNT(*) FILTER (WHERE service = 'checkup') AS checkups,
  COUNT(*) FILTER (WHERE service = 'child-visit') AS child_visits,
  COUNT(*) FILTER (WHERE service = 'newborn-visit') AS newborn_visits,
  COUNT(*) FILTER (WHERE service = 'tcm-child') AS tcm_child_visits
FROM visit
WHERE service IN ('htn-visit', 'dm-visit', 'smd-visit', 'checkup', 'child-visit', 'newborn-visit', 'tcm-child')
  AND day BETWEEN :start AND :end
  AND status IN ('finished', 'in-progress')
GROUP BY person
