"""Roles and permissions, read once from `catalog/rules/roles.yaml` and checked against each other."""

from __future__ import annotations

from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import CatalogError, NotFound, nearest

ROLES_FILE = CATALOG / "rules" / "roles.yaml"


class Permission(Entry):
    """What a page or command asks for. `person_level`: it shows single residents."""

    name: str
    name_en: str
    person_level: bool = False


class Role(Entry):
    """A named list of permissions; `excludes` names roles the same person must not hold."""

    name: str
    name_en: str
    permissions: tuple[str, ...]
    excludes: tuple[str, ...] = ()


class RoleBook(Entry):
    """The whole file."""

    permissions: dict[str, Permission]
    roles: dict[str, Role]


@cache
def role_book() -> RoleBook:
    """Roles and permissions by id. Raises `CatalogError` if a role names a permission or role that does not exist."""
    book = read_entry(ROLES_FILE, RoleBook)
    for role_id, role in book.roles.items():
        for permission in role.permissions:
            if permission not in book.permissions:
                raise CatalogError(
                    f"role {role_id} names the unknown permission {permission!r}. {nearest(permission, book.permissions)}",
                    where=str(ROLES_FILE),
                )
        for other in role.excludes:
            if other not in book.roles:
                raise CatalogError(
                    f"role {role_id} excludes the unknown role {other!r}. {nearest(other, book.roles)}",
                    where=str(ROLES_FILE),
                )
    return book


def role(role_id: str) -> Role:
    """One role. Raises `NotFound` naming the nearest known one."""
    roles = role_book().roles
    if role_id not in roles:
        raise NotFound(
            f"There is no role {role_id!r}.", todo=nearest(role_id, roles) or f"Known are {', '.join(sorted(roles))}."
        )
    return roles[role_id]


def role_choices() -> list[tuple[str, str]]:
    """(id, Chinese name) of every role, for forms."""
    return [(role_id, entry.name) for role_id, entry in role_book().roles.items()]
