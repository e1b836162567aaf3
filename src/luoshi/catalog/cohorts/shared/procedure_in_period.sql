SELECT
  person,
  BOOL_OR(code = 'checkup-lifestyle') AS lifestyle,
  BOOL_OR(code = 'checkup-physical') AS physical,
  BOOL_OR(code = 'checkup-laboratory') AS laboratory,
  BOOL_OR(code = 'checkup-guidance') AS guidance,
  BOOL_OR(code = 'tcm-constitution') AS tcm_constitution,
  BOOL_OR(code = 'tcm-advice') AS tcm_advice,
  BOOL_OR(code = 'tb-screening') AS tb_screening,
  BOOL_OR(code = 'cataract-screen') AS cataract_screen,
  BOOL_OR(code = 'child-eye-check') AS child_eye_check,
  BOOL_OR(code = 'cognition-screen') AS cognition_screen,
  BOOL_OR(code = 'dm-complication-screen') AS dm_complication
FROM procedure
WHERE code IN ('checkup-lifestyle', 'checkup-physical', 'checkup-laboratory', 'checkup-guidance', 'tcm-constitution',
               'tcm-advice', 'tb-screening', 'cataract-screen', 'child-eye-check',
               'cognition-screen', 'dm-complication-screen')
  AND day BETWEEN :start AND :end
  AND status = 'completed'
GROUP BY person
