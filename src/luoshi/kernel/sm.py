"""SM3 (GB/T 32905-2016) and SM4 (GB/T 32907-2016) from the library `cryptography`, in the shapes we use.

`seal` and `unseal` are SM4 in Galois/counter mode: whoever changes a byte, or moves what was sealed to another place
(`context`), is noticed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from luoshi.kernel.errors import InvalidValue

KEY_BYTES = 16
_NONCE, _TAG = 12, 16
OVERHEAD = _NONCE + _TAG  # bytes that `seal` adds


def sm3(data: bytes) -> bytes:
    """The 32 bytes of SM3."""
    hashed = hashes.Hash(hashes.SM3())
    hashed.update(data)
    return hashed.finalize()


def sm4_block(key: bytes, block: bytes) -> bytes:
    """One block of 16 bytes, enciphered. For checking against the standard; use `seal` for data."""
    return Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(block)  # noqa: S305 (one block)


def new_key() -> bytes:
    """A fresh SM4 key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(data: bytes, key: bytes, *, context: bytes = b"") -> bytes:
    """`data` enciphered under `key` with a fresh nonce: nonce ‖ ciphertext ‖ tag. `context` must be the same to unseal."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(context)
    body = cipher.update(data) + cipher.finalize()
    return nonce + body + cipher.tag


def unseal(sealed: bytes, keys: Sequence[bytes], *, context: bytes = b"") -> bytes:
    """What was sealed under one of `keys`. Raises `InvalidValue` when it was none of them, or something was changed."""
    if len(sealed) >= OVERHEAD:
        nonce, body, tag = sealed[:_NONCE], sealed[_NONCE:-_TAG], sealed[-_TAG:]
        for key in keys:
            cipher = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
            cipher.authenticate_additional_data(context)
            try:
                return cipher.update(body) + cipher.finalize()
            except InvalidTag:
                continue
    raise InvalidValue("It cannot be deciphered: it was changed, or its key is not among those known here.")
