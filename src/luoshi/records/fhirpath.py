"""FHIRPath, the part ViewDefinitions need, read into a small tree.

Grammar and precedence follow FHIRPath 2.0 (http://hl7.org/fhirpath/N1/). What a function means is not decided here:
any name parses, and the compiler that walks the tree knows which functions it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from luoshi.kernel.errors import InvalidValue


class FhirPathError(InvalidValue):
    """An expression is not valid FHIRPath, or uses what this platform does not run."""


@dataclass(frozen=True)
class Literal:
    """A constant. `type` is string, boolean, integer, decimal, date, dateTime or time; `value` its text."""

    value: str
    type: str


@dataclass(frozen=True)
class Empty:
    """`{}`, the empty collection."""


@dataclass(frozen=True)
class This:
    """`$this`, or the context itself."""


@dataclass(frozen=True)
class Constant:
    """`%name`."""

    name: str


@dataclass(frozen=True)
class Member:
    """`base.name`."""

    base: Node
    name: str


@dataclass(frozen=True)
class Index:
    """`base[position]`."""

    base: Node
    position: Node


@dataclass(frozen=True)
class Call:
    """`base.name(arguments)`."""

    base: Node
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Minus:
    """`-operand`."""

    operand: Node


@dataclass(frozen=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


Node = Literal | Empty | This | Constant | Member | Index | Call | Minus | Binary

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<time>@T\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?)
    | (?P<dateTime>@\d{4}(?:-\d{2}(?:-\d{2})?)?T(?:\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?)?)
    | (?P<date>@\d{4}(?:-\d{2}(?:-\d{2})?)?)
    | (?P<decimal>\d+\.\d+)
    | (?P<integer>\d+)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | (?P<constant>%(?:[A-Za-z_][A-Za-z0-9_-]*|`[^`]+`|'(?:[^'\\]|\\.)*'))
    | (?P<special>\$[a-z]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><=|>=|!=|!~|[=~<>+\-*/&|.,()\[\]{}])
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

# Loosest first; each level is left-associative.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"implies"}),
    frozenset({"or", "xor"}),
    frozenset({"and"}),
    frozenset({"in", "contains"}),
    frozenset({"=", "~", "!=", "!~"}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"|"}),
    frozenset({"is", "as"}),
    frozenset({"+", "-", "&"}),
    frozenset({"*", "/", "div", "mod"}),
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if code[0] == "u" else _ESCAPES.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, text[1:-1], flags=re.DOTALL)


def parse(text: str) -> Node:
    """The tree of one expression. Raises `FhirPathError` naming the place of the first thing that is wrong."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.next = 0

    def _fail(self, message: str, at: int) -> NoReturn:
        raise FhirPathError(f"{message} at character {at + 1}.", where=f"FHIRPath {self.text!r}")

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while True:
            space = _SPACE.match(self.text, at)
            at = space.end() if space else at
            if at >= len(self.text):
                return [*tokens, _Token("end", "", at)]
            match = _TOKEN.match(self.text, at)
            if match is None or match.lastgroup is None:
                self._fail(f"{self.text[at]!r} is not understood", at)
            tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            at = match.end()

    @property
    def _here(self) -> _Token:
        return self.tokens[self.next]

    def _take(self, *symbols: str) -> str | None:
        token = self._here
        if token.kind in ("symbol", "name") and token.text in symbols:
            self.next += 1
            return token.text
        return None

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            found = self._here.text or "the end"
            self._fail(f"expected {symbol!r}, found {found!r}", self._here.at)

    def whole(self) -> Node:
        node = self._binary(0)
        if self._here.kind != "end":
            self._fail(f"{self._here.text!r} is not expected", self._here.at)
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._binary(level + 1)
        while operator := self._take(*_LEVELS[level]):
            if operator in ("is", "as"):
                node = Call(node, {"is": "is", "as": "ofType"}[operator], (self._type_name(),))
            else:
                node = Binary(operator, node, self._binary(level + 1))
        return node

    def _type_name(self) -> Node:
        if self._here.kind not in ("name", "quoted"):
            self._fail("expected the name of a type", self._here.at)
        node: Node = Member(This(), self._identifier())
        while self._take("."):
            node = Member(node, self._identifier())
        return node

    def _unary(self) -> Node:
        if sign := self._take("+", "-"):
            operand = self._unary()
            return Minus(operand) if sign == "-" else operand
        return self._chain()

    def _chain(self) -> Node:
        node = self._term()
        while True:
            if self._take("."):
                node = self._invocation(node)
            elif self._take("["):
                position = self._binary(0)
                self._expect("]")
                node = Index(node, position)
            else:
                return node

    def _identifier(self) -> str:
        token = self._here
        self.next += 1
        return _unescape(token.text) if token.kind == "quoted" else token.text

    def _invocation(self, base: Node) -> Node:
        token = self._here
        if token.kind == "special" and token.text == "$this":
            self._fail("$this begins an expression", token.at)
        if token.kind not in ("name", "quoted"):
            self._fail(f"expected a name, found {token.text or 'the end'!r}", token.at)
        name = self._identifier()
        if not self._take("("):
            return Member(base, name)
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self._binary(0))
            while self._take(","):
                arguments.append(self._binary(0))
            self._expect(")")
        return Call(base, name, tuple(arguments))

    def _term(self) -> Node:
        token = self._here
        if token.kind == "symbol":
            if self._take("("):
                node = self._binary(0)
                self._expect(")")
                return node
            if self._take("{"):
                self._expect("}")
                return Empty()
        elif token.kind in ("integer", "decimal"):
            self.next += 1
            return Literal(token.text, token.kind)
        elif token.kind in ("date", "dateTime", "time"):
            self.next += 1
            return Literal(token.text.removeprefix("@").removeprefix("T").removesuffix("T"), token.kind)
        elif token.kind == "string":
            self.next += 1
            return Literal(_unescape(token.text), "string")
        elif token.kind == "constant":
            self.next += 1
            name = token.text[1:]
            return Constant(_unescape(name) if name[0] in "`'" else name)
        elif token.kind == "special":
            if token.text != "$this":
                self._fail(f"{token.text!r} is not available in a view", token.at)
            self.next += 1
            return This()
        elif token.kind == "name" and token.text in ("true", "false"):
            self.next += 1
            return Literal(token.text, "boolean")
        elif token.kind in ("name", "quoted"):
            return self._invocation(This())
        self._fail(f"expected a value, found {token.text or 'the end'!r}", token.at)


def walk(node: Node) -> list[Node]:
    """The node and everything below it."""
    below: tuple[Node, ...] = ()
    if isinstance(node, Member):
        below = (node.base,)
    elif isinstance(node, Index):
        below = (node.base, node.position)
    elif isinstance(node, Call):
        below = (node.base, *node.arguments)
    elif isinstance(node, Minus):
        below = (node.operand,)
    elif isinstance(node, Binary):
        below = (node.left, node.right)
    return [node, *(each for child in below for each in walk(child))]
