"""Makes the foreign server through which a database reads tables of another one, or moves it to where that one is now.

Why: a read that leaves its database needs to know where to go. The server belongs to the admin login and nobody else
may use it, so that no service can make foreign tables of its own over it; it says itself that nothing is written
through it. When an instance moves to another port, the next plan shows the change.

Lock: none on tables; a row of pg_foreign_server. Sessions that are connected reconnect at their next transaction.
Undo: a server that was made is dropped, options that were changed get their old values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from freehold.found.model import Found
from freehold.plan.linked import PASSED_ON, through_servers
from freehold.plan.look import look
from freehold.plan.model import Action, Design, Effect, Endpoint, Phase, Statement, Step, StepKind
from freehold.sqltext import Sql, ident, join, literal, raw, sql

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ForeignServerStep(Step):
    """A foreign server. ``before`` holds the options as found, None when it is missing."""

    kind: ClassVar[str] = "foreign_server"
    phase: ClassVar[Phase] = Phase.INSIDE
    rank: ClassVar[int] = 36
    lock: ClassVar[str] = "none on tables; one row of pg_foreign_server"

    want: Options
    before: Options | None = None

    def say(self) -> str:
        place = dict(self.want)
        where = f"{ident(place['dbname'])} on {place['host']}:{place['port']}"
        if self.before is None:
            return f"create foreign server {ident(self.name)}: reads database {where}, writes nothing"
        old = dict(self.before)
        was = ", ".join(f"{key} {old.get(key, 'unset')}" for key, value in self.want if old.get(key) != value)
        return f"alter foreign server {ident(self.name)}: reads database {where}, writes nothing (was {was})"

    def do(self) -> tuple[Effect, ...]:
        if self.before is None:
            options = join(", ", [sql("{} {}", raw(key), literal(value)) for key, value in self.want])
            return (
                Statement(
                    sql("CREATE SERVER {} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({})", ident(self.name), options)
                ),
            )
        return self._alter(dict(self.before), dict(self.want))

    def undo(self) -> tuple[Effect, ...]:
        if self.before is None:
            return (Statement(sql("DROP SERVER {}", ident(self.name))),)
        changed = {key for key, value in self.want if dict(self.before).get(key) != value}
        now = {**dict(self.before), **dict(self.want)}
        return self._alter(now, {key: value for key, value in self.before if key in changed}, changed)

    def _alter(
        self, have: Mapping[str, str], want: Mapping[str, str], only: set[str] | None = None
    ) -> tuple[Effect, ...]:
        parts: list[Sql] = []
        for key, value in want.items():
            if key not in have:
                parts.append(sql("ADD {} {}", raw(key), literal(value)))
            elif have[key] != value:
                parts.append(sql("SET {} {}", raw(key), literal(value)))
        parts += [sql("DROP {}", raw(key)) for key in sorted((only or set()) - set(want))]
        if not parts:
            return ()
        return (Statement(sql("ALTER SERVER {} OPTIONS ({})", ident(self.name), join(", ", parts))),)

    def done(self, found: Found) -> bool:
        have = options_of(found, self.instance, self.database, self.name)
        return have is not None and set(self.want) <= set(have)


def options_of(found: Found, instance: str, database: str | None, name: str) -> Options | None:
    """The options of a foreign server; None when it is missing."""
    servers = look(found).contents(instance, database).foreign_servers
    return next((one.options for one in servers if one.name == name), None)


def server_options(endpoint: Endpoint, database: str) -> Options:
    """What the server must say; an option that somebody added to tune it stays."""
    passed = {key: value for key, value in endpoint.options if key in PASSED_ON}
    place = {"host": endpoint.host, "port": str(endpoint.port), "dbname": database}
    return tuple(sorted({**passed, **place, "updatable": "false", "truncatable": "false"}.items()))


def _wants(design: Design, found: Found) -> Iterator[Step]:
    for link, _ in through_servers(design):
        endpoint = design.endpoints.get(link.source[0])
        if endpoint is None:
            continue  # said in the notes: nobody knows where the instance is
        instance, database = link.reader
        before = options_of(found, instance, database, link.name)
        yield ForeignServerStep(
            instance=instance,
            database=database,
            name=link.name,
            action=Action.CREATE if before is None else Action.ALTER,
            want=server_options(endpoint, link.source[1]),
            before=before,
        )


foreign_server = StepKind(wants=_wants)
