"""The rules of duties without a store: the light, splitting, what files are."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.indicators.pace import STALE_AFTER
from luoshi.kernel.comparator import Threshold
from luoshi.kernel.errors import UnreadableFile
from luoshi.supervision.duties import light, rules, sniffing, splitting
from luoshi.supervision.duties.light import Seen
from luoshi.supervision.duties.splitting import Part

TODAY = date(2025, 11, 3)
thresholds = st.builds(Threshold, st.sampled_from([">=", "<=", ">", "<", "="]), st.floats(0, 100, allow_nan=False))
seen = st.builds(
    Seen,
    value=st.none() | st.floats(0, 200, allow_nan=False),
    threshold=st.none() | thresholds,
    on=st.just(TODAY),
    share_due=st.floats(0, 1),
    fresh=st.none() | st.integers(0, 400),
    deadline=st.none() | st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    better=st.sampled_from(["higher", "lower"]),
    reaches=st.sampled_from(["", "likely", "open", "unlikely"]),
    handed_in=st.booleans(),
)


@given(seen)
def test_stale_or_unknown_is_never_green(one: Seen):
    judged = light.light(one)
    if judged.colour == "green":
        assert one.value is not None
        assert one.threshold is not None
        assert one.handed_in or (one.fresh is not None and one.fresh <= STALE_AFTER)


@given(seen)
def test_after_the_day_a_promise_is_kept_or_it_is_not_green(one: Seen):
    judged = light.light(one)
    if one.deadline and one.on > one.deadline and judged.colour == "green":
        assert one.threshold is not None
        assert one.value is not None
        assert one.threshold.met_by(one.value, better=one.better)


def test_on_pace_but_not_expected_to_get_there_is_yellow():
    on_pace = Seen(80, Threshold(">=", 90), TODAY, share_due=0.84, deadline=date(2025, 12, 31))
    assert light.light(on_pace).colour == "green"
    judged = light.light(Seen(80, Threshold(">=", 90), TODAY, 0.84, 0, date(2025, 12, 31), reaches="unlikely"))
    assert (judged.colour, judged.code) == ("yellow", "not-expected")
    # What is kept today is green whatever is expected.
    assert light.light(Seen(95, Threshold(">=", 90), TODAY, 0.84, reaches="unlikely")).colour == "green"


def test_nothing_handed_in_is_grey_until_the_day_and_red_after_it():
    waiting = Seen(None, Threshold(">=", 1), TODAY, deadline=date(2025, 12, 31), handed_in=True)
    late = Seen(None, Threshold(">=", 1), TODAY, deadline=date(2025, 10, 31), handed_in=True)
    assert light.light(waiting).code == "nothing-yet"
    assert light.light(late) == light.Judged("red", "nothing-by-due")


weights = st.lists(st.floats(1, 1e6), min_size=1, max_size=12)


@given(st.integers(0, 5000), weights)
def test_even_parts_of_a_count_are_whole_and_add_up(promised: int, given_weights: list[float]):
    parts = splitting.even_parts(promised, [(str(n), w) for n, w in enumerate(given_weights)], additive=True)
    assert sum(parts.values()) == promised
    assert all(value == int(value) >= 0 for value in parts.values())
    total = sum(given_weights)
    for n, weight in enumerate(given_weights):
        assert abs(parts[str(n)] - promised * weight / total) <= 1 + 1e-6


@given(st.integers(1, 500), weights)
def test_an_even_split_is_sound_and_needs_no_reason(promised: int, given_weights: list[float]):
    even = splitting.even_parts(promised, [(str(n), w) for n, w in enumerate(given_weights)], additive=True)
    parts = [Part(key, even[key], w) for key, w in zip(even, given_weights, strict=True)]
    checked = splitting.check(parts, Threshold(">=", promised), additive=True, uneven_share=0.1, uneven_points=0.05)
    assert checked.sound
    assert not checked.uneven


def check(parts: list[Part], promise: Threshold, *, additive: bool, better: str = "higher") -> splitting.Checked:
    return splitting.check(parts, promise, additive=additive, better=better, uneven_share=0.1, uneven_points=0.05)


def test_a_rate_is_held_together_by_the_people_behind_it():
    # The plain mean keeps 62 %, but most people live where less is promised.
    parts = [Part("a", 60, 900), Part("b", 70, 100)]
    checked = check(parts, Threshold(">=", 62), additive=False)
    assert checked.total == pytest.approx(61)
    assert (checked.problem, checked.uneven, checked.weighted) == ("below", ("a", "b"), True)
    assert check([Part("a", 62, 900), Part("b", 62, 100)], Threshold(">=", 62), additive=False).sound


@pytest.mark.parametrize(
    ("quotas", "promise", "problem"),
    [
        ([4, 5], Threshold(">=", 10), "below"),
        ([5, 5], Threshold(">=", 10), ""),
        ([6, 5], Threshold("=", 10), ""),  # 达 10 may be topped where more is better
        ([6, 5], Threshold("<=", 10), "above"),
        ([6, None], Threshold(">=", 10), "empty"),
        ([12, -1], Threshold(">=", 10), "negative"),
        ([6, 5], Threshold("between", 8, 10), "above"),
    ],
)
def test_counts_must_add_up(quotas: list[float | None], promise: Threshold, problem: str):
    parts = [Part(str(n), quota, 10) for n, quota in enumerate(quotas)]
    assert check(parts, promise, additive=True).problem == problem


def office(*more: tuple[str, bytes], types: bytes = b"<Types/>") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("word/document.xml", b"<w:document/>")
        for name, body in more:
            archive.writestr(name, body)
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF"
HIDDEN = zlib.compress(b"1 0 <</Type/Action/S/Java#53cript/J#53(app.alert(1))>>")
LIMITS = rules.declared().files
TEMPLATE_FROM_OUTSIDE = (
    b'<Relationship Type="http://x/relationships/attachedTemplate" Target="http://x/t.dotm" TargetMode="External"/>'
)


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("a.pdf", PDF, "pdf"),
        ("b.docx", office(), "docx"),
        ("c.png", b"\x89PNG\r\n\x1a\n....", "png"),
        ("d.jpeg", b"\xff\xd8\xff\xe0....", "jpg"),
        ("e.txt", "会议纪要".encode(), "txt"),
        ("f.csv", "姓名,数".encode("gb18030"), "csv"),
    ],
)
def test_what_is_taken(name: str, body: bytes, kind: str):
    assert sniffing.sniff(body, name, LIMITS) == kind


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.exe", b"MZ\x90\x00"),
        ("a.pdf", b"MZ\x90\x00"),  # a program called a paper
        ("a.sh", b"#!/bin/sh\nrm -rf /"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("a.docx", office(("word/vbaProject.bin", b"x"))),
        ("a.docx", office(("word/embeddings/oleObject1.bin", b"x"))),
        ("a.docx", office(types=b"<Types>application/vnd.ms-word.document.macroEnabled.main+xml</Types>")),
        (
            "a.docx",
            office(
                (
                    "word/_rels/settings.xml.rels",
                    TEMPLATE_FROM_OUTSIDE,
                )
            ),
        ),
        ("a.docx", office(("word/media/bomb", b"\0" * 40_000_000))),
        ("a.docx", office()[:-30]),
        ("a.pdf", b"%PDF-1.7\n<</OpenAction<</S/JavaScript/JS(x)>>>>"),
        ("a.pdf", b"%PDF-1.7\n1 0 obj<</Type/ObjStm>>stream\n" + HIDDEN + b"\nendstream"),
        ("a.pdf", b"%PDF-1.7\n<</Type/Filespec/EF<<>>/EmbeddedFile>>"),
        ("a.html", b"<!doctype html><script>alert(1)</script>"),
        ("a.svg", b"<svg onload='alert(1)'/>"),
        ("a.txt", b"<html>"),
        ("a.bin", b"\x00\x01\x02\x03"),
        ("a.png", PDF),  # the ending does not agree with the content
        ("a.zip", b"PK\x03\x04rest"),
    ],
)
def test_what_is_refused(name: str, body: bytes):
    with pytest.raises(UnreadableFile):
        sniffing.sniff(body, name, LIMITS)
