"""A secret kept in a file, made at first use by whichever process comes first."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from luoshi.kernel.errors import UnreadableFile


def kept_secret(path: Path, made: str) -> str:
    """What the file `path` holds; where there is none, `made`, from now on kept there for the owner alone.

    The file appears whole or not at all, so two processes that begin at once, or one that is killed, never leave a short
    one. Raises `UnreadableFile` for an empty file: an empty key would lock nothing.
    """
    if not path.exists():
        # Readable by the owner alone, and gone from its own name at the end.
        with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent, prefix=f".{path.name}-") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first
                path.hardlink_to(file.name)
    kept = path.read_text("ascii").strip()
    if not kept:
        raise UnreadableFile(
            f"{path}: the key is empty.",
            todo="Put the key back from a backup; where nothing was kept with it yet, remove the file.",
        )
    return kept
