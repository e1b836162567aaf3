-- Person-days lived in the period and deaths, by age: completed years (days / 365.25) on the middle day of the period, on
-- the day of birth for those born after it, on the day of death for those who died.
WITH lived AS (
  SELECT
    p.person,
    p.division,
    p.institution,
    DAYS_FROM(GREATEST(:start, p.birth_date), LEAST(:end, COALESCE(p.death_date, :end))) + 1 AS person_days,
    COALESCE(p.death_date BETWEEN :start AND :end, FALSE) AS died,
    CAST(FLOOR(CAST(DAYS_FROM(p.birth_date, CASE
      WHEN p.death_date BETWEEN :start AND :end THEN p.death_date
      ELSE GREATEST(p.birth_date, PLUS_DAYS(:start, CAST(FLOOR(DAYS_FROM(:start, :end) / 2) AS INTEGER)))
    END) AS DOUBLE) / 365.25) AS INTEGER) AS age
  FROM person AS p
  WHERE p.active IS NOT FALSE
    AND p.birth_date <= :end
    AND (p.death_date IS NULL OR p.death_date >= :start)
),
cause AS (
  SELECT person, MIN(value_code) AS code FROM event_observation WHERE code = '79378-6' GROUP BY person
),
ill AS (
  SELECT DISTINCT person
  FROM episode
  WHERE program = 'tuberculosis'
    AND status NOT IN ('entered-in-error', 'cancelled', 'planned')
    AND start_day BETWEEN :start AND :end
),
told AS (
  SELECT
    l.division,
    l.institution,
    CASE WHEN l.age < 1 THEN 0 WHEN l.age < 5 THEN 1 WHEN l.age >= 85 THEN 85 ELSE CAST(FLOOR(l.age / 5) * 5 AS INTEGER) END
      AS life_group,
    l.age <= 70 AS to_70,
    l.person_days,
    l.died,
    l.died AND SUBSTRING(c.code, 1, 1) = 'I' AS vascular,
    l.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'C00' AND 'C97' AS cancer,
    l.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'J30' AND 'J98' AS lung,
    l.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'E10' AND 'E14' AS diabetes,
    l.died AND c.code IS NOT NULL AS cause_told,
    ill.person IS NOT NULL AS tb
  FROM lived AS l
  LEFT JOIN cause AS c ON c.person = l.person AND l.died
  LEFT JOIN ill ON ill.person = l.person
)
SELECT
  CONCAT(division, ':', CAST(life_group AS VARCHAR)) AS subject,
  CAST(NULL AS BIGINT) AS person,
  division,
  institution,
  life_group,
  CASE WHEN life_group < 5 THEN 0 ELSE life_group END AS five_years,
  SUM(person_days) AS person_days,
  SUM(CASE WHEN to_70 THEN person_days ELSE 0 END) AS person_days_70,
  COUNT(*) FILTER (WHERE died) AS deaths,
  COUNT(*) FILTER (WHERE cause_told) AS deaths_told,
  COUNT(*) FILTER (WHERE vascular) AS vascular_deaths,
  COUNT(*) FILTER (WHERE cancer) AS cancer_deaths,
  COUNT(*) FILTER (WHERE lung AND to_70) AS lung_deaths_70,
  COUNT(*) FILTER (WHERE vascular OR cancer OR lung OR diabetes) AS ncd_deaths,
  COUNT(*) FILTER (WHERE tb) AS tb_cases
FROM told
GROUP BY division, institution, life_group
