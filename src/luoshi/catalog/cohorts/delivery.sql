-- The pregnancy reaches back 310 days from the delivery.
WITH d AS (
  SELECT v.id, v.person, v.institution, v.day, v.class, b.live_births
  FROM event_visit AS v
  JOIN birth_of_delivery AS b ON b.delivery = v.id
  WHERE v.service = 'delivery'
    AND v.day >= :start
),
care AS (
  SELECT d.id,
         COUNT(*) FILTER (WHERE v.service = 'antenatal-visit' AND v.day <= d.day) AS antenatal_visits,
         MIN(CASE WHEN v.service = 'antenatal-visit' AND v.day <= d.day THEN v.day END) AS first_antenatal,
         BOOL_OR(v.service = 'postnatal-visit' AND v.day >= d.day AND v.day <= PLUS_DAYS(d.day, 28)) AS postnatal
  FROM d
  JOIN event_visit AS v ON v.person = d.person
  WHERE v.service IN ('antenatal-visit', 'postnatal-visit')
    AND v.day >= DAYS_BEFORE(d.day, 310)
  GROUP BY d.id
),
dates AS (
  SELECT d.id, MAX(o.value_day) AS last_menstruation
  FROM d
  JOIN event_observation AS o ON o.person = d.person
  WHERE o.code = '8665-2' AND o.value_day <= d.day AND o.value_day >= DAYS_BEFORE(d.day, 310)
  GROUP BY d.id
),
acts AS (
  SELECT d.id,
         BOOL_OR(p.code = 'prenatal-screen' AND p.day >= DAYS_BEFORE(d.day, 310) AND p.day <= d.day) AS screened,
         BOOL_OR(p.code = 'mtct-test' AND p.day >= DAYS_BEFORE(d.day, 310) AND p.day <= d.day) AS tested,
         BOOL_OR(p.code = 'caesarean' AND p.day >= DAYS_BEFORE(d.day, 1) AND p.day <= PLUS_DAYS(d.day, 1)) AS caesarean
  FROM d
  JOIN event_procedure AS p ON p.person = d.person
  WHERE p.code IN ('prenatal-screen', 'caesarean', 'mtct-test')
  GROUP BY d.id
)
SELECT
  d.id AS subject,
  d.person,
  m.division,
  d.institution,
  d.day AS delivery_day,
  d.live_births,
  d.class = 'IMP' AS facility,
  COALESCE(care.antenatal_visits, 0) AS antenatal_visits,
  care.first_antenatal,
  dates.last_menstruation,
  COALESCE(care.first_antenatal < PLUS_DAYS(dates.last_menstruation, 91), FALSE) AS early,
  COALESCE(acts.screened, FALSE) AS screened,
  COALESCE(acts.tested, FALSE) AS tested,
  COALESCE(m.birth_date <= YEARS_BEFORE(d.day, 35), FALSE) AS older,
  COALESCE(acts.caesarean, FALSE) AS caesarean,
  COALESCE(care.postnatal, FALSE) AS postnatal,
  PLUS_DAYS(d.day, 28) <= :end AS past_28_days
FROM d
LEFT JOIN person AS m ON m.person = d.person
LEFT JOIN care ON care.id = d.id
LEFT JOIN dates ON dates.id = d.id
LEFT JOIN acts ON acts.id = d.id
