"""Whether everything in a service's schemas is the same on both sides, and each thing that is not.

Both servers answer the same question with one row for each object: its kind, its name, and what is said of it. Roles
are compared as the move maps them. What the servers print of an expression is compared as text, and between versions as
what it means (``meaning``), since they print some of it differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from freehold.found.canaries import of_a_proof
from freehold.move import defaults, grants, policies
from freehold.move.alike_sql import ALIKE
from freehold.move.meaning import meaning
from freehold.move.model import Move
from freehold.move.settings import Lines, apart
from freehold.sqltext import PUBLIC, Sql, join, keyword, literal, sql

Said = Mapping[str, object]
_NAMED_NOT_NULL = 180000
"""Since this version NOT NULL is a constraint with a name; before, only the column says it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object. ``owner`` is empty where it follows from another; ``name`` is quoted as SQL."""

    kind: str
    name: str
    owner: str
    said: Said


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything in the schemas on one side. ``settings`` are those of the database (role empty) and of the service's
    roles, there or everywhere, as (role, there) to lines."""

    version: int
    items: Mapping[tuple[str, str], Item]
    settings: Lines
    rights: grants.Rights
    policies: tuple[policies.Policy, ...]
    defaults: defaults.Defaults
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not the same. ``aspect`` is empty where the whole object is only on one side; ``source`` and
    ``target`` are what each says, empty for nothing."""

    kind: str
    name: str
    aspect: str
    source: str
    target: str

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}" + (f", {self.aspect}" if self.aspect else "")
        return f"{what}: {self.source or 'nothing'} on the source, {self.target or 'nothing'} on the target"


def question(schemas: Iterable[str], roles: Iterable[str]) -> Sql:
    """One row with one text, for ``catalog``. The session's search_path must hold pg_catalog only."""
    return sql(ALIKE, _names(schemas), _names(roles))


def _names(names: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in names]) if names else keyword("")


def catalog(
    answer: str, rights: str, said_policies: str, said_defaults: defaults.Defaults, roles: Iterable[str]
) -> Catalog:
    """What the answers to ``question``, ``grants.question`` and ``policies.question`` tell; ``roles`` are all roles."""
    got = cast("dict[str, object]", json.loads(answer))
    rows = cast("list[tuple[str, str, str | None, dict[str, object]]]", got["items"])
    rows_of = cast("list[tuple[str, bool, list[str]]]", got["settings"])
    return Catalog(
        version=int(str(got["version"])),
        items={(kind, name): Item(kind, name, owner or "", said) for kind, name, owner, said in rows},
        settings={(role, here): tuple(said) for role, here, said in rows_of},
        rights=grants.rights(rights),
        policies=policies.policies(said_policies),
        defaults=said_defaults,
        roles=frozenset(roles),
    )


def differences(move: Move, source: Catalog, target: Catalog) -> tuple[Difference, ...]:
    """Everything in which the sides differ, in order. What names a role that the target does not have is left out:
    it could not be made, and was told when the structure was (``homeless``); so is the canary of a proof."""
    across = source.version // 10000 != target.version // 10000
    found = {
        *_items(move, source, target, across),
        *_rights(move, source, target),
        *_policies(move, source, target),
        *_settings(move, source, target),
        *_defaults(move, source, target),
    }
    return tuple(sorted(one for one in found if not of_a_proof(one.name)))


def _items(move: Move, source: Catalog, target: Catalog, across: bool) -> Iterator[Difference]:
    named = min(source.version, target.version) >= _NAMED_NOT_NULL
    for key in sorted(source.items.keys() | target.items.keys()):
        one, other = source.items.get(key), target.items.get(key)
        if not named and any(item and item.said.get("kind") == "n" for item in (one, other)):
            continue
        if one is None or other is None:
            if one is None or not _failed_build(one):
                yield Difference(*key, "", "there" if one else "", "there" if other else "")
            continue
        wanted = move.role_on_target(one.owner) if one.owner else ""
        if one.owner and wanted not in target.roles:
            wanted = move.target_roles.owner
        if wanted != other.owner:
            yield Difference(*key, "owner", wanted, other.owner)
        for aspect in sorted(one.said.keys() | other.said.keys()):
            left, right = one.said.get(aspect), other.said.get(aspect)
            if left == right:
                continue
            if across and meaning(aspect, left) == meaning(aspect, right):
                continue
            yield Difference(*key, aspect, _shown(left), _shown(right))


def _failed_build(one: Item) -> bool:
    """Preflight lets no such index in, but one that is built CONCURRENTLY during a move is refused only at its end."""
    return one.kind == "index" and one.said.get("valid") is False and one.said.get("partitioned") is False


def _rights(move: Move, source: Catalog, target: Catalog) -> Iterator[Difference]:
    versions = (source.version, target.version)
    wanted, have = grants.mapped(source.rights, move.role_on_target).held, target.rights.held
    for right in wanted.keys() | have.keys():
        one, other = wanted.get(right), have.get(right)
        if not grants.known(right, *versions) or (one is not None and grants.same(one, other)):
            continue
        if one is None and other is not None and grants.made(right, other):
            continue
        if other is None and right.grantee != PUBLIC and right.grantee not in target.roles:
            continue
        of = f"{right.privilege}{f' ({right.column})' if right.column else ''} for {right.grantee}"
        yield Difference("rights on " + right.kind.lower(), right.name, of, _held(one), _held(other))


def _held(how: grants.Held | None) -> str:
    return "" if how is None else "given with grant option" if how.grantable else "given"


def _policies(move: Move, source: Catalog, target: Catalog) -> Iterator[Difference]:
    wanted = {(one.schema, one.table, one.name): _here(move, one, target.roles) for one in source.policies}
    have = {(one.schema, one.table, one.name): one for one in target.policies}
    for key in wanted.keys() | have.keys():
        one, other = wanted.get(key), have.get(key)
        if one is not None and not one.roles:
            continue
        name = f'"{key[2]}" on "{key[0]}"."{key[1]}"'
        if one is None or other is None:
            yield Difference("policy", name, "", "there" if one else "", "there" if other else "")
            continue
        for aspect in ("command", "permissive", "roles", "using", "check", "comment"):
            left, right = getattr(one, aspect), getattr(other, aspect)
            if left != right:
                yield Difference("policy", name, aspect, _shown(left), _shown(right))


def _here(move: Move, policy: policies.Policy, roles: frozenset[str]) -> policies.Policy:
    moved = policies.mapped(policy, move.role_on_target)
    return replace(moved, roles=tuple(name for name in moved.roles if name == PUBLIC or name in roles))


def _settings(move: Move, source: Catalog, target: Catalog) -> Iterator[Difference]:
    for one in apart(move, source.settings, target.settings):
        of = f'role "{one.role}" in the database'
        yield Difference("settings of", of, one.name, _shown(one.source), _shown(one.target))


def _defaults(move: Move, source: Catalog, target: Catalog) -> Iterator[Difference]:
    wanted = defaults.mapped(source.defaults, move.role_on_target)
    for one, left, right in defaults.apart(wanted, target.defaults, target.roles):
        yield Difference("default privileges", str(one), f"{one.privilege} on {one.on} for {one.grantee}", left, right)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
