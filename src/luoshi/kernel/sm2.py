"""SM2 signatures (GB/T 32918.2-2016) on the recommended curve (GB/T 32918.5-2017), with SM3 as the hash.

Why not a library: `cryptography` has SM3 and SM4 but no SM2; the Python package that has it draws the number that must
stay secret from a generator that is not made for secrets and accepts signatures without checking their range
(docs/decisions/0047-sm2-of-our-own.md). Only signing and verifying are here. Checked against the examples of the
standard and against OpenSSL. Python's whole numbers do not take constant time; secret numbers are therefore blinded and
walked through with a ladder whose steps do not depend on their bits, which is as much as pure Python can do. Sign on a
machine where nobody can measure single operations.
"""

from __future__ import annotations

import secrets
from typing import Final

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.sm import sm3

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# The identity of the signer where none was agreed on (GB/T 35276).
DEFAULT_ID: Final = b"1234567812345678"
# id-ecPublicKey with the curve sm2p256v1 (1.2.156.10197.1.301), then the point as a bit string.
_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]  # x = X/Z², y = Y/Z³; Z = 0 is the point at infinity


def _double(p: _Jacobian) -> _Jacobian:
    x, y, z = p
    if not z or not y:
        return 1, 1, 0
    square = z * z % P
    m = 3 * (x - square) * (x + square) % P  # a = -3
    yy = y * y % P
    s = 4 * x * yy % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(p: _Jacobian, q: _Jacobian) -> _Jacobian:
    if not p[2]:
        return q
    if not q[2]:
        return p
    x1, y1, z1 = p
    x2, y2, z2 = q
    a, b = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * b % P, x2 * a % P
    s1, s2 = y1 * b * z2 % P, y2 * a * z1 % P
    h, r = (u2 - u1) % P, (s2 - s1) % P
    if not h:
        return _double(p) if not r else (1, 1, 0)
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def _blinded(point: Point) -> _Jacobian:
    """The point with a random Z, so that the numbers reckoned with differ each time."""
    z = 1 + secrets.randbelow(P - 1)
    return point[0] * z * z % P, point[1] * z * z * z % P, z


def _multiply(scalar: int, point: Point) -> Point | None:
    """`scalar` times `point`, by a ladder of 257 equal steps; None for the point at infinity."""
    # Adding the order once or twice gives 257 bits without changing the product.
    scalar %= N
    scalar += N if (scalar + N).bit_length() == 257 else 2 * N
    low = _blinded(point)
    high = _double(low)
    for place in range(255, -1, -1):
        both = _add(low, high)
        if scalar >> place & 1:
            low, high = both, _double(high)
        else:
            low, high = _double(low), both
    return _affine(low)


def _affine(p: _Jacobian) -> Point | None:
    if not p[2]:
        return None
    inverse = pow(p[2], -1, P)
    square = inverse * inverse % P
    return p[0] * square % P, p[1] * square * inverse % P


def _on_curve(point: Point) -> bool:
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def new_private_key() -> int:
    """A fresh private key, from the operating system's source of randomness."""
    return 1 + secrets.randbelow(N - 2)


def public_key(private: int) -> Point:
    """The public key of a private one. Raises `InvalidValue` for a number outside 1 … n-2."""
    if not 1 <= private <= N - 2:
        raise InvalidValue("An SM2 private key lies between 1 and n-2.")
    point = _multiply(private, G)
    assert point is not None
    return point


def encode_point(point: Point) -> bytes:
    """65 bytes: 04, x, y."""
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode_point(data: bytes) -> Point:
    """The point of 65 bytes. Raises `InvalidValue` when it does not lie on the curve."""
    if len(data) == 65 and data[0] == 4:
        point = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
        if _on_curve(point):
            return point
    raise InvalidValue("This is no SM2 public key: 65 bytes of a point on the curve, the first of them 04.")


def spki(point: Point) -> bytes:
    """The public key as SubjectPublicKeyInfo (DER), which other software reads."""
    return _SPKI + encode_point(point)


def digest(message: bytes, point: Point, *, identity: bytes = DEFAULT_ID) -> int:
    """e = SM3(Z ‖ message), where Z binds the signer's identity, the curve and the public key (5.5 and 6.1)."""
    head = (len(identity) * 8).to_bytes(2, "big") + identity
    fixed = b"".join(v.to_bytes(32, "big") for v in (A, B, *G, *point))
    return int.from_bytes(sm3(sm3(head + fixed) + message), "big")


def sign(message: bytes, private: int, *, public: Point | None = None, identity: bytes = DEFAULT_ID) -> bytes:
    """64 bytes r ‖ s (6.1). Who knows the public key already saves half of the time by giving it."""
    e = digest(message, public or public_key(private), identity=identity)
    while True:
        found = sign_digest(e, private, 1 + secrets.randbelow(N - 1))
        if found is not None:
            return found


def sign_digest(e: int, private: int, k: int) -> bytes | None:
    """The signature of the digest `e` with the number `k`, which must be secret, random and used once; None where the
    standard wants another `k`."""
    point = _multiply(k, G)
    assert point is not None
    r = (e + point[0]) % N
    if r == 0 or r + k == N:
        return None
    s = pow(1 + private, -1, N) * (k - r * private) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") if s else None


def verify(message: bytes, signature: bytes, point: Point, *, identity: bytes = DEFAULT_ID) -> bool:
    """Whether `signature` (64 bytes) is that of `message` under the public key `point` (7.1)."""
    if len(signature) != 64 or not _on_curve(point):
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (1 <= r < N and 1 <= s < N):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    found = _affine(_both(s, t, point))
    return found is not None and (digest(message, point, identity=identity) + found[0]) % N == r


def _both(s: int, t: int, point: Point) -> _Jacobian:
    """s·G + t·point, bit by bit together; nothing here is secret."""
    g, q = (*G, 1), (*point, 1)
    table = (None, g, q, _add(g, q))
    total: _Jacobian = (1, 1, 0)
    for place in range(255, -1, -1):
        total = _double(total)
        term = table[(s >> place & 1) | (t >> place & 1) << 1]
        if term is not None:
            total = _add(total, term)
    return total
