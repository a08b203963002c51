"""Builds what a command needs about its platform, each thing once: declaration, placements, servers, secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from freehold.cli.out import Out
from freehold.cli.redact import hide
from freehold.errors import Complaint, DeclarationError, FreeholdError, Unreachable
from freehold.layouts.model import Home, Instance, Placements
from freehold.layouts.placement import place
from freehold.local import declaration
from freehold.local.clock import SystemClock
from freehold.local.folder import Folder
from freehold.local.movesfile import MovesFile
from freehold.local.secretsfile import SecretsFile
from freehold.move.model import TARGET
from freehold.ports import Address
from freehold.spec.check import check
from freehold.spec.model import Platform, ServerKind

if TYPE_CHECKING:
    from freehold.pg.embedded import Embedded
    from freehold.pg.servers import PgServers


class Context:
    """The platform that a command is about. Everything is built on first use and kept."""

    def __init__(self, file: str | None, out: Out, homes: Mapping[str, Home] | None = None) -> None:
        self.out = out
        self.path = declaration.find(file).absolute()
        self._homes = homes
        self._connect_timeout_s: int | None = None

    def at(self, homes: Mapping[str, Home]) -> Context:
        """The same platform with services placed elsewhere; shares nothing with this one but the declaration."""
        found = Context(str(self.path), self.out, {**self.homes, **homes})
        found.__dict__["loaded"] = self.loaded
        found._connect_timeout_s = self._connect_timeout_s
        return found

    def hurried(self, connect_timeout_s: int) -> Context:
        """The same platform, where no host is waited for longer than this before it counts as gone."""
        found = self.at({})
        found._connect_timeout_s = connect_timeout_s
        return found

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
    def moves(self) -> MovesFile:
        return MovesFile(self.folder.moves_path)

    @cached_property
    def homes(self) -> Mapping[str, Home]:
        """Where moves have taken services, other than the declaration says."""
        if self._homes is not None:
            return self._homes
        names = {service.name for service in self.platform.services}
        return {
            one.move.service: one.move.goes if one.home == TARGET else one.move.came
            for one in self.moves.read()
            if one.move.service in names
        }

    @cached_property
    def placements(self) -> Placements:
        return place(self.platform, self.homes)

    @cached_property
    def owned(self) -> tuple[Instance, ...]:
        """The instances that Freehold itself starts and stops."""
        return tuple(instance for instance in self.placements.instances if instance.owned)

    @property
    def declared_ports(self) -> frozenset[int]:
        """Every port that the declaration names, also for what only another layout starts."""
        platform = self.platform
        pools = [service.pool for service in platform.services if service.pool]
        some = (*platform.servers, *platform.services, *pools, *([platform.pooler] if platform.pooler else ()))
        return frozenset(one.port for one in some if one.port is not None)

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

    @cached_property
    def servers(self) -> PgServers:
        """Sessions on every instance that has an address; an instance of ours that is down has none."""
        from freehold.pg.servers import PgServers

        found = PgServers(self.addresses(), self.embedded.owned_files(self.owned) if self.owned else {})
        return replace(found, connect_timeout_s=self._connect_timeout_s) if self._connect_timeout_s else found

    def forget_homes(self) -> None:
        """Look again where moves have taken services."""
        for name in ("loaded", "homes", "placements", "owned", "servers"):
            self.__dict__.pop(name, None)

    def forget_sessions(self) -> None:
        """Look again where the instances are: one of ours was started or restarted."""
        self.__dict__.pop("servers", None)

    def addresses(self, *, stopped: bool = False) -> Mapping[str, Address]:
        """Where each reachable instance is, with ``stopped`` also where one of ours was when it last ran; passwords met
        here are hidden from all output."""
        return self._located(self.placements.instances, stopped=stopped)

    def _located(self, instances: Sequence[Instance], *, stopped: bool = False) -> Mapping[str, Address]:
        from freehold.pg.servers import address_from_url

        found: dict[str, Address] = {}
        ours = [instance for instance in instances if instance.owned]
        seen = self.embedded.status(ours) if ours else {}
        for instance in instances:
            if instance.server.kind is ServerKind.URL:
                found[instance.name] = address_from_url(instance.name, instance.server.url)
            elif seen[instance.name].running or (stopped and seen[instance.name].port):
                password = self.admin_password(f"admin:{instance.name}")
                found[instance.name] = self.embedded.address(seen[instance.name], password)
        hide(*(address.password for address in found.values()))
        return found

    def admin_password(self, name: str) -> str:
        """The password of our own login on an instance of ours, made on first use; hidden from all output."""
        password = self.secrets.password(name)
        hide(password)
        return password

    def address(self, instance: str) -> Address:
        """Where one instance is, also one on which no service lives yet. Raises Unreachable when it is down, or any on
        which services live."""
        named = {one.name: one for one in self.placements.instances}
        if instance in named:
            self.all_reachable()
            return self.servers.addresses()[instance]
        beside = self.beside()
        if instance not in beside:
            raise FreeholdError(
                f'there is no instance "{instance}"', hint=f"There are: {', '.join(sorted({*named, *beside}))}."
            )
        found = self._located([beside[instance]])
        if instance not in found:
            raise Unreachable(
                f'instance "{instance}" does not run: no service lives there yet',
                hint=f"`freehold move start --service NAME --to-instance {instance}` starts it.",
                sqlstate="08001",
            )
        return found[instance]

    def beside(self) -> Mapping[str, Instance]:
        """The instances on which no service lives: the other ends of moves that have not ended, and what is declared
        and not used yet."""
        found: dict[str, Instance] = {}
        for known in self.moves.read():
            for home in () if known.ended else (known.move.came, known.move.goes):
                found |= {one.name: one for one in self.at({known.move.service: home}).placements.instances}
        for server in self.platform.servers:
            found.setdefault(server.name, Instance(server.name, server, server.port, (), (), 0))
        lived_in = {one.name for one in self.placements.instances}
        return {name: one for name, one in found.items() if name not in lived_in}

    def binaries(self) -> tuple[str, ...]:
        """The folders of PostgreSQL programs that the declaration names."""
        return tuple(sorted({str(self.path.parent / one.binaries) for one in self.platform.servers if one.binaries}))

    def pool(self, service: str) -> tuple[int, int | None] | None:
        """Size and port of the declared pool."""
        pool = self.platform.service(service).pool
        return (pool.size, pool.port) if pool else None

    def all_reachable(self) -> None:
        """Raise Unreachable when an instance of ours does not run."""
        known = self.servers.addresses()
        down = [instance.name for instance in self.placements.instances if instance.name not in known]
        if down:
            raise Unreachable(
                f"not running: {', '.join(down)}", hint="Start them with `freehold up`.", sqlstate="08001"
            )

    def known_services(self, services: Iterable[str]) -> None:
        """Raise FreeholdError at the first name that is no service's."""
        names = [service.name for service in self.platform.services]
        for service in services:
            if service not in names:
                raise FreeholdError(f'there is no service "{service}"', hint=nearest(service, names))


def nearest(name: str, names: Sequence[str]) -> str:
    """A hint for a name that is not there."""
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(names) or 'none'}."


def who() -> str:
    """Who runs this, for the journal: account and host."""
    import getpass
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"
