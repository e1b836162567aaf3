SELECT
  d.code AS subject,
  CAST(NULL AS BIGINT) AS person,
  d.code AS division,
  CAST(NULL AS VARCHAR) AS institution,
  d.name,
  d.level = 5 AS village,
  d.level = 3 AS county,
  COALESCE(t.sanitary, FALSE) AS sanitary,
  COALESCE(t.family_guide, FALSE) AS family_guide,
  COALESCE(t.hpv, FALSE) AS hpv,
  d.level = 4 AS township,
  COALESCE(d.urban, FALSE) AS urban,
  COALESCE(t.healthy_community, FALSE) AS healthy_community,
  COALESCE(t.committee, FALSE) AS committee,
  COALESCE(t.sanitary_town, FALSE) AS sanitary_town,
  COALESCE(t.telemedicine, FALSE) AS telemedicine,
  COALESCE(t.myopia, FALSE) AS myopia,
  o.division IS NOT NULL AS visited,
  r.division IS NOT NULL AS has_room
FROM division AS d
LEFT JOIN (
  SELECT division,
         BOOL_OR(title = 'sanitary-village') AS sanitary,
         BOOL_OR(title = 'healthy-family-guide') AS family_guide,
         BOOL_OR(title = 'hpv-county') AS hpv,
         BOOL_OR(title = 'healthy-community') AS healthy_community,
         BOOL_OR(title = 'vph-committee') AS committee,
         BOOL_OR(title = 'sanitary-town') AS sanitary_town,
         BOOL_OR(title = 'telemedicine') AS telemedicine,
         BOOL_OR(title = 'myopia-pilot') AS myopia
  FROM title
  WHERE division IS NOT NULL AND granted <= :end AND (revoked IS NULL OR revoked > :end)
  GROUP BY division
) AS t ON t.division = d.code
LEFT JOIN (
  SELECT DISTINCT division FROM event WHERE kind = 'outreach' AND day BETWEEN :start AND :end
) AS o ON o.division = d.code
LEFT JOIN (
  SELECT DISTINCT division
  FROM institution
  WHERE type IN ('village-room', 'community-station')
    AND (valid_from IS NULL OR valid_from <= :end)
    AND (valid_to IS NULL OR valid_to > :end)
) AS r ON r.division = d.code
WHERE (d.valid_from IS NULL OR d.valid_from <= :end)
  AND (d.valid_to IS NULL OR d.valid_to > :end)
