"""Builds what a command needs about its platform, each thing once: declaration, placements, servers, secrets, plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.cli.made import Made, restricted
from freehold.cli.out import Out
from freehold.cli.progress import Bar
from freehold.cli.redact import hide
from freehold.errors import Complaint, DeclarationError, FreeholdError, MissingRight, ServerError, Unreachable
from freehold.finding import JsonObject
from freehold.found.model import Found
from freehold.layouts.model import Instance, Placements
from freehold.layouts.placement import place
from freehold.local import declaration, envfiles
from freehold.local.clock import SystemClock
from freehold.local.folder import Folder
from freehold.local.secretsfile import SecretsFile
from freehold.plan.model import Design
from freehold.ports import Address
from freehold.spec.check import check
from freehold.spec.model import Platform, Server, ServerKind
from freehold.spec.names import safe_url
from freehold.sqltext import Sql

if TYPE_CHECKING:
    from freehold.apply.model import Applied
    from freehold.apply.run.world import World
    from freehold.pg.embedded import Embedded
    from freehold.pg.servers import PgServers
    from freehold.prove.model import Report


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance as a person asks for it. ``reason`` says why it is not running."""

    name: str
    version: str
    host: str
    port: int | None
    running: bool
    owned: bool
    data: str
    reason: str = ""

    def as_json(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ServiceLogin:
    """How one service connects. ``url`` holds the password, ``safe_url`` does not."""

    service: str
    instance: str
    database: str
    url: str
    env_file: str

    @property
    def safe_url(self) -> str:
        return safe_url(self.url)

    def as_json(self, *, show_secrets: bool) -> JsonObject:
        return {
            "name": self.service,
            "instance": self.instance,
            "database": self.database,
            "url": self.url if show_secrets else self.safe_url,
            "env_file": self.env_file,
        }


class Context:
    """The platform that a command is about. Everything is built on first use and kept."""

    def __init__(self, file: str | None, out: Out) -> None:
        self.out = out
        self.path = declaration.find(file).absolute()

    @cached_property
    def loaded(self) -> tuple[Platform, tuple[Complaint, ...]]:
        """The declaration and its warnings. Raises DeclarationError with every error and warning there is."""
        platform = declaration.load(self.path)
        hide(*platform.resolved.values())
        complaints = check(platform, SystemClock().now_iso()[:10])
        if any(complaint.level == "error" for complaint in complaints):
            raise DeclarationError(complaints)
        return platform, complaints

    @property
    def platform(self) -> Platform:
        return self.loaded[0]

    @property
    def warnings(self) -> tuple[Complaint, ...]:
        return self.loaded[1]

    @cached_property
    def placements(self) -> Placements:
        return place(self.platform)

    @cached_property
    def owned(self) -> tuple[Instance, ...]:
        """The instances that Freehold itself starts and stops."""
        return tuple(instance for instance in self.placements.instances if instance.owned)

    @cached_property
    def folder(self) -> Folder:
        return Folder(self.path)

    @cached_property
    def secrets(self) -> SecretsFile:
        return SecretsFile(self.folder.secrets_path)

    @cached_property
    def embedded(self) -> Embedded:
        from freehold.pg.embedded import Embedded

        return Embedded(self.platform.name, str(self.path))

    # servers

    def start(self) -> tuple[str, ...]:
        """Start our own instances that do not run; the names of those that this call started."""
        if not self.owned:
            return ()
        self.folder.ensure()
        statuses = self.embedded.up(self.owned, self._admin_password, self.out.note)
        self.__dict__.pop("servers", None)
        return tuple(sorted(name for name, status in statuses.items() if status.started))

    def forgotten(self) -> tuple[Instance, ...]:
        """Instances of ours that an earlier declaration made and this one no longer names."""
        declared = {instance.name for instance in self.owned}
        return tuple(
            Instance(name, Server(name, ServerKind.EMBEDDED), None, (), (), 0)
            for name in (marker.instance for marker in self.embedded.known())
            if name not in declared
        )

    def stop(self) -> tuple[str, ...]:
        """Stop our own instances, forgotten ones too; the names of those that ran."""
        return self.embedded.down((*self.owned, *self.forgotten()))

    def purge(self) -> tuple[str, ...]:
        """Remove the data of our own instances; what was removed. The local folder goes with it, unless logins on
        servers that somebody else runs still need its passwords."""
        import shutil

        from freehold.local.folder import explained

        removed = [f"data of instance {name}" for name in self.embedded.purge((*self.owned, *self.forgotten()))]
        if len(self.owned) == len(self.placements.instances) and self.folder.path.is_dir():
            with explained(self.folder.path):
                shutil.rmtree(self.folder.path)
            removed.append(str(self.folder.path))
        return tuple(removed)

    @cached_property
    def servers(self) -> PgServers:
        """Sessions on every instance that has an address; an instance of ours that is down has none."""
        from freehold.pg.servers import PgServers

        return PgServers(self.addresses(), self.embedded.owned_files(self.owned) if self.owned else {})

    def addresses(self) -> Mapping[str, Address]:
        """Where each reachable instance is; passwords met here are hidden from all output."""
        from freehold.pg.servers import address_from_url

        found: dict[str, Address] = {}
        running = self.embedded.status(self.owned) if self.owned else {}
        for instance in self.placements.instances:
            if instance.server.kind is ServerKind.URL:
                found[instance.name] = address_from_url(instance.name, instance.server.url)
            elif running[instance.name].running:
                password = self._admin_password(f"admin:{instance.name}")
                found[instance.name] = self.embedded.address(running[instance.name], password)
        hide(*(address.password for address in found.values()))
        return found

    def _admin_password(self, name: str) -> str:
        password = self.secrets.password(name)
        hide(password)
        return password

    def instances(self) -> tuple[InstanceStatus, ...]:
        """Every instance and whether it answers."""
        owned = self.embedded.status(self.owned) if self.owned else {}
        found: list[InstanceStatus] = []
        for instance in self.placements.instances:
            status = owned.get(instance.name)
            if status is not None:
                found.append(
                    InstanceStatus(
                        name=instance.name,
                        version=_version(status.version) if status.version else "",
                        host=status.host,
                        port=status.port or None,
                        running=status.running,
                        owned=True,
                        data=str(status.data),
                        reason="" if status.running else "stopped",
                    )
                )
                continue
            found.append(self._foreign(instance))
        return tuple(found)

    def _foreign(self, instance: Instance) -> InstanceStatus:
        from freehold.pg.servers import address_from_url

        address = address_from_url(instance.name, instance.server.url)
        version, reason = "", ""
        try:
            session = self.servers.admin(instance.name)
            try:
                version = _version(session.version)
            finally:
                session.close()
        except Unreachable as error:
            reason = error.message
        return InstanceStatus(
            instance.name, version, address.host, address.port, not reason, owned=False, data="", reason=reason
        )

    # plan and apply

    def design(self, *, authoritative: bool) -> Design:
        """Everything the plan is computed from besides what is found."""
        from freehold.local.migrations import collect
        from freehold.pg.machine import machine

        migrations, commands = collect(self.platform, self.path.parent, self.out.warn)
        return Design(
            platform=self.platform,
            placements=self.placements,
            machine=machine(),
            verifiers=self.secrets.known(),
            migrations=migrations,
            commands=commands,
            authoritative=authoritative,
        )

    def found(self) -> Found:
        """A snapshot of every instance, with the contents of the platform's databases."""
        self._all_reachable()
        names = [instance.name for instance in self.placements.instances]
        databases: dict[str, list[str]] = {name: [] for name in names}
        for instance, database in self.placements.databases():
            databases[instance].append(database)
        return self.servers.read(names, databases)

    def plan(self, *, authoritative: bool, allow_destroy: bool, services: Sequence[str]) -> Made:
        """The plan for what is there now."""
        from freehold.apply.run.lend import outstanding
        from freehold.plan.make import make
        from freehold.plan.rights import missing

        self._known_services(services)
        design, found = self.design(authoritative=authoritative), self.found()
        made = restricted(design, make(design, found), allow_destroy=allow_destroy, services=services)
        lacking = tuple(
            f'login "{server.user}" on instance "{name}" lacks {" and ".join(rights)}'
            for name, server in sorted(found.servers.items())
            if (rights := missing(server, made.plan.steps))
        )
        return replace(made, lent=outstanding(design, found), lacking=lacking)

    def destruction(self) -> Made:
        """The plan that drops every declared object."""
        from freehold.plan.destroy import make

        design = self.design(authoritative=False)
        return Made(design, make(design, self.found()))

    def write_plan(self, path: str, made: Made) -> None:
        """Keep the plan in a file that apply accepts."""
        from freehold.apply.fresh import PlanFile, digest
        from freehold.local import planfile
        from freehold.plan.show import changes

        plan = made.plan
        planfile.write(path, PlanFile(plan.platform, plan.fingerprint, digest(made.design), tuple(changes(plan))))

    def plan_from_file(self, path: str) -> Made:
        """The plan of a file. Raises StalePlan when the servers or the declaration changed since."""
        from freehold.apply.fresh import check_fresh, digest
        from freehold.local import planfile
        from freehold.plan.show import changes

        file = planfile.read(path)
        authoritative = file.declaration == digest(self.design(authoritative=True))
        wanted = {_identity(change) for change in file.changes}
        made = self.plan(authoritative=authoritative, allow_destroy=True, services=())
        kept = tuple(
            step
            for step, change in zip(made.plan.steps, changes(made.plan), strict=True)
            if _identity(change) in wanted
        )
        chosen = replace(made, plan=replace(made.plan, steps=kept), exact=True)
        check_fresh(file, chosen.plan, chosen.design, tuple(changes(chosen.plan)))
        return chosen

    def apply(self, made: Made, *, wait_ms: int) -> Applied:
        """Make the steps of a plan. Raises ApplyFailed, Busy, MigrationError."""
        from freehold.apply.run import apply
        from freehold.local.commands import ShellCommands

        if made.lacking:
            raise MissingRight(
                "; ".join(made.lacking),
                hint="Ask a superuser for it (ALTER ROLE .. CREATEROLE CREATEDB), or name another login in the URL.",
            )
        self.folder.ensure()
        for note in made.plan.notes:
            self.out.warn(note)
        with Bar("applying") as progress:
            return apply(
                made.plan,
                made.design,
                self.servers,
                self.secrets,
                SystemClock(),
                ShellCommands(self.path.parent),
                progress,
                who=_who(),
                wait_ms=wait_ms,
                look=self.found,
                exact=made.exact,
            )

    def take_back(self, made: Made, *, wait_ms: int) -> tuple[str, ...]:
        """Drop the short-lived logins that are outstanding, as every apply does."""
        if made.lent:
            self.apply(replace(made, plan=replace(made.plan, steps=())), wait_ms=wait_ms)
        return made.lent

    def _world(self, progress: Bar) -> World:
        from freehold.apply.journal import Run
        from freehold.apply.run import LOCK_WAIT_MS
        from freehold.apply.run.world import World
        from freehold.local.commands import ShellCommands

        return World(
            servers=self.servers,
            secrets=self.secrets,
            clock=SystemClock(),
            commands=ShellCommands(),
            progress=progress,
            run=Run("", self.platform.name, _who()),
            total=0,
            lock_wait_ms=LOCK_WAIT_MS,
        )

    def restart_pending(self, *, restart: bool, only: Iterable[str] | None = None) -> tuple[str, ...]:
        """The instances whose settings wait for a restart, after restarting ours (those of ``only``) if asked."""
        names = [instance.name for instance in self.placements.instances]
        waiting = {
            name
            for name, server in self.servers.read(names, {}).servers.items()
            if any(setting.pending_restart for setting in server.settings.values())
        }
        ours = {instance.name for instance in self.owned} & (waiting if only is None else waiting & set(only))
        if restart and ours:
            self.out.note(f"restarting {', '.join(sorted(ours))} for settings that need it")
            self.embedded.restart([instance for instance in self.owned if instance.name in ours])
            self.__dict__.pop("servers", None)
            waiting -= ours
        return tuple(sorted(waiting))

    # proof

    def prove(self, *, services: Sequence[str], attacks: Sequence[str], workers: int) -> Report:
        """Attack the platform."""
        from freehold.local.migrations import collect
        from freehold.prove.run import prove

        self._known_services(services)
        self._known_attacks(attacks)
        self._all_reachable()
        migrations, _ = collect(self.platform, self.path.parent)
        with Bar("proving") as progress:
            return prove(
                self.platform,
                self.placements,
                self.servers,
                self.secrets,
                SystemClock(),
                progress,
                services=services or None,
                attacks=attacks or None,
                workers=workers,
                migrations={
                    service: tuple((file.name, file.sha256) for file in files) for service, files in migrations.items()
                },
            )

    def write_page(self, path: str, report: Report) -> None:
        """Write the report as one HTML file."""
        from freehold.local.folder import write_atomically
        from freehold.prove.page import html

        write_atomically(Path(path), html(report).encode("utf-8"))

    # connections

    def write_env_files(self) -> tuple[ServiceLogin, ...]:
        """One env file per service; how each service connects."""
        self.folder.ensure()
        found: list[ServiceLogin] = []
        for placement in self.placements.services:
            app = self._login(placement.instance, placement.database, placement.roles.app)
            ro = self._login(placement.instance, placement.database, placement.roles.ro)
            path = envfiles.write(self.folder.env_path, placement.service, app, ro)
            found.append(
                ServiceLogin(placement.service, placement.instance, placement.database, app.url(), _near(path))
            )
        return tuple(found)

    def service_url(self, service: str, role: str) -> tuple[str, str | None]:
        """A connection string of a service, and until when it is valid (None: no end)."""
        self._known_services([service])
        placement = self.placements.of(service)
        if role == "owner":
            return self._owner_url(service)
        user = placement.roles.app if role == "app" else placement.roles.ro
        if user not in self.secrets.known():
            raise FreeholdError(f'login "{user}" has no password yet', hint="Run `freehold apply` first.")
        return self._login(placement.instance, placement.database, user).url(), None

    def admin_url(self, instance: str) -> str:
        """A connection string of Freehold's own login."""
        address = self._address(instance)
        return envfiles.Login(
            address.host,
            address.port,
            address.maintenance_database,
            address.user,
            address.password,
            address.options,
        ).url()

    def _owner_url(self, service: str) -> tuple[str, str | None]:
        from freehold.apply.run.lend import lend

        placement = self.placements.of(service)
        if self.platform.service(service).migrations is None:
            raise FreeholdError(
                f'service "{service}" has no migrations, so nobody is let in as its owner role',
                hint="Declare `migrations:` for it, or use `freehold url --admin INSTANCE`.",
            )
        address = self._address(placement.instance)
        with Bar("lending") as progress:
            lent = lend(self._world(progress), placement)
        login = envfiles.Login(
            address.host, address.port, placement.database, lent.user, lent.password, address.options
        )
        return login.url(), lent.until

    def _login(self, instance: str, database: str, user: str) -> envfiles.Login:
        address = self._address(instance)
        password = self.secrets.password(user)
        hide(password)
        return envfiles.Login(address.host, address.port, database, user, password, address.options)

    def _address(self, instance: str) -> Address:
        if instance not in {one.name for one in self.placements.instances}:
            raise FreeholdError(
                f'there is no instance "{instance}"',
                hint=f"There are: {', '.join(one.name for one in self.placements.instances)}.",
            )
        self._all_reachable()
        return self.servers.addresses()[instance]

    # journal

    def journal_runs(self, last: int) -> list[JsonObject]:
        """The last runs, as the journals of all databases tell together."""
        from freehold.apply import history

        rows = [row for _, _, rows in self._journals(history.runs(self.platform.name, last)) for row in rows]
        return [run.as_json() for run in history.merged(rows, last)]

    def journal_steps(self, run: str) -> list[JsonObject]:
        """Every step of one run, oldest first."""
        from freehold.apply import history

        names = ("at", "outcome", "database", "action", "kind", "name", "service", "duration_ms", "error")
        found = [
            {"instance": instance, **dict(zip(names, row, strict=True))}
            for instance, _, rows in self._journals(history.steps(self.platform.name, run))
            for row in rows
        ]
        if not found:
            raise FreeholdError(f'no journal knows a run "{run}"', hint="`freehold journal` lists the last ones.")
        return sorted(found, key=lambda step: str(step["at"]))

    def _journals(self, question: Sql) -> Iterator[tuple[str, str | None, Sequence[Sequence[object]]]]:
        """Ask every journal of the platform: those of its databases and of the maintenance databases."""
        from freehold.apply.history import HAS_JOURNAL

        self._all_reachable()
        places: list[tuple[str, str | None]] = [(instance.name, None) for instance in self.placements.instances]
        for instance, database in (*places, *self.placements.databases()):
            try:
                session = self.servers.admin(instance, database)
            except ServerError as error:
                if error.sqlstate != "3D000":  # the database is declared and not there yet
                    raise
                continue
            try:
                if session.query(HAS_JOURNAL)[0][0]:
                    yield instance, database, session.query(question)
            finally:
                session.close()

    # checks

    def binaries(self) -> tuple[str, ...]:
        """The folders of PostgreSQL programs that the declaration names."""
        return tuple(sorted({str(self.path.parent / one.binaries) for one in self.platform.servers if one.binaries}))

    def pool(self, service: str) -> tuple[int, int | None] | None:
        """Size and port of the declared pool."""
        pool = self.platform.service(service).pool
        return (pool.size, pool.port) if pool else None

    def _all_reachable(self) -> None:
        known = self.servers.addresses()
        down = [instance.name for instance in self.placements.instances if instance.name not in known]
        if down:
            raise Unreachable(
                f"not running: {', '.join(down)}", hint="Start them with `freehold up`.", sqlstate="08001"
            )

    def _known_services(self, services: Iterable[str]) -> None:
        names = [service.name for service in self.platform.services]
        for service in services:
            if service not in names:
                raise FreeholdError(f'there is no service "{service}"', hint=_nearest(service, names))

    def _known_attacks(self, attacks: Iterable[str]) -> None:
        from freehold.family import members
        from freehold.prove.model import Attack

        names = list(members("freehold.prove.attacks", Attack))
        for attack in attacks:
            if attack not in names:
                raise FreeholdError(f'there is no attack "{attack}"', hint=_nearest(attack, names))


def _identity(change: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(change.get(key) for key in ("action", "kind", "name", "service", "instance", "database"))


def _nearest(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(names) or 'none'}."


def _version(number: int) -> str:
    """``180006`` is ``18.6``."""
    return f"{number // 10000}.{number % 10000}"


def _near(path: Path) -> str:
    """The path from here when it lies below, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _who() -> str:
    import getpass
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"
