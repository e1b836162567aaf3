-- What was done after the end of the period had not been done then.
SELECT
  CONCAT(e.kind, ':', e.code) AS subject,
  CAST(NULL AS BIGINT) AS person,
  e.division,
  e.institution,
  e.kind,
  e.day,
  CASE WHEN e.done_day <= :end THEN e.done_day END AS done_day,
  CASE WHEN e.done_day <= :end THEN DAYS_FROM(e.day, e.done_day) END AS wait_days,
  COALESCE(e.published <= :end, FALSE) AS published,
  CASE WHEN e.done_day <= :end THEN e.result END AS result
FROM event AS e
WHERE e.day BETWEEN :start AND :end
