"""Office files are zip archives; packed anew with fixed times, the same content is the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

# The first moment a zip archive can name.
EPOCH = (1980, 1, 1, 0, 0, 0)
# What the properties of a file say it was made; a paper carries its own date.
MADE = datetime(2000, 1, 1)  # noqa: DTZ001 (properties of office files have no zone)


def packed(archive: bytes) -> bytes:
    """The archive with the same members in the same order, times and attributes fixed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            made.writestr(info, given.read(name))
    return out.getvalue()
