-- Person-days lived in the period and deaths, by age: completed years (days / 365.25) on the middle day of the period, on
-- the day of birth for those born after it, on the day of death for those who died. Most lived through all of the period:
-- they are counted, and reckoned with together.
WITH through AS (
  SELECT p.division, p.institution, g.life_group, g.to_70, COUNT(*) AS persons
  FROM person AS p
  JOIN life_group AS g
    ON p.birth_date <= DAYS_BEFORE(:latest, g.from_days)
    AND p.birth_date > DAYS_BEFORE(:earliest, g.before_days)
  WHERE p.active IS NOT FALSE
    AND p.birth_date <= :start
    AND (p.death_date IS NULL OR p.death_date > :end)
    AND PLUS_DAYS(p.birth_date, g.from_days) <= PLUS_DAYS(:start, CAST(FLOOR(DAYS_FROM(:start, :end) / 2) AS INTEGER))
    AND PLUS_DAYS(p.birth_date, g.before_days) > PLUS_DAYS(:start, CAST(FLOOR(DAYS_FROM(:start, :end) / 2) AS INTEGER))
  GROUP BY p.division, p.institution, g.life_group, g.to_70
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
known AS (
  SELECT p.person, p.division, p.institution, p.birth_date, p.death_date, FALSE AS tb
  FROM person AS p
  WHERE p.active IS NOT FALSE
    AND p.birth_date <= :end
    AND (p.death_date IS NULL OR p.death_date >= :start)
    AND (p.birth_date > :start OR p.death_date <= :end)
    AND (p.birth_date > :earliest OR p.death_date <= :latest)
  UNION ALL
  SELECT p.person, p.division, p.institution, p.birth_date, p.death_date, TRUE AS tb
  FROM ill
  JOIN person AS p ON p.person = ill.person
  WHERE p.active IS NOT FALSE
    AND p.birth_date <= :end
    AND (p.death_date IS NULL OR p.death_date >= :start)
),
aged AS (
  SELECT
    k.person,
    k.division,
    k.institution,
    k.tb,
    CASE WHEN k.tb THEN 0
      ELSE DAYS_FROM(GREATEST(:start, k.birth_date), LEAST(:end, COALESCE(k.death_date, :end))) + 1 END AS person_days,
    COALESCE(NOT k.tb AND k.death_date BETWEEN :start AND :end, FALSE) AS died,
    DAYS_FROM(k.birth_date, CASE
      WHEN k.death_date BETWEEN :start AND :end THEN k.death_date
      ELSE GREATEST(k.birth_date, PLUS_DAYS(:start, CAST(FLOOR(DAYS_FROM(:start, :end) / 2) AS INTEGER)))
    END) AS days
  FROM known AS k
),
told AS (
  SELECT
    a.division,
    a.institution,
    g.life_group,
    g.to_70,
    a.person_days,
    a.died,
    a.died AND SUBSTRING(c.code, 1, 1) = 'I' AS vascular,
    a.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'C00' AND 'C97' AS cancer,
    a.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'J30' AND 'J98' AS lung,
    a.died AND SUBSTRING(c.code, 1, 3) BETWEEN 'E10' AND 'E14' AS diabetes,
    a.died AND c.code IS NOT NULL AS cause_told,
    a.tb
  FROM aged AS a
  JOIN life_group AS g ON a.days >= g.from_days AND a.days < g.before_days
  LEFT JOIN cause AS c ON c.person = a.person AND a.died
),
counted AS (
  SELECT
    division, institution, life_group, to_70, persons * (DAYS_FROM(:start, :end) + 1) AS person_days,
    0 AS deaths, 0 AS deaths_told, 0 AS vascular_deaths, 0 AS cancer_deaths, 0 AS lung_deaths, 0 AS ncd_deaths, 0 AS tb_cases
  FROM through
  UNION ALL
  SELECT
    division, institution, life_group, to_70, person_days,
    CASE WHEN died THEN 1 ELSE 0 END AS deaths,
    CASE WHEN cause_told THEN 1 ELSE 0 END AS deaths_told,
    CASE WHEN vascular THEN 1 ELSE 0 END AS vascular_deaths,
    CASE WHEN cancer THEN 1 ELSE 0 END AS cancer_deaths,
    CASE WHEN lung THEN 1 ELSE 0 END AS lung_deaths,
    CASE WHEN vascular OR cancer OR lung OR diabetes THEN 1 ELSE 0 END AS ncd_deaths,
    CASE WHEN tb THEN 1 ELSE 0 END AS tb_cases
  FROM told
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
  SUM(deaths) AS deaths,
  SUM(deaths_told) AS deaths_told,
  SUM(vascular_deaths) AS vascular_deaths,
  SUM(cancer_deaths) AS cancer_deaths,
  SUM(CASE WHEN to_70 THEN lung_deaths ELSE 0 END) AS lung_deaths_70,
  SUM(ncd_deaths) AS ncd_deaths,
  SUM(tb_cases) AS tb_cases
FROM counted
GROUP BY division, institution, life_group
