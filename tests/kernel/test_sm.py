"""SM2, SM3 and SM4 against the examples printed in the standards, against OpenSSL, and against people who cheat."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel import sm, sm2
from luoshi.kernel.errors import InvalidValue


# GB/T 32905-2016, annex A: the two examples.
@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3(message, digest):
    assert sm.sm3(message).hex() == digest


# GB/T 32907-2016, annex A: key and block are the same; example 2 enciphers it a million times.
SM4_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")


def test_sm4():
    assert sm.sm4_block(SM4_KEY, SM4_KEY).hex() == "681edf34d206965e86b3e94f536e4246"
    encipher, block = Cipher(algorithms.SM4(SM4_KEY), modes.ECB()).encryptor(), SM4_KEY
    for _ in range(1_000_000):
        block = encipher.update(block)
    assert block.hex() == "595298c7c6fd271f0402f804c33d3f66"


# GB/T 32918.5-2017, annex A.2: private key, public key, k, digest and signature of "message digest".
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
PUBLIC = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
MESSAGE = b"message digest"


def test_sm2_as_in_the_standard():
    assert sm2.public_key(PRIVATE) == PUBLIC
    assert sm2.digest(MESSAGE, PUBLIC) == E
    assert sm2.sign_digest(E, PRIVATE, K) == SIGNATURE
    assert sm2.verify(MESSAGE, SIGNATURE, PUBLIC)


@settings(max_examples=12, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 511), st.integers(1, sm2.N - 2))
def test_sm2_signs_and_notices_a_changed_bit(message, bit, private):
    public = sm2.public_key(private)
    signature = sm2.sign(message, private)
    assert sm2.verify(message, signature, public)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not sm2.verify(message, bytes(changed), public)
    assert not sm2.verify(message + b"\0", signature, public)
    assert not sm2.verify(message, signature, public, identity=b"another")


def test_sm2_refuses_what_is_out_of_range():
    zero, order = bytes(32), sm2.N.to_bytes(32, "big")
    half = SIGNATURE[:32]
    for forged in (
        zero + SIGNATURE[32:], half + zero, order + SIGNATURE[32:], half + order, b"", SIGNATURE + b"\0", bytes(64),
        half + (sm2.N - int.from_bytes(half, "big")).to_bytes(32, "big"),  # r + s = n
    ):  # fmt: skip
        assert not sm2.verify(MESSAGE, forged, PUBLIC)
    assert not sm2.verify(MESSAGE, SIGNATURE, (PUBLIC[0], PUBLIC[1] ^ 1))
    assert sm2.decode_point(sm2.encode_point(PUBLIC)) == PUBLIC
    for data in (b"", bytes(65), sm2.encode_point((PUBLIC[0], PUBLIC[1] ^ 1)), sm2.encode_point(PUBLIC)[1:]):
        with pytest.raises(InvalidValue):
            sm2.decode_point(data)
    for private in (0, sm2.N - 1, sm2.N, -1):
        with pytest.raises(InvalidValue):
            sm2.public_key(private)


@pytest.mark.parametrize("scalar", [1, 2, 3, sm2.N - 1, sm2.N - 2, 2**255, 2**256 - 1])
def test_the_ladder_agrees_with_adding(scalar):
    expected, term, left = (1, 1, 0), (*sm2.G, 1), scalar % sm2.N
    while left:
        if left & 1:
            expected = sm2._add(expected, term)
        term, left = sm2._double(term), left >> 1
    assert sm2._multiply(scalar, sm2.G) == sm2._affine(expected)
    assert sm2._multiply(sm2.N, sm2.G) is None


def test_openssl_agrees(tmp_path):
    """An implementation by others, where the machine has one, accepts our signature and our public key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on the path")
    private = sm2.new_private_key()
    signature = sm2.sign(MESSAGE, private)
    pem = base64.encodebytes(sm2.spki(sm2.public_key(private))).decode()
    (tmp_path / "key").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n")
    (tmp_path / "message").write_bytes(MESSAGE)
    halves = b"".join(_der_integer(int.from_bytes(half, "big")) for half in (signature[:32], signature[32:]))
    (tmp_path / "signature").write_bytes(b"\x30" + bytes([len(halves)]) + halves)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-digest", "sm3",
               "-in", "message", "-sigfile", "signature", "-pkeyopt", "distid:1234567812345678"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "unsupported" in done.stderr.lower():
        pytest.skip("this openssl was built without SM2")
    assert "Verified Successfully" in done.stdout, done.stderr


def _der_integer(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(data)]) + data


@given(st.binary(max_size=100), st.binary(max_size=20), st.data())
def test_what_is_sealed_opens_only_whole_and_in_its_place(data, context, draw):
    key, other = sm.new_key(), sm.new_key()
    sealed = sm.seal(data, key, context=context)
    assert sm.unseal(sealed, [other, key], context=context) == data
    place = draw.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[place // 8] ^= 1 << place % 8
    for attempt, keys, where in (
        (bytes(changed), [key], context),
        (sealed, [other], context),
        (sealed, [key], context + b"x"),
        (sealed[:-1], [key], context),
        (b"", [key], context),
    ):
        with pytest.raises(InvalidValue):
            sm.unseal(attempt, keys, context=where)
    assert sm.seal(data, key, context=context) != sealed
