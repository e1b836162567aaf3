-- Totals of each cluster, then of each stratum the spread between its clusters, so that sums over strata give the ratio and
-- its linearised variance at every level; see luoshi.indicators.methods.survey.Sums.
WITH cluster_total AS (
  SELECT survey, question, stratum, cluster,
         MIN(division) AS division,
         MAX(clusters) AS held,
         COUNT(*) AS respondents,
         SUM(weight * value) AS y,
         SUM(weight) AS x
  FROM answer
  WHERE day BETWEEN :start AND :end
  GROUP BY survey, question, stratum, cluster
),
stratum_total AS (
  SELECT survey, question, stratum,
         MIN(division) AS division,
         MAX(held) AS held,
         SUM(respondents) AS respondents,
         COUNT(*) AS drawn,
         SUM(y) AS y,
         SUM(x) AS x,
         SUM(y * y) AS yy,
         SUM(x * y) AS xy,
         SUM(x * x) AS xx
  FROM cluster_total
  GROUP BY survey, question, stratum
),
factor AS (
  SELECT survey, question, stratum, division, respondents, drawn, y, x, yy, xy, xx,
         CASE WHEN held > 0 THEN 1.0 - CAST(drawn AS DOUBLE) / held ELSE 1.0 END
           * drawn / NULLIF(drawn - 1, 0) * 1000.0 AS f
  FROM stratum_total
)
SELECT
  CONCAT(f.survey, ':', f.question, ':', f.stratum) AS subject,
  CAST(NULL AS BIGINT) AS person,
  d.l3 AS division,
  CAST(NULL AS VARCHAR) AS institution,
  f.question,
  CAST(f.y AS BIGINT) AS weighted_yes,
  CAST(f.x AS BIGINT) AS weighted_all,
  CAST(f.respondents AS BIGINT) AS respondents,
  CAST(f.drawn AS BIGINT) AS drawn,
  CASE WHEN f.drawn = 1 THEN 1 ELSE 0 END AS alone,
  CAST(COALESCE(ROUND(f.f * (f.yy - CAST(f.y AS DOUBLE) * f.y / f.drawn), 0), 0) AS BIGINT) AS spread_yes,
  CAST(COALESCE(ROUND(f.f * (f.xx - CAST(f.x AS DOUBLE) * f.x / f.drawn), 0), 0) AS BIGINT) AS spread_all,
  CAST(COALESCE(ROUND(f.f * (f.xy - CAST(f.x AS DOUBLE) * f.y / f.drawn), 0), 0) AS BIGINT) AS spread_both
FROM factor AS f
LEFT JOIN division AS d
  ON d.code = f.division
  AND (d.valid_from IS NULL OR d.valid_from <= :end)
  AND (d.valid_to IS NULL OR d.valid_to > :end)
