"""The resident's health code: what stands in the QR, and how anybody with the public key checks it. Pure.

```
LS1: + base32 of   version 1 | kind 1 | key id 2 | issued 4 | expires 4 | serial 8 | wrapped 44 | signature 64
```
`wrapped` is the resident's opaque id (16 random bytes) under SM4-GCM with the platform's key and a fresh nonce, bound to
what stands before it; only the platform opens it. `signature` is SM2 over all before it. Two dynamic codes of one person
have nothing in common that others could follow. There is no name, number or medical content in a code. Characters are
those of the alphanumeric mode of QR, and those a scanner that types like a keyboard types on every keyboard.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from luoshi.kernel import sm, sm2
from luoshi.kernel.errors import InvalidValue

PREFIX = "LS1:"
VERSION = 1
STATIC, DYNAMIC = "static", "dynamic"
_KINDS = {1: DYNAMIC, 2: STATIC}
_HEAD = struct.Struct(">BBHII8s")
_WRAPPED = 16 + sm.OVERHEAD
LENGTH = _HEAD.size + _WRAPPED + 64
REASONS = ("ok", "malformed", "unknown-key", "forged", "not-yet", "expired", "revoked")


@dataclass(frozen=True)
class SigningKey:
    """The platform's key of one number: `private` signs, `wrap` wraps. `repr` shows neither."""

    key_id: int
    private: int
    wrap: bytes
    public: sm2.Point

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"


@dataclass(frozen=True)
class Claims:
    """What a code says: `kind`, number of its key, seconds since 1970 from which and until which it holds, and a serial
    (16 hexadecimal digits) that is its own. `wrapped` is for the platform."""

    kind: str
    key_id: int
    issued: int
    expires: int
    serial: str
    wrapped: bytes
    head: bytes

    def opaque_id(self, wraps: Sequence[bytes]) -> str:
        """The resident's opaque id (32 hexadecimal digits). Raises `InvalidValue` without the key it was wrapped with."""
        return sm.unseal(self.wrapped, wraps, context=self.head).hex()


@dataclass(frozen=True)
class Verdict:
    """Whether a code holds now, and why not (`REASONS`). `claims` is there from `expired` on, when the signature held."""

    reason: str
    claims: Claims | None = None

    @property
    def valid(self) -> bool:
        """Whether the code may be trusted."""
        return self.reason == "ok"


def issue(opaque_id: str, key: SigningKey, *, kind: str, now: int, seconds: int) -> tuple[str, Claims]:
    """A code for an opaque id (32 hexadecimal digits), from `now` for `seconds`."""
    number = next(n for n, name in _KINDS.items() if name == kind)
    serial = secrets.token_bytes(8)
    head = _HEAD.pack(VERSION, number, key.key_id, now, now + seconds, serial)
    body = head + sm.seal(bytes.fromhex(opaque_id), key.wrap, context=head)
    signed = body + sm2.sign(body, key.private, public=key.public)
    text = PREFIX + base64.b32encode(signed).decode().rstrip("=")
    return text, Claims(kind, key.key_id, now, now + seconds, serial.hex(), body[_HEAD.size :], head)


def check(
    text: str,
    keys: Mapping[int, sm2.Point],
    *,
    now: int,
    skew: int = 0,
    revoked: Collection[str] = (),
) -> Verdict:
    """Check a code with public keys alone: shape, signature, time (`skew` seconds of doubt about the scanner's clock) and
    a list of revoked serials. Never raises for a bad code."""
    try:
        claims, signed, signature = _parse(text)
    except InvalidValue:
        return Verdict("malformed")
    public = keys.get(claims.key_id)
    if public is None:
        return Verdict("unknown-key")
    if not sm2.verify(signed, signature, public):
        return Verdict("forged")
    if now + skew < claims.issued:
        return Verdict("not-yet", claims)
    if now - skew >= claims.expires:
        return Verdict("expired", claims)
    if claims.serial in revoked:
        return Verdict("revoked", claims)
    return Verdict("ok", claims)


def _parse(text: str) -> tuple[Claims, bytes, bytes]:
    text = "".join(text.split()).upper()
    if not text.startswith(PREFIX):
        raise InvalidValue("It is no health code.")
    body = text[len(PREFIX) :]
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        raise InvalidValue("It is no health code.") from None
    if len(data) != LENGTH or base64.b32encode(data).decode().rstrip("=") != body:
        raise InvalidValue("It is no whole health code.")
    version, kind, key_id, issued, expires, serial = _HEAD.unpack_from(data)
    if version != VERSION or kind not in _KINDS:
        raise InvalidValue("It is a health code of another kind.")
    wrapped = data[_HEAD.size : _HEAD.size + _WRAPPED]
    claims = Claims(_KINDS[kind], key_id, issued, expires, serial.hex(), wrapped, data[: _HEAD.size])
    return claims, data[:-64], data[-64:]


def public_keys(keys: Sequence[SigningKey]) -> str:
    """The public keys as the text of a file for scanners: JSON, with the key in hexadecimal digits and as PEM."""
    listed = [
        {
            "key_id": key.key_id,
            "public": sm2.encode_point(key.public).hex(),
            "pem": "-----BEGIN PUBLIC KEY-----\n"
            + base64.encodebytes(sm2.spki(key.public)).decode()
            + "-----END PUBLIC KEY-----\n",
        }
        for key in keys
    ]
    return json.dumps({"curve": "sm2p256v1", "keys": listed}, indent=1) + "\n"


def read_public_keys(text: str) -> dict[int, sm2.Point]:
    """The keys of such a file by number. Raises `InvalidValue` when it is none."""
    try:
        return {
            int(entry["key_id"]): sm2.decode_point(bytes.fromhex(entry["public"])) for entry in json.loads(text)["keys"]
        }
    except (ValueError, KeyError, TypeError):
        raise InvalidValue("This is no file of public keys.", todo="`luoshi code export` writes one.") from None


def revocations(serials: Collection[str], key: SigningKey, *, now: int, seconds: int) -> str:
    """The list of revoked serials as the text of a signed file that is good until `now + seconds`."""
    body = {"issued": now, "good_until": now + seconds, "key_id": key.key_id, "serials": sorted(serials)}
    signature = sm2.sign(_canonical(body), key.private, public=key.public)
    return json.dumps(body | {"signature": signature.hex()}, indent=1) + "\n"


def read_revocations(text: str, keys: Mapping[int, sm2.Point], *, now: int) -> frozenset[str]:
    """The serials of such a file. Raises `InvalidValue` when it is none, was changed, or is older than it may be."""
    todo = "Fetch a fresh one (`luoshi code export`)."
    try:
        found: dict[str, Any] = json.loads(text)
        signature = bytes.fromhex(found.pop("signature"))
        public = keys[int(found["key_id"])]
        until, serials = int(found["good_until"]), frozenset(map(str, found["serials"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidValue("This is no list of revoked codes, or its key is unknown.", todo=todo) from None
    if not sm2.verify(_canonical(found), signature, public):
        raise InvalidValue("The list of revoked codes was changed after it was signed.", todo=todo)
    if now > until:
        raise InvalidValue("The list of revoked codes is too old to rely on.", todo=todo)
    return serials


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
