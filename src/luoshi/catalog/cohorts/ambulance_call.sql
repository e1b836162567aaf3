-- Of a milestone told twice the earlier counts; one told more than two days before the period is no part of its calls.
WITH m AS (
  SELECT visit,
         MIN(CASE WHEN code = 'answered' THEN "at" END) AS answered,
         MIN(CASE WHEN code = 'dispatched' THEN "at" END) AS dispatched,
         MIN(CASE WHEN code = 'departed' THEN "at" END) AS departed,
         MIN(CASE WHEN code = 'arrived-scene' THEN "at" END) AS arrived
  FROM milestone
  WHERE CAST("at" AS DATE) >= DAYS_BEFORE(:start, 2)
  GROUP BY visit
)
SELECT
  c.id AS subject,
  c.person,
  c.division,
  c.institution,
  c.started_at AS called_at,
  c.zone,
  MILLISECONDS_FROM(c.started_at, m.answered) AS answer_ms,
  MILLISECONDS_FROM(m.dispatched, m.departed) AS depart_ms,
  MILLISECONDS_FROM(c.started_at, m.arrived) AS response_ms,
  ROUND(MILLISECONDS_FROM(c.started_at, m.answered) / 1000.0, 1) AS answer_seconds,
  ROUND(MILLISECONDS_FROM(m.dispatched, m.departed) / 1000.0, 1) AS depart_seconds,
  m.answered IS NOT NULL AS answered,
  m.dispatched IS NOT NULL AS dispatched,
  m.departed IS NOT NULL AS departed,
  m.arrived IS NOT NULL AS arrived
FROM visit AS c
LEFT JOIN m ON m.visit = c.id
WHERE c.service = 'ambulance-call'
  AND c.day BETWEEN :start AND :end
  AND c.status NOT IN ('cancelled', 'planned', 'entered-in-error')
