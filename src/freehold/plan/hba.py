"""The lines of pg_hba.conf for an instance we own: one for each login in each database it may enter, then reject.

Names are written in double quotes with a double quote doubled, which PostgreSQL 15 to 18 read back exactly (tested on
15 and 18). Two kinds of names need more:

- A name that starts with a slash is a regular expression to PostgreSQL 16 and later even in quotes, and a name with a
  line break cannot stand on a line at all. From 16 on both are written as a regular expression that matches exactly
  the name, every byte that is no letter or digit of ASCII as an escape.
- Before 16 there is no way to write a line break: the word ``all`` stands in its place, on that line only, and CONNECT
  alone keeps the others out. The plan says so in a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from freehold.found.model import HbaRule, Server
from freehold.plan.model import Design
from freehold.plan.rights import OPTIONS_SINCE as REGULAR_EXPRESSIONS_SINCE
from freehold.plan.wanted import wanted
from freehold.plan.wanted_database import deploy_roles
from freehold.spec.names import service_logins

LOOPBACK = ("127.0.0.1/32", "::1/128")
EVERYWHERE = ("0.0.0.0/0", "::/0")
KEYWORDS = frozenset({"all", "sameuser", "samerole", "samegroup", "replication"})
_BREAKS = frozenset("\n\r")


@dataclass(frozen=True, slots=True)
class Token:
    """A name or a keyword; once the server has read them, a name ``all`` and the keyword look the same."""

    text: str
    keyword: bool = False

    def written(self) -> str:
        return self.text if self.keyword else '"' + self.text.replace('"', '""') + '"'


ALL = Token("all", keyword=True)
REPLICATION = Token("replication", keyword=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: as it is written, and as the server will show it."""

    type: str
    database: Token
    user: Token
    address: str
    method: str

    def written(self) -> str:
        parts = (self.type, self.database.written(), self.user.written(), self.address, self.method)
        return "  ".join(part for part in parts if part)

    def rule(self) -> HbaRule:
        return HbaRule(self.type, (self.database.text,), (self.user.text,), self.address, self.method)


def wanted_lines(
    design: Design,
    server: Server,
    more: Iterable[tuple[str, str]] = (),
    addresses: tuple[str, ...] = LOOPBACK,
) -> tuple[Line, ...]:
    """Every line the instance shall have, in order: the admin, the logins by database, then nobody else.

    ``more`` are (database, login) that are let in besides; ``addresses`` is from where anybody is.
    """
    platform = design.placements.roles
    found = _allow(ALL, _token(server.user, server.version), addresses)
    pairs = [(server.maintenance_database, platform.monitor), (server.maintenance_database, platform.backup)]
    for (instance, name), database in wanted(design).databases.items():
        if instance == server.instance:
            logins = [role for role in database.access if wanted(design).roles[instance][role].login]
            if not design.authoritative:
                logins += _standing_in(design, server, logins)
            pairs += [(name, role) for role in sorted({*logins, *deploy_roles(design, database)})]
    besides = [(name, role) for instance, name, role in design.besides if instance == server.instance]
    for name, role in dict.fromkeys((*pairs, *besides, *more)):
        found += _allow(_token(name, server.version), _token(role, server.version), addresses)
    found += _allow(REPLICATION, _token(platform.backup, server.version), addresses)
    found.append(Line("local", ALL, ALL, "", "reject"))
    found += [Line("host", ALL, ALL, address, "reject") for address in EVERYWHERE]
    return tuple(found)


def _standing_in(design: Design, server: Server, logins: Iterable[str]) -> list[str]:
    """Logins of another layout that a move left as members of these: services may connect with them until an
    authoritative apply ends the membership."""
    services = design.platform.services
    ours = {login for one in services for login in service_logins(design.platform.name, one.name)}
    held = set(logins)
    return [one.member for one in server.memberships if one.role in held and one.member in ours]


def lines(rules: Iterable[HbaRule]) -> tuple[str, ...]:
    """Rules that a server showed, as text again. A quoted keyword can no longer be told from a keyword."""
    return tuple(
        "  ".join(
            part
            for part in (
                rule.type,
                ",".join(Token(name, name in KEYWORDS).written() for name in rule.databases),
                ",".join(Token(name, name in KEYWORDS).written() for name in rule.users),
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


def _allow(database: Token, user: Token, addresses: tuple[str, ...]) -> list[Line]:
    return [Line("host", database, user, address, "scram-sha-256") for address in addresses]


def _token(name: str, version: int) -> Token:
    if not name.startswith("/") and not _BREAKS & set(name):
        return Token(name)
    if version >= REGULAR_EXPRESSIONS_SINCE:
        # who comes in is compared byte by byte: no database, and so no encoding, is chosen yet
        escaped = "".join(c if c.isalnum() and c.isascii() else "".join(map(_byte, c.encode())) for c in name)
        return Token(f"/^{escaped}$")
    return ALL if _BREAKS & set(name) else Token(name)


def _byte(value: int) -> str:
    return f"\\U{value:08x}"
