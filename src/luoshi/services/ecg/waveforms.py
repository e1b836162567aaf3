"""Waveforms of an ECG: read from WFDB (.hea with .dat, or both in a zip), DICOM (12-lead or general ECG) and HL7 aECG (XML).

SCP-ECG is known and refused in words: no kept library reads it (decision 100). Whatever the file, a `Tracing` holds leads
in millivolts.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePath

import numpy as np
from django.utils.translation import gettext as _
from lxml import etree

from luoshi.kernel import clock
from luoshi.kernel.errors import UnreadableFile

LIMIT = 40 * 1024 * 1024
_LONGEST = 24 * 3600 * 1000  # samples of a lead
STANDARD = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_NAMES = {name.upper(): name for name in STANDARD} | {"MLII": "MLII", "AVR": "aVR", "AVL": "aVL", "AVF": "aVF"}
_HL7 = "{urn:hl7-org:v3}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
_UNITS = {"UV": 0.001, "µV": 0.001, "ΜV": 0.001, "MV": 1.0, "V": 1000.0, "NV": 0.000001}


@dataclass(frozen=True)
class Tracing:
    """Leads by name in the order of the file; `samples` are millivolts (samples × leads, float32), `frequency` in hertz.
    `patient`: the number the file itself carries, "" for none."""

    leads: tuple[str, ...]
    samples: np.ndarray
    frequency: float
    taken: datetime | None
    patient: str
    format: str

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.frequency

    def lead(self, name: str) -> np.ndarray | None:
        """One lead in millivolts."""
        return self.samples[:, self.leads.index(name)] if name in self.leads else None


def read(files: Mapping[str, bytes]) -> Tracing:
    """The tracing of one upload: file names with their bytes. Raises `UnreadableFile` saying what is wrong."""
    if not files:
        raise UnreadableFile(_("没有文件。"))
    if sum(map(len, files.values())) > LIMIT:
        raise UnreadableFile(_("文件超过 40 MB。"))
    files = {PurePath(name.replace("\\", "/")).name: data for name, data in files.items()}
    if len(files) == 1:
        name, data = next(iter(files.items()))
        if data[:4] == b"PK\x03\x04":
            files = _unzipped(data)
        elif data[128:132] == b"DICM":
            return _checked(_dicom(data))
        elif data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            return _checked(_aecg(data))
        elif data[16:22] == b"SCPECG":  # the reserved bytes of section 0
            raise UnreadableFile(
                _("这是 SCP-ECG 文件，本系统不支持。"),
                todo=_("请在心电图机或其工作站上导出 DICOM 或 HL7 aECG 再上传。"),
            )
        elif not name.endswith(".hea"):
            raise UnreadableFile(_("不是可识别的心电文件。"), todo=_("支持 WFDB（.hea 与 .dat）、DICOM、HL7 aECG。"))
    return _checked(_wfdb(files))


def _unzipped(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            if sum(info.file_size for info in box.infolist()) > LIMIT:
                raise UnreadableFile(_("文件超过 40 MB。"))
            return {PurePath(i.filename).name: box.read(i) for i in box.infolist() if not i.is_dir()}
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise UnreadableFile(_("压缩包已损坏或加密。")) from error


def _checked(tracing: Tracing) -> Tracing:
    if not tracing.leads or not len(tracing.samples):
        raise UnreadableFile(_("文件中没有波形。"))
    if not 50 <= tracing.frequency <= 8000 or len(tracing.samples) > _LONGEST:
        raise UnreadableFile(_("采样率或时长不合理。"))
    if tracing.seconds < 2:
        raise UnreadableFile(_("波形不足2秒，无法判读。"))
    if not np.isfinite(tracing.samples).any():
        raise UnreadableFile(_("文件中没有波形。"))
    return tracing


def _name(text: str) -> str:
    """A lead as it is called on paper; an unknown one as the file has it."""
    plain = text.strip().removeprefix("MDC_ECG_LEAD_").removeprefix("Lead ").strip()
    return _NAMES.get(plain.upper(), plain[:12])


def _wfdb(files: Mapping[str, bytes]) -> Tracing:
    headers = [name for name in files if name.endswith(".hea")]
    if len(headers) != 1:
        raise UnreadableFile(_("WFDB 记录须有一个 .hea 文件。"), todo=_("把 .hea 和 .dat 一起上传，或打成一个 zip。"))
    try:
        import wfdb
    except ImportError as error:  # the optional set `ecg` is not installed
        raise UnreadableFile(_("本系统未安装 WFDB 读取组件。"), todo="pip install 'luoshi[ecg]'") from error
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        record = str(Path(folder) / headers[0].removesuffix(".hea"))
        try:
            header = wfdb.rdheader(record)
            # A header may name any file, or an address: only what came with it is read.
            if missing := set(header.file_name or [""]) - set(files):
                raise UnreadableFile(
                    _("缺少 .hea 所指的数据文件：%(names)s。") % {"names": ", ".join(sorted(missing))[:200]}
                )
            found = wfdb.rdrecord(record)
        except UnreadableFile:
            raise
        except Exception as error:  # whatever a damaged file provokes in the library
            raise UnreadableFile(_("WFDB 文件已损坏。")) from error
    if found.p_signal is None:
        raise UnreadableFile(_("文件中没有波形。"))
    factors = [_UNITS.get(str(unit).upper(), 1.0) for unit in found.units]
    taken = (
        datetime.combine(found.base_date, found.base_time, clock.CHINA) if found.base_date and found.base_time else None
    )
    samples = (found.p_signal * np.array(factors)).astype(np.float32)
    return Tracing(tuple(map(_name, found.sig_name)), samples, float(found.fs), taken, "", "wfdb")


def _dicom(data: bytes) -> Tracing:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        whole = pydicom.dcmread(io.BytesIO(data))
        groups = list(whole.get("WaveformSequence") or ())
        if not groups:
            raise UnreadableFile(_("这个 DICOM 文件不是心电波形。"))
        # The rhythm group is the longest; a median beat (derived) is not read.
        kept = [g for g in groups if g.get("WaveformOriginality", "ORIGINAL") == "ORIGINAL"] or groups
        group = max(kept, key=lambda g: int(g.NumberOfWaveformSamples))
        values = whole.waveform_array(groups.index(group))
        leads, factors = [], []
        for channel in group.ChannelDefinitionSequence:
            source = channel.ChannelSourceSequence[0]
            leads.append(_name(str(source.get("CodeMeaning") or channel.get("ChannelLabel") or "")))
            units = channel.get("ChannelSensitivityUnitsSequence")
            factors.append(_UNITS.get(str(units[0].CodeValue).upper() if units else "UV", 0.001))
        text = str(whole.get("AcquisitionDateTime") or "")[:14]
        taken = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=clock.CHINA) if len(text) == 14 else None
        frequency = float(group.SamplingFrequency)
    except UnreadableFile:
        raise
    except (
        InvalidDicomError,
        AttributeError,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        NotImplementedError,
    ) as error:
        raise UnreadableFile(_("DICOM 文件已损坏。")) from error
    samples = (values * np.array(factors)).astype(np.float32)
    return Tracing(tuple(leads), samples, frequency, taken, str(whole.get("PatientID") or "").strip(), "dicom")


def _aecg(data: bytes) -> Tracing:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(_("XML 文件已损坏。")) from error
    if root.tag != f"{_HL7}AnnotatedECG":
        raise UnreadableFile(_("这个 XML 文件不是 HL7 aECG。"))
    try:
        sequences = next(iter(root.iter(f"{_HL7}sequenceSet")))
        frequency, leads, columns = 0.0, [], []
        for sequence in sequences.iter(f"{_HL7}sequence"):
            code, value = _one(sequence, "code").get("code", ""), _one(sequence, "value")
            if code.startswith("TIME_"):
                step = _one(value, "increment")
                seconds = float(step.get("value", "0")) * {"s": 1.0, "ms": 0.001, "us": 0.000001}[step.get("unit", "s")]
                frequency = 1 / seconds
            elif code.startswith("MDC_ECG_LEAD_") and (value.get(_XSI) or "").endswith("SLIST_PQ"):
                origin, scale = _one(value, "origin"), _one(value, "scale")
                digits = np.array((_one(value, "digits").text or "").split(), dtype=np.float64)
                columns.append(
                    digits * float(scale.get("value", "1")) * _UNITS[scale.get("unit", "uV").upper()]
                    + float(origin.get("value", "0")) * _UNITS[origin.get("unit", "uV").upper()]
                )
                leads.append(_name(code))
        length = min(map(len, columns), default=0)
        samples = np.array([c[:length] for c in columns], dtype=np.float32).T
        moment = next(root.iter(f"{_HL7}effectiveTime"), None)
        low = (
            None
            if moment is None
            else next(
                (moment.find(f"{_HL7}{n}") for n in ("low", "center") if moment.find(f"{_HL7}{n}") is not None), None
            )
        )
        taken = _instant("" if low is None else low.get("value", ""))
        subject = next(root.iter(f"{_HL7}trialSubject"), None)
        number = None if subject is None else subject.find(f"{_HL7}id")
        patient = "" if number is None else str(number.get("extension") or "")
    except (StopIteration, KeyError, ValueError, ZeroDivisionError) as error:
        raise UnreadableFile(_("aECG 文件缺少波形或单位。")) from error
    return Tracing(tuple(leads), samples, frequency, taken, patient, "aecg")


def _one(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(f"{_HL7}{name}")
    if found is None:
        raise KeyError(name)
    return found


def _instant(text: str) -> datetime | None:
    digits = text.split(".")[0].split("+")[0]
    if len(digits) < 14 or not digits[:14].isdigit():
        return None
    return datetime.strptime(digits[:14], "%Y%m%d%H%M%S").replace(tzinfo=clock.CHINA)


# --- keeping ----------------------------------------------------------------------------------------------------------


def pack(samples: np.ndarray) -> bytes:
    """Millivolts as whole microvolts of 16 bits, compressed; what is no number becomes the lowest value."""
    whole = np.clip(np.round(samples.astype(np.float64) * 1000), -32767, 32767)
    return zlib.compress(np.where(np.isfinite(samples), whole, -32768).astype("<i2").tobytes(), 6)


def unpack(data: bytes, leads: Sequence[str]) -> np.ndarray:
    """The millivolts that were packed, to the microvolt."""
    whole = np.frombuffer(zlib.decompress(data), "<i2").reshape(-1, len(leads)).astype(np.float32)
    return np.where(whole == -32768, np.nan, whole / 1000).astype(np.float32)


def day_of(tracing: Tracing, fallback: date) -> date:
    """The day it was taken."""
    return tracing.taken.date() if tracing.taken else fallback
