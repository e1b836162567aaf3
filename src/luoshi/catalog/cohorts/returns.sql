-- Quarterly figures whose last day lies in the period; `_before` those of the same part of the year before. What is a stock
-- (assets, staff) is the last told within a year.
SELECT
  COALESCE(s.institution, s.division) AS subject,
  CAST(NULL AS BIGINT) AS person,
  MIN(COALESCE(i.division, s.division)) AS division,
  s.institution,
  COALESCE(BOOL_OR(i.type IN ('general-hospital', 'tcm-hospital', 'mch-hospital', 'specialist-hospital')), FALSE) AS hospital,
  COALESCE(BOOL_OR(i.type IN ('township-centre', 'community-centre', 'village-room', 'community-station')), FALSE)
    AS grassroots,
  COALESCE(BOOL_OR(d.level >= 3), FALSE) AS county,
  SUM(CASE WHEN s.item = 'op-visits' AND s.day >= :start THEN s.value ELSE 0 END) AS op_visits,
  SUM(CASE WHEN s.item = 'op-income' AND s.day >= :start THEN s.value ELSE 0 END) AS op_income,
  SUM(CASE WHEN s.item = 'discharges' AND s.day >= :start THEN s.value ELSE 0 END) AS discharges,
  SUM(CASE WHEN s.item = 'ip-income' AND s.day >= :start THEN s.value ELSE 0 END) AS ip_income,
  SUM(CASE WHEN s.item = 'medical-income' AND s.day >= :start THEN s.value ELSE 0 END) AS medical_income,
  SUM(CASE WHEN s.item = 'drug-income' AND s.day >= :start THEN s.value ELSE 0 END) AS drug_income,
  SUM(CASE WHEN s.item = 'material-income' AND s.day >= :start THEN s.value ELSE 0 END) AS material_income,
  SUM(CASE WHEN s.item = 'test-income' AND s.day >= :start THEN s.value ELSE 0 END) AS test_income,
  SUM(CASE WHEN s.item = 'business-cost' AND s.day >= :start THEN s.value ELSE 0 END) AS business_cost,
  SUM(CASE WHEN s.item = 'staff-cost' AND s.day >= :start THEN s.value ELSE 0 END) AS staff_cost,
  SUM(CASE WHEN s.item = 'bed-days-open' AND s.day >= :start THEN s.value ELSE 0 END) AS bed_days_open,
  SUM(CASE WHEN s.item = 'bed-days-used' AND s.day >= :start THEN s.value ELSE 0 END) AS bed_days_used,
  SUM(CASE WHEN s.item = 'ddds' AND s.day >= :start THEN s.value ELSE 0 END) AS ddds,
  SUM(CASE WHEN s.item = 'op-essential' AND s.day >= :start THEN s.value ELSE 0 END) AS op_essential,
  SUM(CASE WHEN s.item = 'ip-essential' AND s.day >= :start THEN s.value ELSE 0 END) AS ip_essential,
  SUM(CASE WHEN s.item = 'rx-reviewed' AND s.day >= :start THEN s.value ELSE 0 END) AS rx_reviewed,
  SUM(CASE WHEN s.item = 'rx-proper' AND s.day >= :start THEN s.value ELSE 0 END) AS rx_proper,
  SUM(CASE WHEN s.item = 'appointments' AND s.day >= :start THEN s.value ELSE 0 END) AS appointments,
  SUM(CASE WHEN s.item = 'survey-answers' AND s.day >= :start THEN s.value ELSE 0 END) AS survey_answers,
  SUM(CASE WHEN s.item = 'survey-points' AND s.day >= :start THEN s.value ELSE 0 END) AS survey_points,
  SUM(CASE WHEN s.item = 'referred-down' AND s.day >= :start THEN s.value ELSE 0 END) AS referred_down,
  SUM(CASE WHEN s.item = 'remote-reads' AND s.day >= :start THEN s.value ELSE 0 END) AS remote_reads,
  SUM(CASE WHEN s.item = 'recognisable' AND s.day >= :start THEN s.value ELSE 0 END) AS recognisable,
  SUM(CASE WHEN s.item = 'recognised' AND s.day >= :start THEN s.value ELSE 0 END) AS recognised,
  SUM(CASE WHEN s.item = 'drg-submitted' AND s.day >= :start THEN s.value ELSE 0 END) AS drg_submitted,
  SUM(CASE WHEN s.item = 'drg-grouped' AND s.day >= :start THEN s.value ELSE 0 END) AS drg_grouped,
  SUM(CASE WHEN s.item = 'rw-thousandths' AND s.day >= :start THEN s.value ELSE 0 END) AS rw_thousandths,
  SUM(CASE WHEN s.item = 'rw2-cases' AND s.day >= :start THEN s.value ELSE 0 END) AS rw2_cases,
  SUM(CASE WHEN s.item = 'low-risk-cases' AND s.day >= :start THEN s.value ELSE 0 END) AS low_risk_cases,
  SUM(CASE WHEN s.item = 'low-risk-deaths' AND s.day >= :start THEN s.value ELSE 0 END) AS low_risk_deaths,
  SUM(CASE WHEN s.item = 'lists-submitted' AND s.day >= :start THEN s.value ELSE 0 END) AS lists_submitted,
  SUM(CASE WHEN s.item = 'lists-passed' AND s.day >= :start THEN s.value ELSE 0 END) AS lists_passed,
  SUM(CASE WHEN s.item = 'research-fund' AND s.day >= :start THEN s.value ELSE 0 END) AS research_fund,
  SUM(CASE WHEN s.item = 'tcm-visits' AND s.day >= :start THEN s.value ELSE 0 END) AS tcm_visits,
  SUM(CASE WHEN s.item = 'fund-paid' AND s.day >= :start THEN s.value ELSE 0 END) AS fund_paid,
  SUM(CASE WHEN s.item = 'fund-in-county' AND s.day >= :start THEN s.value ELSE 0 END) AS fund_in_county,
  SUM(CASE WHEN s.item = 'fund-grassroots' AND s.day >= :start THEN s.value ELSE 0 END) AS fund_grassroots,
  SUM(CASE WHEN s.item = 'stays-elsewhere' AND s.day >= :start THEN s.value ELSE 0 END) AS stays_elsewhere,
  SUM(CASE WHEN s.item = 'stays-settled' AND s.day >= :start THEN s.value ELSE 0 END) AS stays_settled,
  SUM(CASE WHEN s.item = 'marrying' AND s.day >= :start THEN s.value ELSE 0 END) AS marrying,
  SUM(CASE WHEN s.item = 'premarital-checked' AND s.day >= :start THEN s.value ELSE 0 END) AS premarital_checked,
  SUM(CASE WHEN s.item = 'op-visits' AND s.day <= YEARS_BEFORE(:end, 1) THEN s.value ELSE 0 END) AS op_visits_before,
  SUM(CASE WHEN s.item = 'op-income' AND s.day <= YEARS_BEFORE(:end, 1) THEN s.value ELSE 0 END) AS op_income_before,
  SUM(CASE WHEN s.item = 'discharges' AND s.day <= YEARS_BEFORE(:end, 1) THEN s.value ELSE 0 END) AS discharges_before,
  SUM(CASE WHEN s.item = 'ip-income' AND s.day <= YEARS_BEFORE(:end, 1) THEN s.value ELSE 0 END) AS ip_income_before,
  COALESCE(LATEST_HIGHEST(CASE WHEN s.item = 'assets' AND s.day > YEARS_BEFORE(:end, 1) THEN s.value END, s.day), 0) AS assets,
  COALESCE(LATEST_HIGHEST(CASE WHEN s.item = 'liabilities' AND s.day > YEARS_BEFORE(:end, 1) THEN s.value END, s.day), 0) AS liabilities,
  COALESCE(LATEST_HIGHEST(CASE WHEN s.item = 'health-staff' AND s.day > YEARS_BEFORE(:end, 1) THEN s.value END, s.day), 0) AS health_staff
FROM statistic AS s
LEFT JOIN institution AS i
  ON i.code = s.institution
  AND (i.valid_from IS NULL OR i.valid_from <= :end)
  AND (i.valid_to IS NULL OR i.valid_to > :end)
LEFT JOIN division AS d
  ON d.code = i.division
  AND (d.valid_from IS NULL OR d.valid_from <= :end)
  AND (d.valid_to IS NULL OR d.valid_to > :end)
WHERE s.day BETWEEN YEARS_BEFORE(:start, 1) AND :end
GROUP BY s.institution, s.division
