"""The acknowledgement of a message: AA accepted, AE refused (mend it and send it again), AR not for us."""

from __future__ import annotations

import re

from luoshi.records.hl7v2.message import Message

_NAME = "LUOSHI"


def answer(message: Message | None, code: str, text: str, *, at: str, control: str) -> bytes:
    """An ACK. `message`: what is acknowledged, None where it could not be read; `text`: why, one line; `at`: the time
    as `YYYYMMDDHHMMSS`; `control`: a control id of our own. Encoded as the message was."""
    if message is None:
        header = f"MSH|^~\\&|{_NAME}|||{''}|{at}||ACK|{control}|P|2.5"
        return f"{header}\rMSA|{code}||{_safe(text)}\r".encode()
    h = message.header
    raw = [str(part) for part in (h.value(5), h.value(6), h.value(3), h.value(4))]
    receiving_app, receiving_facility, app, facility = (_safe(part) for part in raw)
    kind = f"ACK^{message.event}^ACK" if message.event else "ACK"
    charset = _safe(h.value(18))
    tail = f"||||||{charset}" if charset else ""
    header = (
        f"MSH|^~\\&|{receiving_app or _NAME}|{receiving_facility}|{app}|{facility}|{at}||{kind}|{control}"
        f"|{_safe(h.value(11)) or 'P'}|{_safe(h.value(12)) or '2.5'}{tail}"
    )
    lines = [header, f"MSA|{code}|{_safe(message.control)}|{_safe(text[:80])}"]
    if text and code != "AA":
        number = "207" if code == "AE" else "200"
        lines.append(f"ERR|||{number}|{'E' if code == 'AE' else 'F'}||||{_safe(text)}")
    return ("\r".join(lines) + "\r").encode(message.charset, "replace")


def _safe(text: str) -> str:
    """Text with the separators escaped and without line ends."""
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    for mark, name in (("\\", "E"), ("|", "F"), ("^", "S"), ("~", "R"), ("&", "T")):
        text = text.replace(mark, f"\\{name}\\") if mark != "\\" else text.replace("\\", "\\E\\")
    return text
