"""How a pack is closed: AES-256-GCM under a key of its own, which the passphrase opens (PBKDF2-SHA-256, 600 000 rounds).

What comes back is encrypted with the same key, so the platform, which keeps the key sealed, needs no passphrase, and
nobody without the pack can make an upload. Browsers do AES-GCM and PBKDF2 by themselves, also on a page opened from a
file.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue, UnreadableFile

ROUNDS = 600_000
LEAST = 10  # characters of a passphrase


def new_key() -> bytes:
    """A key for one pack."""
    return secrets.token_bytes(32)


def locked(key: bytes, passphrase: str, code: str) -> dict[str, Any]:
    """The key, closed with a passphrase. Raises `InvalidValue` for one that is too short."""
    if len(passphrase) < LEAST or len(set(passphrase)) < 5:
        raise InvalidValue(_("口令至少%(n)s个字符，不能过于简单。") % {"n": LEAST})
    salt = secrets.token_bytes(16)
    opener = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase.encode())
    return {"salt": _text(salt), "rounds": ROUNDS, "key": close(key, opener, f"key:{code}")}


def close(body: bytes, key: bytes, context: str) -> str:
    """Encrypted, as text; `context` is bound in."""
    nonce = secrets.token_bytes(12)
    return _text(nonce + AESGCM(key).encrypt(nonce, body, context.encode()))


def open_(text: str, key: bytes, context: str) -> bytes:
    """What was closed. Raises `UnreadableFile` when it was not made with this key or was changed."""
    try:
        raw = base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(raw[:12], raw[12:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise UnreadableFile(_("文件不是这个离线包导出的，或已被改动。"), todo=_("请重新从离线页面导出。")) from error


def envelope(body: bytes) -> dict[str, Any]:
    """The outside of an upload: which pack, which serial number, the closed text. Raises `UnreadableFile`."""
    if len(body) > 20_000_000:
        raise UnreadableFile(_("文件过大。"))
    try:
        found = json.loads(body)
        if found["kind"] != "luoshi-chronic-upload" or not isinstance(found["body"], str):
            raise ValueError(found["kind"])
        return {"pack": str(found["pack"]), "body": found["body"]}
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise UnreadableFile(_("这不是离线包导出的文件。"), todo=_("请选择离线页面导出的 .json 文件。")) from error


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
