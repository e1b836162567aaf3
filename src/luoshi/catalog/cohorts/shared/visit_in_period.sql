-- Face to face is `face` or `home`; a telephone call is not.
SELECT
  person,
  service,
  COUNT(*) AS visits,
  COUNT(*) FILTER (WHERE mode IN ('face', 'home')) AS face_visits
FROM visit
WHERE service IN ('htn-visit', 'dm-visit', 'smd-visit', 'checkup', 'child-visit', 'newborn-visit', 'tcm-child',
                  'copd-visit', 'home-care')
  AND day BETWEEN :start AND :end
  AND status IN ('finished', 'in-progress')
GROUP BY person, service
