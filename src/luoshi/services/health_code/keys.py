"""The platform's keys: one file that only its owner may read, each key sealed, never in the database.

`LUOSHI_KEYS/health-code.json` holds a list, the last key signs, all verify until they are dropped. Private parts are sealed
under the data key (`platform.access.at_rest`), so a copy of the file alone opens nothing. The first key is made at first
use; several servers share the file.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from luoshi.kernel import sm, sm2
from luoshi.kernel.errors import Refused
from luoshi.kernel.health_code import SigningKey
from luoshi.platform.access import at_rest


def _file() -> Path:
    return Path(settings.LUOSHI_KEYS) / "health-code.json"


_memory: dict[tuple[str, int], list[SigningKey]] = {}


def known() -> list[SigningKey]:
    """All keys, the one that signs last; the first is made now when there is none. Raises `Refused` when others may read
    the file, or it cannot be opened."""
    path = _file()
    if not path.exists():
        _write([_new(1)], first=True)
    state = path.stat()
    if state.st_mode & 0o077:
        raise Refused("may be read by others.", where=path.name, todo="Run: chmod 600 on it, then rotate the key.")
    name = (str(path), state.st_mtime_ns)
    if name not in _memory:
        _memory.clear()
        _memory[name] = [_opened(entry) for entry in _read()]
    return _memory[name]


def current() -> SigningKey:
    """The key that signs."""
    return known()[-1]


def public() -> dict[int, sm2.Point]:
    """Public keys by number."""
    return {key.key_id: key.public for key in known()}


def rotate(*, keep: int = 2) -> int:
    """Sign with a new key from now on; the last `keep` old ones still verify. Returns the number of the new key."""
    entries = _read() if _file().exists() else []
    number = max((entry["key_id"] for entry in entries), default=0) + 1
    if number > 0xFFFF:
        raise Refused("All 65,535 numbers of keys are used.")
    _write([*(entries[-keep:] if keep else []), _new(number)])
    return number


def _new(number: int) -> dict[str, Any]:
    secret = json.dumps({"private": f"{sm2.new_private_key():064x}", "wrap": sm.new_key().hex()})
    return {
        "key_id": number,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "secret": at_rest.seal(secret, context=f"health-code:{number}"),
    }


def _opened(entry: dict[str, Any]) -> SigningKey:
    number = int(entry["key_id"])
    secret = json.loads(at_rest.unseal(entry["secret"], context=f"health-code:{number}"))
    private = int(secret["private"], 16)
    return SigningKey(number, private, bytes.fromhex(secret["wrap"]), sm2.public_key(private))


def _read() -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(_file().read_text("ascii"))["keys"]
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused("cannot be read.", where=_file().name, todo="Put back the file from the backup.") from error


def _write(entries: list[dict[str, Any]], *, first: bool = False) -> None:
    """Replace the file in one step; `first`: leave it alone when another process made one meanwhile."""
    path = _file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"keys": entries}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if first:
            try:
                path.hardlink_to(part)
            except FileExistsError:
                return
        else:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
