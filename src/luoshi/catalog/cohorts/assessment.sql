SELECT
  v.id AS subject,
  v.person,
  p.division,
  v.institution,
  v.day AS applied,
  CASE WHEN v.end_day <= :end THEN v.end_day END AS decided,
  CASE WHEN v.end_day <= :end THEN DAYS_FROM(v.day, v.end_day) END AS wait_days,
  PLUS_DAYS(v.day, 30) <= :end AS past_30_days
FROM event_visit AS v
LEFT JOIN person AS p ON p.person = v.person
WHERE v.service = 'ltc-assessment'
  AND v.day >= :start
