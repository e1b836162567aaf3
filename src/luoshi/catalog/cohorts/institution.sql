-- Staff and beds: the latest count told by the end of the period, for each role or kind.
WITH held AS (
  SELECT institution,
         BOOL_OR(title IN ('qsi-basic', 'qsi-recommended')) AS qsi_basic,
         BOOL_OR(title = 'qsi-recommended') AS qsi_recommended,
         BOOL_OR(title = 'community-hospital') AS community_hospital,
         BOOL_OR(title = 'age-friendly') AS age_friendly,
         BOOL_OR(title = 'mch-clinic-std') AS mch_clinic,
         BOOL_OR(title = 'tcm-hall') AS tcm_hall,
         BOOL_OR(title = 'geriatrics-dept') AS geriatrics,
         BOOL_OR(title = 'hospice') AS hospice,
         BOOL_OR(title = 'county-hospital-recommended') AS county_recommended,
         BOOL_OR(title = 'village-room-public') AS room_public,
         BOOL_OR(title = 'hp-hospital') AS hp_hospital,
         BOOL_OR(title = 'tcm-corner') AS tcm_corner,
         BOOL_OR(title = 'tcm-room') AS tcm_room,
         BOOL_OR(title = 'tcm-6x10') AS tcm_six_ten,
         BOOL_OR(title = 'tcm-dept') AS tcm_dept,
         BOOL_OR(title = 'rehab-dept') AS rehab_dept,
         BOOL_OR(title = 'county-tcm-recommended') AS tcm_recommended,
         BOOL_OR(title = 'thousand-county') AS thousand_county,
         BOOL_OR(title = 'foodborne-sentinel') AS sentinel,
         MAX(CASE title WHEN 'emr-level-1' THEN 1 WHEN 'emr-level-2' THEN 2 WHEN 'emr-level-3' THEN 3 WHEN 'emr-level-4' THEN 4 WHEN 'emr-level-5' THEN 5 WHEN 'emr-level-6' THEN 6 END) AS emr_level,
         MAX(CASE title WHEN 'smart-service-1' THEN 1 WHEN 'smart-service-2' THEN 2 WHEN 'smart-service-3' THEN 3 WHEN 'smart-service-4' THEN 4 WHEN 'smart-service-5' THEN 5 END) AS smart_service,
         MAX(CASE title WHEN 'interop-level-1' THEN 1 WHEN 'interop-level-2' THEN 2 WHEN 'interop-level-3' THEN 3 WHEN 'interop-level-4' THEN 4 WHEN 'interop-level-5' THEN 5 WHEN 'interop-level-6' THEN 6 END) AS interop_level
  FROM title
  WHERE institution IS NOT NULL AND granted <= :end AND (revoked IS NULL OR revoked > :end)
  GROUP BY institution
),
people AS (
  SELECT institution,
         SUM(CASE WHEN role = 'doctor' THEN count END) AS doctors,
         SUM(CASE WHEN role = 'nurse' THEN count END) AS nurses,
         SUM(CASE WHEN role = 'gp' THEN count END) AS gps,
         SUM(CASE WHEN role = 'psychiatrist' THEN count END) AS psychiatrists,
         SUM(CASE WHEN role = 'paediatrician' THEN count END) AS paediatricians,
         SUM(CASE WHEN role = 'health-education' THEN count END) AS health_educators,
         SUM(CASE WHEN role = 'public-health' THEN count END) AS public_health
  FROM (
    SELECT institution, role, count, ROW_NUMBER() OVER (PARTITION BY institution, role ORDER BY as_of DESC) AS place
    FROM staff
    WHERE as_of <= :end
  ) AS told
  WHERE place = 1
  GROUP BY institution
),
places AS (
  SELECT institution,
         SUM(CASE WHEN kind = 'all' THEN count END) AS beds,
         SUM(CASE WHEN kind = 'icu' THEN count END) AS icu_beds
  FROM (
    SELECT institution, kind, count, ROW_NUMBER() OVER (PARTITION BY institution, kind ORDER BY as_of DESC) AS place
    FROM bed
    WHERE as_of <= :end
  ) AS told
  WHERE place = 1
  GROUP BY institution
),
deep AS (
  SELECT DISTINCT code FROM division WHERE level >= 3
)
SELECT
  i.code AS subject,
  CAST(NULL AS BIGINT) AS person,
  i.division,
  i.code AS institution,
  i.name,
  i.type,
  i.level,
  i.public,
  deep.code IS NOT NULL AS county,
  i.type IN ('township-centre', 'community-centre') AS centre,
  i.type IN ('general-hospital', 'tcm-hospital', 'mch-hospital', 'specialist-hospital') AS hospital,
  COALESCE(i.level >= 2, FALSE) AS secondary,
  COALESCE(held.qsi_basic, FALSE) AS qsi_basic,
  COALESCE(held.qsi_recommended, FALSE) AS qsi_recommended,
  COALESCE(held.community_hospital, FALSE) AS community_hospital,
  COALESCE(held.age_friendly, FALSE) AS age_friendly,
  COALESCE(held.mch_clinic, FALSE) AS mch_clinic,
  COALESCE(held.tcm_hall, FALSE) AS tcm_hall,
  COALESCE(held.geriatrics, FALSE) AS geriatrics,
  COALESCE(held.hospice, FALSE) AS hospice,
  COALESCE(held.county_recommended, FALSE) AS county_recommended,
  COALESCE(held.room_public, FALSE) AS room_public,
  COALESCE(held.hp_hospital, FALSE) AS hp_hospital,
  COALESCE(held.tcm_corner, FALSE) AS tcm_corner,
  COALESCE(held.tcm_room, FALSE) AS tcm_room,
  COALESCE(held.tcm_six_ten, FALSE) AS tcm_six_ten,
  COALESCE(held.tcm_dept, FALSE) AS tcm_dept,
  COALESCE(held.rehab_dept, FALSE) AS rehab_dept,
  COALESCE(held.tcm_recommended, FALSE) AS tcm_recommended,
  COALESCE(held.thousand_county, FALSE) AS thousand_county,
  COALESCE(held.sentinel, FALSE) AS sentinel,
  held.emr_level,
  held.smart_service,
  held.interop_level,
  COALESCE(people.doctors, 0) AS doctors,
  COALESCE(people.nurses, 0) AS nurses,
  COALESCE(people.gps, 0) AS gps,
  COALESCE(people.psychiatrists, 0) AS psychiatrists,
  COALESCE(people.paediatricians, 0) AS paediatricians,
  COALESCE(people.health_educators, 0) AS health_educators,
  COALESCE(people.public_health, 0) AS public_health,
  COALESCE(places.beds, 0) AS beds,
  COALESCE(places.icu_beds, 0) AS icu_beds
FROM institution AS i
LEFT JOIN held ON held.institution = i.code
LEFT JOIN people ON people.institution = i.code
LEFT JOIN places ON places.institution = i.code
LEFT JOIN deep ON deep.code = i.division
WHERE (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
