"""The one strict reader of catalogue files: YAML into a declared model, unknown keys and duplicates refused.

Every folder of the catalogue has a pydantic model somewhere above this package; the reader here knows only how to read
strictly and how to say what is wrong: file, key, and the nearest right name.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from luoshi.kernel.errors import CatalogError, nearest

CATALOG = Path(__file__).parent
_Model = TypeVar("_Model", bound=BaseModel)


class Entry(BaseModel):
    """Base of every catalogue model: frozen, and a key that is not declared is an error."""

    # Built when first used: a command asks for few of the hundred models.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


# The parser of libyaml where PyYAML was built with it: ten times faster over hundreds of files.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]
    """YAML without surprises: a key given twice is an error, and `on`/`yes`/`no` stay words."""

    yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_yaml(path: Path) -> Any:
    """Plain data of a YAML file. Raises `CatalogError` naming file and line when it is not valid."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"cannot be read ({error}).", where=str(path)) from error
    return parse_yaml(text, where=str(path))


def parse_yaml(text: str, *, where: str) -> Any:
    """Plain data of a YAML text, read as strictly. Raises `CatalogError` naming the line when it is not valid."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise CatalogError(f"{error.problem}.", where=f"{where}{line}") from error
    except yaml.YAMLError as error:
        raise CatalogError("it is no YAML.", where=where) from error


def read_entry(path: Path, model: type[_Model]) -> _Model:
    """One file as one `model`. Raises `CatalogError` listing every wrong key with its place."""
    return parse_entry(read_yaml(path), model, where=str(path))


def parse_entry(data: Any, model: type[_Model], *, where: str) -> _Model:
    """Plain data as `model`; `where` names the place in errors."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        known = {f.alias or n for n, f in model.model_fields.items()}
        problems = []
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"])
            hint = nearest(key, known) if problem["type"] == "extra_forbidden" else ""
            problems.append(f"{key}: {problem['msg']}. {hint}".rstrip())
        raise CatalogError("; ".join(problems), where=where) from error


@cache
def files(folder: str, suffix: str = ".yaml") -> tuple[Path, ...]:
    """The files of one folder of the catalogue, below it too, in order of name."""
    return tuple(sorted((CATALOG / folder).rglob(f"*{suffix}")))
