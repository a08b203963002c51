"""The lines of pg_hba.conf for an instance we own: one for each login in each database it may enter, then reject.

Names are written in double quotes with a double quote doubled, which PostgreSQL 15 to 18 read back exactly (tested on
15 and 18). Two kinds of names need more:

- A name that starts with a slash is a regular expression to PostgreSQL 16 and later even in quotes, and a name with a
  line break cannot stand on a line at all. From 16 on both are written as a regular expression that matches exactly
  the name, other than letters and digits as escapes.
- Before 16 there is no way to write a line break: the word ``all`` stands in its place, on that line only, and CONNECT
  alone keeps the others out. The plan says so in a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freehold.found.model import HbaRule, Server
from freehold.plan.model import Design
from freehold.plan.rights import OPTIONS_SINCE as REGULAR_EXPRESSIONS_SINCE
from freehold.plan.wanted import deploy_roles, wanted

LOOPBACK = ("127.0.0.1/32", "::1/128")
EVERYWHERE = ("0.0.0.0/0", "::/0")
KEYWORDS = frozenset({"all", "sameuser", "samerole", "samegroup", "replication"})
_BREAKS = frozenset("\n\r")


def rules(design: Design, server: Server) -> tuple[HbaRule, ...]:
    """Every rule the instance shall have, in order: the admin, the logins by database, then nobody else."""
    found: list[HbaRule] = [*_allow(("all",), server.user)]
    pairs: list[tuple[str, str]] = []
    platform = design.placements.roles
    pairs += [(server.maintenance_database, platform.monitor), (server.maintenance_database, platform.backup)]
    for (instance, name), database in wanted(design).databases.items():
        if instance == server.instance:
            logins = [role for role in database.access if wanted(design).roles[instance][role].login]
            pairs += [(name, role) for role in sorted({*logins, *deploy_roles(design, database)})]
    for name, role in dict.fromkeys(pairs):
        found += _allow((_token(name, server.version),), _token(role, server.version))
    found += _allow(("replication",), _token(platform.backup, server.version))
    found.append(HbaRule("local", ("all",), ("all",), "", "reject"))
    found += [HbaRule("host", ("all",), ("all",), address, "reject") for address in EVERYWHERE]
    return tuple(found)


def lines(rules: Iterable[HbaRule], *, keywords: Iterable[str] = KEYWORDS) -> tuple[str, ...]:
    """Rules as text. A rule read from a server no longer tells a quoted keyword from a keyword: it is a keyword."""
    words = frozenset(keywords)
    return tuple(
        "  ".join(
            part
            for part in (
                rule.type,
                ",".join(_quoted(name, words) for name in rule.databases),
                ",".join(_quoted(name, words) for name in rule.users),
                rule.address,
                rule.method,
            )
            if part
        )
        for rule in rules
    )


def cannot_be_written(names: Iterable[str], server: Server) -> Iterator[str]:
    """The names for which ``all`` stands in pg_hba.conf of this server."""
    if server.version < REGULAR_EXPRESSIONS_SINCE:
        yield from (name for name in names if _BREAKS & set(name))


def _allow(databases: tuple[str, ...], user: str) -> list[HbaRule]:
    return [HbaRule("host", databases, (user,), address, "scram-sha-256") for address in LOOPBACK]


def _token(name: str, version: int) -> str:
    if not name.startswith("/") and not _BREAKS & set(name):
        return name
    if version >= REGULAR_EXPRESSIONS_SINCE:
        return "/^" + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in name) + "$"
    return "all" if _BREAKS & set(name) else name


def _quoted(name: str, words: frozenset[str]) -> str:
    return name if name in words else '"' + name.replace('"', '""') + '"'
