"""Rules that a schema enforces: each is seen to refuse, and to be what refuses."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from support.command import Desk
from support.examples import Case, raised


@dataclass(frozen=True)
class Rule:
    """After ``given`` the statement ``tried`` by the service's own login is refused with ``sqlstate``.

    ``guards`` are what refuses it, as ``schema.table.name`` of a constraint, a unique index or a trigger. Without
    them the same statement goes through: that is the negative control of the rule.
    """

    says: str
    service: str
    tried: str
    sqlstate: str
    guards: tuple[str, ...]
    given: Sequence[str] = ()

    def __str__(self) -> str:
        return self.says.replace(" ", "-")


@dataclass
class Logins:
    """Connections to a platform that is up, by service and role; the addresses are asked for once."""

    desk: Desk
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    def url(self, service: str, role: str = "app") -> str:
        if (service, role) not in self.known:
            written = self.desk.folder / ".freehold" / "env" / f"{service}.env"
            if role == "app" and written.exists():
                (self.known[service, role],) = re.findall(r"(?m)^DATABASE_URL=(.+)$", written.read_text())
            else:
                said = self.desk.run("url", service, "--role", role)
                assert said.status == 0, said.all
                self.known[service, role] = said.out.strip()
        return self.known[service, role]

    def admin_url(self, service: str) -> str:
        """The administrator's connection to the database of a service."""
        if ("", "") not in self.known:
            said = self.desk.run("url", "--admin", "main")
            assert said.status == 0, said.all
            self.known["", ""] = said.out.strip()
        database = psycopg.conninfo.conninfo_to_dict(self.url(service))["dbname"]
        return psycopg.conninfo.make_conninfo(self.known["", ""], dbname=str(database))

    def user(self, service: str) -> str:
        return str(psycopg.conninfo.conninfo_to_dict(self.url(service))["user"])

    @contextmanager
    def trial(self, service: str, role: str = "app") -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A transaction of the service's login that leaves nothing behind."""
        with psycopg.connect(self.url(service, role)) as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def admin(self, service: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """The same as the administrator."""
        with psycopg.connect(self.admin_url(service)) as connection:
            try:
                yield connection
            finally:
                connection.rollback()


@contextmanager
def logins(example: str, layout: str, version: int) -> Iterator[Logins]:
    """The example up in one layout on one version, for tests that write; not proved, other tests do."""
    with raised(example, Case(layout, version), prove=False) as platform:
        yield Logins(platform.desk)


def is_refused(platform: Logins, rule: Rule) -> None:
    """The login is refused, with the code that is expected, and by nothing of the preparation."""
    with platform.trial(rule.service) as connection:
        for statement in rule.given:
            connection.execute(statement.encode())
        # what is deferred is checked by the same message
        with pytest.raises(psycopg.Error) as caught:
            connection.execute(f"{rule.tried}; SET CONSTRAINTS ALL IMMEDIATE".encode())
        assert caught.value.sqlstate == rule.sqlstate, caught.value


def goes_through_without(platform: Logins, rule: Rule) -> None:
    """With its guards gone the same statement of the same login succeeds."""
    with platform.admin(rule.service) as connection:
        for guard in rule.guards:
            connection.execute(_without(connection, guard).encode())
        connection.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(platform.user(rule.service))))
        for statement in (*rule.given, rule.tried, "SET CONSTRAINTS ALL IMMEDIATE"):
            connection.execute(statement.encode())


def failures(rules: Sequence[Rule], check: Callable[[Rule], None]) -> list[str]:
    """What does not hold, one line for each rule."""
    found: list[str] = []
    for rule in rules:
        try:
            check(rule)
        except (AssertionError, psycopg.Error, pytest.fail.Exception) as error:
            found.append(f"{rule.says}: {str(error).splitlines()[0]}")
    return found


def _without(connection: psycopg.Connection[tuple[object, ...]], guard: str) -> str:
    schema, table, name = guard.split(".")
    for catalog, statement in (
        (
            "pg_constraint WHERE conrelid = %s::regclass AND conname",
            f"ALTER TABLE {schema}.{table} DROP CONSTRAINT {name}",
        ),
        ("pg_trigger WHERE tgrelid = %s::regclass AND tgname", f"DROP TRIGGER {name} ON {schema}.{table}"),
        ("pg_index WHERE indrelid = %s::regclass AND indexrelid::regclass::text", f"DROP INDEX {schema}.{name}"),
    ):
        sought = f"{schema}.{name}" if catalog.startswith("pg_index") else name
        query = f"SELECT 1 FROM pg_catalog.{catalog} = %s"
        if connection.execute(query.encode(), (f"{schema}.{table}", sought)).fetchone():
            return statement
    raise AssertionError(f"there is no {guard}")


def guards(connection: psycopg.Connection[tuple[object, ...]]) -> set[str]:
    """Constraints, unique indexes and triggers in the services' schemas of a database.

    Left out: primary keys and NOT NULL, and triggers that only write (versions, audit)."""
    rows = connection.execute(
        """
        SELECT n.nspname || '.' || c.relname || '.' || found.name
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (
            SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = c.oid AND contype IN ('c', 'u', 'x')
            UNION ALL
            SELECT i.relname
            FROM pg_catalog.pg_index AS x
            JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
            WHERE x.indrelid = c.oid AND x.indisunique
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = i.oid)
            UNION ALL
            SELECT tgname FROM pg_catalog.pg_trigger
            WHERE tgrelid = c.oid AND NOT tgisinternal AND tgname !~ '_(version|audited)$'
        ) AS found (name)
        WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'freehold', 'public', 'extensions')
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        """
    ).fetchall()
    return {str(name) for (name,) in rows}


def crash(platform: Logins, service: str) -> None:
    """End one backend of the service the hard way, as a bug in the server would."""
    with psycopg.connect(platform.url(service), autocommit=True) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
