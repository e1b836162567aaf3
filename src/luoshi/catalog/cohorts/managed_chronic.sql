-- Residents under management for hypertension or diabetes; stays of the period with a diagnosis of either, or of heart and brain
-- vessels. The institution is that of the episode, of hypertension where there are two.
WITH managed AS (
  SELECT person,
         COALESCE(MAX(CASE WHEN program = 'hypertension' THEN institution END), MAX(institution)) AS institution
  FROM open_episode
  WHERE program IN ('hypertension', 'diabetes')
  GROUP BY person
),
admitted AS (
  SELECT v.person, COUNT(DISTINCT v.id) AS stays
  FROM visit AS v
  JOIN condition AS c ON c.person = v.person AND c.visit = v.id
  WHERE v.service = 'inpatient'
    AND v.status IN ('finished', 'in-progress')
    AND v.day BETWEEN :start AND :end
    AND (
      SUBSTRING(c.code, 1, 3) BETWEEN 'I10' AND 'I15' OR SUBSTRING(c.code, 1, 3) BETWEEN 'E10' AND 'E14'
      OR SUBSTRING(c.code, 1, 3) BETWEEN 'I20' AND 'I25' OR SUBSTRING(c.code, 1, 3) BETWEEN 'I60' AND 'I69'
    )
  GROUP BY v.person
)
SELECT
  r.id AS subject,
  r.person,
  r.division,
  m.institution,
  COALESCE(a.stays, 0) AS stays
FROM managed AS m
JOIN resident AS r ON r.person = m.person
LEFT JOIN admitted AS a ON a.person = m.person
