"""The demonstration: an ECG reader at the head of the clinic's alliance, and six tracings in every state of their way."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.services.ecg import actions, measuring, rules, waveforms
from luoshi.services.ecg.models import Request, Tracing
from luoshi.services.recognition import public as recognition
from luoshi.simulate import exams

# heart, urgency, question, minutes ago, minutes to the report (None: not read), findings, conclusion, critical
_CASES: tuple[tuple[exams.Heart, str, str, int, int | None, str, str, list[str]], ...] = (
    (exams.Heart(rate=72), "routine", "体检", 300, 35, "窦性心律，各导联未见异常。", "正常心电图", []),
    (exams.Heart(rate=104, irregular=0.22, p_wave=False), "urgent", "心悸2天", 200, 41, "P波消失，RR间期不等。", "心房颤动", []),
    (exams.Heart(rate=88, st=0.35), "emergency", "胸痛1小时", 90, 7, "V1–V4导联ST段抬高。", "急性前壁心肌梗死", ["st-elevation"]),
    (exams.Heart(rate=33, irregular=0.03), "emergency", "晕厥", 6, None, "", "", []),
    (exams.Heart(rate=66), "routine", "术前检查", 20, None, "", "", []),
    (exams.Heart(rate=80, noise=0.12), "routine", "头晕", 150, None, "", "", []),
)  # fmt: skip


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Fill the service and add the account `ecg` of a reader."""
    grant = (
        Grant.objects.filter(user__username="clinic", institution__isnull=False)
        .select_related("institution__parent")
        .first()
    )
    if grant is None or grant.institution is None or Tracing.objects.exists():
        return []
    clinic = grant.institution
    centre = clinic.parent or clinic
    persons = list(recognition.recordable(clinic.code).order_by("-pk").values_list("pk", flat=True)[: len(_CASES)])
    doctor = User.objects.get(username="clinic")
    scope = Scope.of(doctor)
    now = clock.now()
    for n, (person, case) in enumerate(zip(persons, _CASES, strict=False)):
        heart, urgency, question, ago, took, findings, conclusion, critical = case
        asked = now - timedelta(minutes=ago)
        with clock.at(asked):
            request = actions.ask(
                tracing=_tracing(heart, person, clinic.code, n), urgency=urgency, question=question,
                institution=clinic.code, by=doctor, scope=scope,
            )  # fmt: skip
        if took is not None:
            with clock.at(asked + timedelta(minutes=took)):
                _report(request, findings, conclusion, critical)
        elif heart.noise > 0.1:
            _reader_moves(request, "claim")
            _reader_moves(request, "return", reason="肢体导联干扰大，请重新采集")
    return [("ecg", "心电诊断", "ecg-reader", centre.code, f"{centre.name}: reads the ECGs of its alliance")]


class _Reader:
    """The reader before the account exists: the demonstration makes accounts last."""

    def get_username(self) -> str:
        """The name the account will have."""
        return "ecg"


def _reader_moves(request: Request, name: str, **given: str) -> None:
    actions.move(found=request, name=name, by=_Reader(), permissions={rules.READ}, given=given)  # type: ignore[arg-type]


def _report(request: Request, findings: str, conclusion: str, critical: list[str]) -> None:
    _reader_moves(request, "claim")
    actions.report(
        found=request, findings=findings, conclusion=conclusion, critical=critical, by=_Reader(),  # type: ignore[arg-type]
        permissions={rules.READ},
    )  # fmt: skip


def _tracing(heart: exams.Heart, person: int, institution: str, seed: int) -> Tracing:
    """An invented tracing of ten seconds with the measurements its formula implies: loading the measuring library would
    take longer than the whole demonstration may."""
    samples, peaks = exams.ecg(heart, seed=seed)
    rr = np.diff(peaks) * 1000
    measured = measuring.Measures(
        lead="II", beats=len(peaks), rate=round(60_000 / float(rr.mean()), 1),
        rr_variation=round(100 * float(rr.std() / rr.mean()), 1), longest_rr=round(float(rr.max())), pr=None, qrs=None,
        qt=None, qtc=None,
    )  # fmt: skip
    return Tracing.objects.create(
        person=person, institution=institution, taken=clock.now(), received=clock.now(), by="clinic", format="wfdb",
        leads=list(exams.LEADS), frequency=500, seconds=10, samples=waveforms.pack(samples.astype(np.float32)),
        sha256=f"{seed:064d}", measures=measured.as_dict(),
    )  # fmt: skip
