-- An award counts from the day it was given; a filing (of an enterprise: a declaration of hazards) from its day.
SELECT
  u.code AS subject,
  CAST(NULL AS BIGINT) AS person,
  u.division,
  CAST(NULL AS VARCHAR) AS institution,
  u.name,
  u.kind,
  COALESCE(u.public, FALSE) AS public,
  COALESCE(u.affordable, FALSE) AS affordable,
  COALESCE(u.places, 0) AS places,
  COALESCE(u.enrolled, 0) AS enrolled,
  COALESCE(u.filed <= :end, FALSE) AS filed,
  CASE WHEN u.awarded <= :end THEN u.award END AS award,
  COALESCE(u.awarded BETWEEN :start AND :end, FALSE) AS awarded_in_period,
  COALESCE(u.valid_from BETWEEN :start AND :end, FALSE) AS opened_in_period
FROM unit AS u
WHERE (u.valid_from IS NULL OR u.valid_from <= :end)
  AND (u.valid_to IS NULL OR u.valid_to > :end)
