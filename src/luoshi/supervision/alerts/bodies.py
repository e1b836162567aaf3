"""What leaves the house, in the form each channel takes. Pure; nothing here names a resident."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus


@dataclass(frozen=True)
class Line:
    """One entry: what kind of event, what happened, what to do, where (an absolute address)."""

    kind: str
    say: str
    todo: str
    link: str


def grouped(lines: Sequence[Line], most: int) -> tuple[list[tuple[str, list[Line]]], int]:
    """The entries by kind in order of first appearance, at most `most` of them in all taken from each kind in turn; and
    how many are left out. A kind with a hundred entries does not push out one with a single."""
    kinds: dict[str, list[Line]] = {}
    for line in lines:
        kinds.setdefault(line.kind, []).append(line)
    taken: dict[str, int] = dict.fromkeys(kinds, 0)
    room = most
    while room and any(taken[k] < len(v) for k, v in kinds.items()):
        for name, entries in kinds.items():
            if room and taken[name] < len(entries):
                taken[name], room = taken[name] + 1, room - 1
    shown = [(name, entries[: taken[name]]) for name, entries in kinds.items() if taken[name]]
    return shown, len(lines) - sum(taken.values())


def text(lines: Sequence[Line], *, most: int, inbox: str) -> str:
    """The body of a mail."""
    shown, more = grouped(lines, most)
    parts = []
    for name, entries in shown:
        parts.append(f"【{name}】")
        for line in entries:
            parts.append(f"- {line.say}。{line.todo}。" + (f"\n  {line.link}" if line.link else ""))
        parts.append("")
    if more:
        parts.append(f"另有 {more} 条，")
    parts.append(f"全部消息：{inbox}")
    return "\n".join(parts)


def markdown(title: str, lines: Sequence[Line], *, most: int, inbox: str) -> str:
    """The body of a robot's message."""
    shown, more = grouped(lines, most)
    parts = [f"### {title}"]
    for name, entries in shown:
        parts.append(f"**{_plain(name)}**")
        for line in entries:
            say = f"[{_plain(line.say)}]({line.link})" if line.link else _plain(line.say)
            parts.append(f"- {say}  \n{_plain(line.todo)}")
    parts.append(f"另有 {more} 条，[全部消息]({inbox})" if more else f"[全部消息]({inbox})")
    return "\n\n".join(parts)


_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]#"} | {"<": "＜", ">": "＞"})


def _plain(text: str) -> str:
    """Text that is no markup: brackets and stars of a title stay characters."""
    return text.translate(_MARKUP)


def dingtalk(title: str, body: str) -> dict[str, Any]:
    """The JSON a DingTalk robot takes."""
    return {"msgtype": "markdown", "markdown": {"title": title, "text": body}}


def wecom(title: str, body: str, most_bytes: int = 4096) -> dict[str, Any]:
    """The JSON a WeCom robot takes: at most so many bytes, cut at a line."""
    if len(body.encode()) > most_bytes:
        kept: list[str] = []
        size = len("\n…".encode())
        for line in body.split("\n"):
            size += len(line.encode()) + 1
            if size > most_bytes:
                break
            kept.append(line)
        body = "\n".join([*kept, "…"])
    return {"msgtype": "markdown", "markdown": {"content": body}}


def signed(url: str, secret: str, milliseconds: int) -> str:
    """A DingTalk address with its timestamp and signature: HMAC-SHA-256 over `timestamp\\nsecret`, keyed by the secret."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    return f"{url}{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={sign}"
