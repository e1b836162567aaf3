"""Files of ECGs in every format that is read, made from one invented heart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luoshi.simulate import exams

FREQUENCY = 500


@pytest.fixture(scope="session")
def signal() -> np.ndarray:
    """Ten seconds of twelve leads at 72 beats a minute, millivolts."""
    return exams.ecg(exams.Heart(rate=72), seconds=10, frequency=FREQUENCY, seed=5)[0]


@pytest.fixture(scope="session")
def wfdb_files(signal: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The header and the signal file."""
    wfdb = pytest.importorskip("wfdb", reason="the optional set `ecg` is not installed")
    folder = tmp_path_factory.mktemp("wfdb")
    wfdb.wrsamp(
        "one", fs=FREQUENCY, units=["mV"] * 12, sig_name=list(exams.LEADS), p_signal=signal, fmt=["16"] * 12,
        write_dir=str(folder),
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.fixture(scope="session")
def dicom_file(signal: np.ndarray) -> bytes:
    """A 12-lead ECG waveform object."""
    return make_dicom(signal)


def make_dicom(signal: np.ndarray, patient: str = "", leads: tuple[str, ...] = exams.LEADS) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    whole = Dataset()
    whole.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    whole.SOPInstanceUID = generate_uid()
    whole.PatientID, whole.Modality, whole.AcquisitionDateTime = patient, "ECG", "20251103083000"
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels = "ORIGINAL", len(leads)
    group.NumberOfWaveformSamples, group.SamplingFrequency = len(signal), FREQUENCY
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    channels = []
    for name in leads:
        channel, source, unit = Dataset(), Dataset(), Dataset()
        source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "5.6.3-9-1", "SCPECG", f"Lead {name}"
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
        channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = 1, 1, 0
        channel.WaveformBitsStored = 16
        channels.append(channel)
    group.ChannelDefinitionSequence = channels
    group.WaveformData = np.round(signal * 1000).astype("<i2").tobytes()
    whole.WaveformSequence = [group]
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID
    out = io.BytesIO()
    whole.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="session")
def aecg_file(signal: np.ndarray) -> bytes:
    """An HL7 aECG."""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}"/><value xsi:type="SLIST_PQ">'
        f'<origin value="0" unit="uV"/><scale value="2.5" unit="uV"/><digits>{_digits(signal[:, n])}</digits>'
        "</value></sequence></component>"
        for n, name in enumerate(exams.LEADS)
    )
    return (
        '<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<effectiveTime><low value="20251103083000.000"/></effectiveTime>'
        "<component><series><component><sequenceSet>"
        '<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="20251103083000.000"/>'
        '<increment value="0.002" unit="s"/></value></sequence></component>'
        f"{sequences}</sequenceSet></component></series></component></AnnotatedECG>"
    ).encode()


def _digits(lead: Any) -> str:
    return " ".join(str(v) for v in np.round(lead * 400).astype(int))
