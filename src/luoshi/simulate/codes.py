"""The closed lists of codes the journal of events keeps as small numbers. The words are those of the record guide."""

from __future__ import annotations

from typing import Final

SERVICES: Final = (
    "htn-visit", "dm-visit", "checkup", "tcm-elderly", "tcm-child", "smd-visit", "tb-first-home-visit", "tb-visit",
    "antenatal-visit", "delivery", "postnatal-visit", "birth", "newborn-visit", "child-visit", "outpatient",
    "inpatient", "ambulance-call", "school-checkup", "copd-visit", "home-care", "ltc-assessment",
    "lipid-visit",
)  # fmt: skip
CLASSES: Final = ("AMB", "IMP", "EMER", "HH", "VR")
MODES: Final = ("", "face", "phone", "home")
ZONES: Final = ("", "urban", "rural")
PROGRAMS: Final = (
    "hypertension", "diabetes", "severe-mental", "tuberculosis", "pregnancy", "hiv", "copd", "disability", "exposed-hiv",
    "exposed-hepb", "dyslipidaemia",
)  # fmt: skip
OBSERVATIONS: Final = (
    "1558-6", "4548-4", "8302-2", "29463-7", "718-7", "8665-2", "8339-4", "11884-4", "20447-9", "79378-6",
    "medication-adherence", "smd-stability", "tb-bacteriology", "tb-dose-adherence", "maternal-death", "on-art",
    "tb-outcome", "fetal-death", "pregnancy-risk", "myopia", "caries", "mtct-outcome",
    "2089-1",
)  # fmt: skip
LOINC: Final = frozenset(code for code in OBSERVATIONS if code[0].isdigit())
UNITS: Final = {
    "1558-6": "mmol/L", "2089-1": "mmol/L", "4548-4": "%", "8302-2": "cm", "29463-7": "kg", "718-7": "g/L", "8339-4": "g",
    "11884-4": "wk", "20447-9": "{copies}/mL", "tb-dose-adherence": "%", "fetal-death": "wk",
}  # fmt: skip
NUMBER, CODED, DAY, TRUTH = range(4)
KINDS: Final = {
    "8665-2": DAY, "79378-6": CODED, "medication-adherence": CODED, "smd-stability": CODED, "tb-bacteriology": CODED,
    "maternal-death": TRUTH, "on-art": TRUTH, "tb-outcome": CODED, "pregnancy-risk": CODED, "myopia": TRUTH, "caries": TRUTH,
    "mtct-outcome": CODED,
}  # fmt: skip
DISEASES: Final = (
    "I10", "E11", "F20", "F25", "F22", "F31", "G40", "F70", "A15", "A15.6", "A16", "B20", "J06", "J18", "I25", "I63", "M54", "K29",
    "N39", "O80", "Q05", "Q20.3", "Q90", "A50", "A03", "A38", "A51", "B05", "B16", "B08.4", "J10", "J44", "T81.4",
    "E78",
)  # fmt: skip
CAUSES: Final = (
    "I63", "I61", "I21", "I25", "C34", "C16", "C22", "C50", "J44", "E11", "J18", "K74", "N18", "X59", "V89", "W19",
    "P22", "P07", "Q24", "A41", "W75", "O72", "O14",
)  # fmt: skip
ANSWERS: Final = (
    "", "regular", "intermittent", "none", "stable", "basic", "unstable", "positive", "negative", *CAUSES,
    "cured", "completed", "failed", "lost", "green", "yellow", "orange", "red", "purple",
)  # fmt: skip
# Operations by ICD-9-CM-3: their grade, and whether they are minimally invasive or clean, is told by the list of the catalogue.
OPERATIONS: Final = (
    "13.41", "36.06", "45.42", "47.01", "51.23", "53.00", "06.4", "68.41", "79.35", "81.54", "32.41",
)  # fmt: skip
PROCEDURES: Final = (
    "checkup-lifestyle", "checkup-physical", "checkup-laboratory", "checkup-guidance", "tcm-constitution",
    "tcm-advice", "tb-screening", "prenatal-screen", "caesarean", "newborn-metabolic-screen",
    "newborn-hearing-screen", "newborn-chd-screen", "child-eye-check", "cervical-screen", "breast-screen",
    "cataract-screen", "cognition-screen", "dm-complication-screen", "mtct-test", "risk-case-file", "case-report",
    *OPERATIONS,
)  # fmt: skip
VACCINES: Final = ("HepB", "BCG", "IPV", "bOPV", "DTaP", "DT", "MMR", "JE-L", "MenA", "MenAC", "HepA-L", "HPV")
MILESTONES: Final = ("answered", "dispatched", "departed", "arrived-scene", "arrived-hospital")
EPISODE_STATES: Final = ("active", "finished", "onhold")
VISIT_STATES: Final = ("finished", "in-progress", "cancelled")
DOSE_STATES: Final = ("completed", "not-done")
CLINICAL_STATES: Final = ("active", "resolved", "inactive")
CONTRACT_STATES: Final = ("active", "completed", "revoked")
