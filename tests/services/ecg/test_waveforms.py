"""Files in, paper out, intervals measured; without a database."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.errors import UnreadableFile
from luoshi.services.ecg import drawing, measuring, waveforms
from luoshi.simulate import exams


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        for name, data in files.items():
            box.writestr(f"folder/{name}", data)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["wfdb", "zip", "dicom", "aecg"])
def test_every_format_gives_the_same_millivolts(kind: str, signal: np.ndarray, request: pytest.FixtureRequest):
    if kind in ("wfdb", "zip"):
        files = request.getfixturevalue("wfdb_files")
        files = files if kind == "wfdb" else {"x.zip": zipped(files)}
    else:
        files = {"x": request.getfixturevalue(f"{kind}_file")}
    read = waveforms.read(files)
    assert (read.leads, read.frequency, read.seconds) == (exams.LEADS, 500, 10)
    assert np.abs(read.samples - signal).max() < 0.002
    if kind in ("dicom", "aecg"):
        assert read.taken.isoformat() == "2025-11-03T08:30:00+08:00"


def test_a_header_reads_only_what_came_with_it(wfdb_files: dict[str, bytes]):
    header = wfdb_files["one.hea"]
    for elsewhere in (b"/etc/passwd", b"../../secret.dat", b"https://example.org/x.dat", b"two.dat"):
        files = {**wfdb_files, "one.hea": header.replace(b"one.dat", elsewhere)}
        with pytest.raises(UnreadableFile):
            waveforms.read(files)
    with pytest.raises(UnreadableFile):
        waveforms.read({"one.hea": header})


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<x/>", b"<?xml version='1.0'?><AnnotatedECG xmlns='urn:hl7-org:v3'/>", b"PK\x03\x04broken",
     b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", b"\0" * 128 + b"DICM" + b"\1\2\3"],
)  # fmt: skip
def test_what_is_no_ecg_is_refused_in_words(data: bytes):
    with pytest.raises(UnreadableFile) as told:
        waveforms.read({"x.dat": data})
    assert re.search(r"[\u4e00-\u9fff]", told.value.message)


def test_scp_is_refused_by_its_name():
    """Whoever uploads it is told what it is and what to do, not that the file is broken."""
    head = (
        b"\x34\x12" + (400).to_bytes(4, "little") + b"\0\0\0\0" + (136).to_bytes(4, "little") + b"\x14\x14" + b"SCPECG"
    )
    with pytest.raises(UnreadableFile) as told:
        waveforms.read({"rest.scp": head + b"\0" * 378})
    assert "SCP-ECG" in told.value.message
    assert "DICOM" in (told.value.todo or "")


def test_a_cut_file_is_refused(dicom_file: bytes, aecg_file: bytes, wfdb_files: dict[str, bytes]):
    for data in (dicom_file[:4000], aecg_file[: len(aecg_file) // 2]):
        with pytest.raises(UnreadableFile):
            waveforms.read({"x": data})
    with pytest.raises(UnreadableFile):
        waveforms.read({**wfdb_files, "one.dat": wfdb_files["one.dat"][:100]})


def test_a_picture_in_dicom_is_no_ecg(dicom_file: bytes):
    import pydicom

    whole = pydicom.dcmread(io.BytesIO(dicom_file))
    del whole.WaveformSequence
    out = io.BytesIO()
    whole.save_as(out)
    with pytest.raises(UnreadableFile, match="不是心电"):
        waveforms.read({"x": out.getvalue()})


@given(
    st.lists(st.one_of(st.floats(-30, 30), st.just(float("nan"))), min_size=4, max_size=40).filter(
        lambda x: len(x) % 2 == 0
    )
)
def test_what_is_packed_comes_back_to_the_microvolt(values: list[float]):
    samples = np.array(values, dtype=np.float32).reshape(-1, 2)
    back = waveforms.unpack(waveforms.pack(samples), ("I", "II"))
    assert (np.isnan(back) == np.isnan(samples)).all()
    assert np.nanmax(np.abs(np.nan_to_num(back - samples))) <= 0.0006


# Paper ----------------------------------------------------------------------------------------------------------------


def points(path: str) -> list[tuple[float, float]]:
    """The corners of a path of our own making."""
    found, x, y = [], 0.0, 0.0
    for piece in re.findall(r"M[^M]+", path):
        start, _, rest = piece[1:].partition("l")
        x, y = map(float, start.split())
        found.append((x, y))
        numbers = list(map(float, rest.split()))
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            found.append((x, y))
    return found


def tracing(leads: tuple[str, ...], samples: np.ndarray, frequency: float = 500) -> waveforms.Tracing:
    return waveforms.Tracing(leads, samples.astype(np.float32), frequency, None, "", "wfdb")


def test_the_paper_is_true_to_scale():
    # A millivolt for a second, then nothing: 25 mm long, 10 mm high.
    samples = np.zeros((5000, 12))
    samples[500:1000, :] = 1.0
    drawn = ET.fromstring(drawing.svg(tracing(exams.LEADS, samples), heading=["王<小>明"], title='a"b'))
    assert (drawn.get("width"), drawn.get("height"), drawn.get("viewBox")) == ("297mm", "210mm", "0 0 29700 21000")
    leads = [p for p in drawn.iter("{http://www.w3.org/2000/svg}path") if p.get("class") == "lead"]
    assert [p.get("data-lead") for p in leads] == [*exams.LEADS, "II"]
    rhythm = points(leads[-1].get("d"))
    top = min(y for _, y in rhythm)
    base = rhythm[0][1]
    assert base - top == 1000  # 10 mm
    high = [x for x, y in rhythm if y == top]
    assert max(high) - min(high) == pytest.approx(2500, abs=6)  # 25 mm
    assert rhythm[-1][0] - rhythm[0][0] == pytest.approx(25000, abs=6)  # 10 s = 250 mm
    columns = [points(p.get("d")) for p in leads[:12]]
    assert [round(c[0][0]) for c in columns[::3]] == [3000, 9250, 15500, 21750]
    inside = [p for c in columns for p in c]
    assert max(x for x, _ in inside) <= 29700
    assert max(y for _, y in inside) <= 21000
    assert len(rhythm) == 1 + 5000  # where the pen is set down, and every sample


def test_other_leads_stand_below_each_other_and_gaps_stay_gaps():
    samples = np.zeros((3600, 2))
    samples[100:200, 0] = np.nan
    drawn = drawing.svg(tracing(("MLII", "V5"), samples, 360))
    assert drawn.count('class="lead"') == 2
    assert drawn.count('class="pulse"') == 2
    first = re.search(r'data-lead="MLII" d="([^"]+)"', drawn)[1]
    assert first.count("M") == 2
    ET.fromstring(drawn)


# Measuring ------------------------------------------------------------------------------------------------------------

needs_library = pytest.mark.skipif(not measuring.available(), reason="the optional set `ecg` is not installed")


@needs_library
@pytest.mark.parametrize("rate", [48, 72, 130])
def test_the_rate_is_that_of_the_formula(rate: int):
    samples, peaks = exams.ecg(exams.Heart(rate=rate), seed=rate)
    found = measuring.measure(tracing(exams.LEADS, samples))
    true = 60 / np.diff(peaks).mean()
    assert found.rate == pytest.approx(true, rel=0.03)
    assert abs(found.beats - len(peaks)) <= 1
    assert found.lead == "II"
    if found.qt is not None:
        assert 250 <= found.qt <= 480
        assert found.qtc == pytest.approx(found.qt / (60 / found.rate) ** (1 / 3), rel=0.02)


@needs_library
def test_what_cannot_be_told_is_not_told():
    flat = measuring.measure(tracing(("II",), np.zeros((5000, 1))))
    assert (flat.beats, flat.rate, flat.qt) == (0, None, None)
    noise = measuring.measure(tracing(("II",), np.random.default_rng(1).normal(0, 0.3, (5000, 1))))
    assert noise.qt is None or 200 <= noise.qt <= 700


@needs_library
def test_beats_of_the_mit_bih_record(shared_dir: Path):
    """Against the reference annotations, within 150 ms: sensitivity and positive predictive value."""
    wfdb = pytest.importorskip("wfdb", reason="the optional set `ecg` is not installed")
    from wfdb import processing

    folder = shared_dir / "facts" / "ecg-mitdb-100"
    if not (folder / "100.dat").exists():
        pytest.skip("MIT-BIH record 100 is not among the shared reference material")
    read = waveforms.read({name: (folder / name).read_bytes() for name in ("100.hea", "100.dat")})
    assert (read.leads, read.frequency, round(read.seconds)) == (("MLII", "V5"), 360, 1806)
    found = measuring.beats(read)
    reference = wfdb.rdann(str(folder / "100"), "atr")
    true = reference.sample[[symbol in "NLRBAaJSVrFejnE/fQ" for symbol in reference.symbol]]
    told = processing.compare_annotations(true, found, int(0.15 * 360))
    assert len(true) == 2273
    assert told.sensitivity >= 0.998
    assert told.positive_predictivity >= 0.999
    rate = measuring.measure(read).rate
    assert rate == pytest.approx(60 / np.diff(true / 360).mean(), rel=0.01)
