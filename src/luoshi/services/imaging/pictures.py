"""Pictures of DICOM instances: what a file says of itself, and a frame as PNG with window and level.

pydicom reads, Pillow draws. Uncompressed and RLE frames are decoded by pydicom itself; for others the caller falls back to
the archive's own rendering.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pydicom
from django.utils.translation import gettext as _
from PIL import Image
from pydicom.errors import InvalidDicomError

from luoshi.kernel.errors import UnreadableFile


@dataclass(frozen=True)
class Header:
    """What an instance says of itself."""

    patient: str
    study: str
    series: str
    instance: str
    sop_class: str
    modality: str
    part: str
    description: str
    day: str
    time: str
    accession: str
    number: int
    frames: int


class Undecodable(Exception):
    """The frame is compressed in a way pydicom does not read alone."""


def header(data: bytes) -> Header:
    """The header of an instance. Raises `UnreadableFile` for what is no DICOM file or does not say what it is."""
    try:
        whole = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
    except (InvalidDicomError, EOFError, ValueError, KeyError, AttributeError, NotImplementedError, TypeError) as error:
        raise UnreadableFile(_("不是可读的 DICOM 文件。")) from error

    def text(name: str) -> str:
        return str(whole.get(name) or "").strip()

    found = Header(
        patient=text("PatientID"), study=text("StudyInstanceUID"), series=text("SeriesInstanceUID"),
        instance=text("SOPInstanceUID"), sop_class=text("SOPClassUID"), modality=text("Modality"),
        part=text("BodyPartExamined"), description=text("StudyDescription"), day=text("StudyDate"), time=text("StudyTime"),
        accession=text("AccessionNumber"), number=int(whole.get("InstanceNumber") or 0),
        frames=int(whole.get("NumberOfFrames") or 1),
    )  # fmt: skip
    if not (found.study and found.series and found.instance):
        raise UnreadableFile(_("DICOM 文件缺少检查、序列或实例编号。"))
    return found


def png(data: bytes, *, frame: int = 0, center: float | None = None, width: float | None = None) -> bytes:
    """One frame (from 0) as PNG, windowed: by `center` and `width`, else by the file's first window, else by its range.

    The window is the linear one of PS3.3 C.11.2.1.2. Raises `UnreadableFile` for no picture or no such frame,
    `Undecodable`.
    """
    try:
        whole = pydicom.dcmread(io.BytesIO(data))
    except (InvalidDicomError, EOFError, ValueError) as error:
        raise UnreadableFile(_("不是可读的 DICOM 文件。")) from error
    if "PixelData" not in whole:
        raise UnreadableFile(_("这个 DICOM 文件没有图像。"))
    try:
        pixels = whole.pixel_array
    except (NotImplementedError, RuntimeError, ValueError, AttributeError) as error:
        raise Undecodable(str(error)) from error
    colour = int(whole.get("SamplesPerPixel") or 1) > 1
    stack = pixels if pixels.ndim == (4 if colour else 3) else pixels[None]
    if not 0 <= frame < len(stack):
        raise UnreadableFile(_("没有这一帧。"))
    picture = stack[frame]
    if not colour:
        values = picture.astype(np.float64) * float(whole.get("RescaleSlope") or 1) + float(
            whole.get("RescaleIntercept") or 0
        )
        middle, span = _window(whole, values, center, width)
        shown = ((values - (middle - 0.5)) / max(span - 1, 1) + 0.5) * 255
        picture = np.clip(np.round(shown), 0, 255).astype(np.uint8)
        if str(whole.get("PhotometricInterpretation")) == "MONOCHROME1":
            picture = 255 - picture
    out = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _window(
    whole: pydicom.Dataset, values: np.ndarray, center: float | None, width: float | None
) -> tuple[float, float]:
    if center is not None and width is not None:
        return center, width
    given = []
    for name in ("WindowCenter", "WindowWidth"):
        found = whole.get(name)
        found = found[0] if isinstance(found, pydicom.multival.MultiValue) and found else found
        given.append(float(found) if found not in (None, "") else None)
    if given[0] is not None and given[1]:
        return given[0], given[1]
    low, high = float(values.min()), float(values.max())
    return (low + high) / 2 + 0.5, high - low + 1
