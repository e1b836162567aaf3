"""Primitive types of FHIR R4: the JSON type, the grammar, and what the published grammar leaves out.

The expressions follow https://hl7.org/fhir/R4/datatypes.html but are stricter where R4 is stricter in words than in its
regular expressions: a day must exist (30 February is refused), base64 must be padded. They are written without `\\s`, `\\d`
and look-around, so that Python and the Rust engine of the fast validator agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTH = "(?:0[1-9]|1[0-2])"
_MONTH_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = f"(?:{_YEAR}-{_MONTH_DAY}|{_LEAP}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_SPACE = r" \t\r\n\x0b\x0c"
_BASE64 = (
    f"[{_SPACE}]*(?:[0-9A-Za-z+/]{{4}}[{_SPACE}]*)*"
    "(?:[0-9A-Za-z+/]{4}|[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)"
    f"[{_SPACE}]*"
)
LONGEST_TEXT = 1 << 20  # characters of a string or markdown
LEAST_INT, GREATEST_INT = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class Primitive:
    """`json`: string, boolean, integer or number. `pattern` (whole value) for strings, `least` for integers."""

    json: str
    pattern: str = ""
    least: int | None = None

    @property
    def regex(self) -> re.Pattern[str] | None:
        """The compiled grammar, for `fullmatch`."""
        return re.compile(self.pattern) if self.pattern else None


# Text (string, markdown) has no grammar of its own here: it must not be empty, and control characters are looked for in
# the raw bytes, where they are always escaped.
PRIMITIVES: dict[str, Primitive] = {
    "base64Binary": Primitive("string", _BASE64),
    "boolean": Primitive("boolean"),
    "canonical": Primitive("string", f"[^{_SPACE}]+"),
    "code": Primitive("string", f"[^{_SPACE}]+(?:[{_SPACE}][^{_SPACE}]+)*"),
    "date": Primitive("string", f"(?:{_YEAR}(?:-{_MONTH})?|{_DAY})"),
    "dateTime": Primitive("string", f"(?:{_YEAR}(?:-{_MONTH})?|{_DAY}(?:T{_TIME}{_ZONE})?)"),
    "decimal": Primitive("number"),
    "id": Primitive("string", r"[A-Za-z0-9\-\.]{1,64}"),
    "instant": Primitive("string", f"{_DAY}T{_TIME}{_ZONE}"),
    "integer": Primitive("integer", least=LEAST_INT),
    "markdown": Primitive("string"),
    "oid": Primitive("string", r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
    "positiveInt": Primitive("integer", least=1),
    "string": Primitive("string"),
    "time": Primitive("string", _TIME),
    "unsignedInt": Primitive("integer", least=0),
    "uri": Primitive("string", f"[^{_SPACE}]+"),
    "url": Primitive("string", f"[^{_SPACE}]+"),
    "uuid": Primitive("string", "urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "xhtml": Primitive("string", rf"[{_SPACE}]*<div[^>]*>(?s:.*)</div>[{_SPACE}]*|[{_SPACE}]*<div[^>]*/>[{_SPACE}]*"),
}

# A MIME type, or one of the short names R4 uses for its own formats.
MIME_TYPE = rf"(?:xml|json|ttl|none|[^{_SPACE}/]+/[^{_SPACE}]+(?:[{_SPACE}][^{_SPACE}]+)*)"

# ISO 4217, active codes and those of the last decades that old records may carry.
CURRENCIES = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BYR BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CYP CZK DEM DJF DKK DOP DZD EEK EGP ERN ESP ETB EUR FIM FJD FKP
    FRF GBP GEL GHS GIP GMD GNF GRD GTQ GYD HKD HNL HRK HTG HUF IDR IEP ILS INR IQD IRR ISK ITL JMD JOD JPY KES KGS KHR
    KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LUF LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MTL MUR MVR MWK MXN
    MXV MYR MZN NAD NGN NIO NLG NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PTE PYG QAR ROL RON RSD RUB RWF SAR SBD SCR SDG
    SEK SGD SHP SIT SKK SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMM TMT TND TOP TRL TRY TTD TWD TZS UAH UGX USD
    USN USS UYI UYU UYW UZS VEB VED VEF VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS
    XUA XXX YER ZAR ZMK ZMW ZWD ZWG ZWL ATS BEF GHC MZM ZWN AZM SDD""".split()  # noqa: SIM905 (a table, one line per dozen)
)
