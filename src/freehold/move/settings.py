"""Settings that a service's logins begin a session with: of the role there, of the role, of the database, of everybody.

What counts is what a login gets in the end. What the old home gives is set at the new one for the login there, so that
nobody else in that database is touched. Where the login changes with the layout, search_path and the limits in
``LAYOUT`` are what the new layout makes of the declaration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from freehold.move import bridge
from freehold.move.model import Move
from freehold.plan.values import same_setting, setting_sql
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

LAYOUT = frozenset(
    {
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "search_path",
        "statement_timeout",
        "temp_file_limit",
    }
)
"""What a layout decides for a login: one that services share gets all paths and the longest times."""

Lines = Mapping[tuple[str, bool], tuple[str, ...]]
"""Lines of name=value by role and whether it is for this database only; the role is empty for everybody."""

_SETTINGS = """\
SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(coalesce(o.rolname, ''), s.setdatabase <> 0,
         s.setconfig)), '[]')::text
  FROM pg_catalog.pg_db_role_setting AS s LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = s.setrole
 WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
         WHERE d.datname = pg_catalog.current_database()))
   AND (s.setrole = 0 OR o.rolname = ANY (ARRAY[{}]::name[]))"""


@dataclass(frozen=True, slots=True)
class Given:
    """What a login gets for a setting; ``own`` where it is the login's own in this database, ``shared`` where it is
    everybody's."""

    value: str
    own: bool
    shared: bool


@dataclass(frozen=True, slots=True, order=True)
class Apart:
    """A setting that a login of the new home does not get as at the old one; None for not at all."""

    role: str
    name: str
    source: str | None
    target: str | None
    own: bool


def question(roles: Iterable[str]) -> Sql:
    """One row with one text, for ``lines``."""
    return sql(_SETTINGS, join(", ", [literal(name) for name in roles]) if roles else keyword(""))


def lines(answer: str) -> Lines:
    """What the answer tells."""
    rows = cast("list[tuple[str, bool, list[str]]]", json.loads(answer))
    return {(role, here): tuple(said) for role, here, said in rows}


def given(found: Lines, role: str) -> Mapping[str, Given]:
    """What a login gets, by setting: its own there, then its own everywhere, then the database's, then everybody's."""
    got: dict[str, Given] = {}
    for key in (("", False), ("", True), (role, False), (role, True)):
        for line in found.get(key, ()):
            name, _, value = line.partition("=")
            got[name] = Given(value, key == (role, True), not key[0])
    return got


def apart(move: Move, source: Lines, target: Lines) -> Iterator[Apart]:
    """Everything in which the logins' settings differ, but for what the layouts want so, and what the new home gives
    to everybody and the old one to nobody (preflight names it)."""
    changed = bridge.needed(move)
    for old in dict.fromkeys((move.source_roles.owner, move.source_roles.app, move.source_roles.ro)):
        new = move.role_on_target(old)
        here, there = given(source, old), given(target, new)
        for name in sorted(here.keys() | there.keys()):
            one, other = here.get(name), there.get(name)
            if changed and (name in LAYOUT or (one is None and other is not None and other.own)):
                continue  # the layout's, or what the service declares
            if one is None and other is not None and other.shared:
                continue
            if one is None or other is None or not same_setting(name, one.value, other.value):
                own = other is not None and other.own
                yield Apart(new, name, one.value if one else None, other.value if other else None, own)


def carry(move: Move, source: Lines, target: Lines) -> tuple[Sql, ...]:
    """What gives the logins of the new home the settings of the old one. May run again."""
    return tuple(
        _set(one.role, move.target.database, one.name, one.source)
        for one in apart(move, source, target)
        if one.source is not None or one.own
    )


def _set(role: str, database: str, name: str, value: str | None) -> Sql:
    whose = sql("ALTER ROLE {} IN DATABASE {}", ident(role), ident(database))
    setting = ident(*name.split("."))
    if value is None:
        return sql("{} RESET {}", whose, setting)
    return sql("{} SET {} = {}", whose, setting, setting_sql(name, value))
