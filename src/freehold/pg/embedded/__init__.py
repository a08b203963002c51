"""Embedded instances: servers that Freehold makes, starts, stops and owns, reachable from this machine only."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from freehold.errors import FreeholdError, LocalStateError
from freehold.layouts.model import Instance
from freehold.pg.embedded import binaries as programs
from freehold.pg.embedded import cluster, folder, lost
from freehold.pg.embedded.account import Account, choose
from freehold.pg.embedded.binaries import Binaries
from freehold.pg.embedded.folder import Home, Marker
from freehold.pg.embedded.hba import ADMINISTRATOR
from freehold.pg.embedded.ports import HOST, Ports, demand
from freehold.pg.hbafile import OwnedFiles
from freehold.ports import Address

__all__ = ["Account", "Binaries", "Embedded", "Status"]

T = TypeVar("T")
R = TypeVar("R")
_PORT_TRIES = 5
_LIBRARIES = "shared_preload_libraries"


@dataclass(frozen=True, slots=True)
class Status:
    """One embedded instance: ``version`` is server_version_num of its programs, ``pid`` 0 when it does not run.
    ``started`` says whether this call started it, ``made`` whether it made its data folder."""

    instance: str
    host: str
    port: int
    version: int
    running: bool
    pid: int
    data: Path
    log: Path
    started: bool = False
    made: bool = False


class Embedded:
    """The embedded instances of one platform.

    ``declaration`` is the path of the declaration; with the platform's name it decides the folder, so two checkouts
    never share data. Instances of URL servers are passed over everywhere.
    """

    def __init__(self, platform: str, declaration: str, environment: Mapping[str, str] | None = None) -> None:
        self.environment = os.environ if environment is None else environment
        self.platform = platform
        self.declaration = str(Path(declaration).absolute())
        self.account = choose(self.environment)
        self.root = folder.root(self.environment)
        self.folder = folder.platform_folder(self.root, platform, self.declaration)
        self._binaries: dict[str, Binaries] = {}

    def up(
        self,
        instances: Sequence[Instance],
        password: Callable[[str], str],
        progress: Callable[[str], None] = lambda what: None,
        avoid: Collection[int] = (),
    ) -> dict[str, Status]:
        """Make and start what does not run yet, all at once; may run twice, and at the same time as another run.

        ``password`` gives the administrator's password of a new instance by secret name (``admin:<instance>``);
        an instance that has no port yet gets none of ``avoid``.
        When one fails, those that this call started are stopped again. Raises LocalStateError.
        """
        owned = [one for one in instances if one.owned]
        for one in owned:
            self.binaries(one)
        ports = Ports((one.port for one in owned if one.port is not None), avoid)

        def begin(one: Instance) -> Status | FreeholdError:
            try:
                status = self._up(one, password, ports)
            except FreeholdError as error:
                return error
            progress(f'instance "{one.name}" {"started" if status.started else "runs"} on port {status.port}')
            return status

        results = _at_once(begin, owned)
        failures = [result for result in results if isinstance(result, FreeholdError)]
        statuses = {result.instance: result for result in results if isinstance(result, Status)}
        if failures:
            self.down([one for one in owned if one.name in statuses and statuses[one.name].started])
            raise failures[0]
        return statuses

    def down(self, instances: Sequence[Instance]) -> tuple[str, ...]:
        """Stop what runs, all at once; the data stays. Returns the names of those that ran."""
        owned = [one for one in instances if one.owned and self.home(one).path.exists()]
        return tuple(one.name for one, ran in zip(owned, _at_once(self._down, owned), strict=True) if ran)

    def restart(self, instances: Sequence[Instance]) -> dict[str, Status]:
        """Stop and start, for settings that only take effect at a start; ports stay."""
        self.down(instances)
        ports = Ports()
        owned = [one for one in instances if one.owned]
        return {status.instance: status for status in _at_once(lambda one: self._up(one, None, ports), owned)}

    def status(self, instances: Sequence[Instance]) -> dict[str, Status]:
        """What is there; changes nothing."""
        return {one.name: self._status(one) for one in instances if one.owned}

    def purge(self, instances: Sequence[Instance]) -> tuple[str, ...]:
        """Stop and remove the data of the instances; only folders that carry this platform's marker.
        Returns the names of those removed."""
        removed = []
        for one in (one for one in instances if one.owned):
            home = self.home(one)
            if not home.path.exists():
                continue
            with folder.locked(home, self.account):
                found = folder.read_marker(home)
                if found is None and not any(home.path.iterdir()):
                    home.path.rmdir()
                    continue
                folder.claim(home, self._marker(one), self.account)
                if cluster.postmaster(home) is not None:
                    cluster.stop(home, self.binaries(one), self.account, one.name)
                folder.remove(home)
                removed.append(one.name)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
        return tuple(removed)

    def known(self) -> tuple[Marker, ...]:
        """The instances that exist in the platform's folder, declared or not, by name."""
        if not self.folder.is_dir():
            return ()
        markers = (folder.read_marker(Home(path)) for path in self.folder.iterdir() if path.is_dir())
        return tuple(sorted((one for one in markers if one is not None), key=lambda one: one.instance))

    def address(self, status: Status, password: str) -> Address:
        """Where Freehold administers the instance."""
        return Address(status.instance, HOST, status.port, ADMINISTRATOR, password, "postgres", {"sslmode": "disable"})

    def owned_files(self, instances: Sequence[Instance]) -> dict[str, OwnedFiles]:
        """The configuration files that PgServers may write."""
        return {
            one.name: OwnedFiles(self.home(one).data, self.account.uid, self.account.gid)
            for one in instances
            if one.owned
        }

    def home(self, instance: Instance) -> Home:
        """The instance's folder. A declared ``data:`` wins; the instances of a server that stands for many
        each get a folder below it."""
        declared = instance.server.data
        if not declared:
            return Home(self.folder / folder.encoded(instance.name))
        base = Path(self.declaration).parent / Path(declared).expanduser()
        return Home(base if instance.name == instance.server.name else base / folder.encoded(instance.name))

    def binaries(self, instance: Instance) -> Binaries:
        """The programs of an instance. Raises LocalStateError, TooOld."""
        declared = instance.server.binaries
        if declared:
            declared = str(Path(self.declaration).parent / Path(declared).expanduser())
        if declared not in self._binaries:
            self._binaries[declared] = programs.find(declared, self.account, self.root)
        return self._binaries[declared]

    def _marker(self, instance: Instance) -> Marker:
        version = self.binaries(instance).version
        return Marker(self.platform, instance.name, self.declaration, version, instance.port or 0, initialised=False)

    def _up(self, instance: Instance, password: Callable[[str], str] | None, ports: Ports) -> Status:
        home, binaries = self.home(instance), self.binaries(instance)
        with folder.locked(home, self.account):
            marker = folder.claim(home, self._marker(instance), self.account)
            running = cluster.postmaster(home)
            made = False
            if marker.initialised and marker.version // 10000 != binaries.major:
                raise LocalStateError(
                    f'the data of instance "{instance.name}" is of PostgreSQL {marker.version // 10000}, '
                    f"the programs are of {binaries.major}",
                    hint="Use binaries of the same major version, or move the data with pg_upgrade or a dump.",
                )
            if not marker.initialised:
                if running is not None:
                    raise LocalStateError(
                        f'the data of instance "{instance.name}" is in use by process {running.pid}',
                        hint="Stop that server; Freehold did not start it.",
                    )
                if password is None:
                    raise LocalStateError(f'instance "{instance.name}" is not initialised', hint="Run `freehold up`.")
                secret, libraries = password(f"admin:{instance.name}"), dict(instance.settings).get(_LIBRARIES, "")
                cluster.initialise(home, binaries, self.account, secret, instance.name, libraries)
                marker, made = replace(marker, initialised=True), True
                folder.write_marker(home, marker)
            if running is not None and instance.port in (None, running.port):
                if password is not None and not lost.opens(running.port, password(f"admin:{instance.name}")):
                    raise lost.while_running(instance.name)
                return self._shown(instance, home, running)
            if running is not None:
                cluster.stop(home, binaries, self.account, instance.name)
            try:
                running, marker = self._start(instance, home, marker, ports)
            except LocalStateError:
                if made:
                    # nothing was ever in it: the next `up` makes it anew, as it is declared then
                    folder.write_marker(home, replace(marker, initialised=False))
                raise
            if password is not None and not made and not lost.opens(running.port, password(f"admin:{instance.name}")):
                cluster.stop(home, binaries, self.account, instance.name)
                lost.replace(home, binaries, self.account, password(f"admin:{instance.name}"), instance.name)
                running, marker = self._start(instance, home, marker, ports)
            return replace(self._shown(instance, home, running), started=True, made=made)

    def _start(self, instance: Instance, home: Home, marker: Marker, ports: Ports) -> tuple[cluster.Postmaster, Marker]:
        binaries = self.binaries(instance)
        for attempt in range(_PORT_TRIES):
            port = (
                demand(instance.name, instance.port) if instance.port else ports.take(marker.port if not attempt else 0)
            )
            try:
                running = cluster.start(home, binaries, self.account, port, instance.name)
            except cluster.PortLost:
                continue
            marker = replace(marker, port=port, version=binaries.version)
            folder.write_marker(home, marker)
            return running, marker
        raise LocalStateError(
            f'instance "{instance.name}" finds its port taken whenever it starts',
            hint="Declare a port that nothing else uses.",
        )

    def _down(self, instance: Instance) -> bool:
        home = self.home(instance)
        if folder.read_marker(home) is None:
            return False
        with folder.locked(home, self.account):
            folder.claim(home, self._marker(instance), self.account)
            return cluster.stop(home, self.binaries(instance), self.account, instance.name)

    def _status(self, instance: Instance) -> Status:
        home = self.home(instance)
        marker = folder.read_marker(home) if home.path.exists() else None
        running = cluster.postmaster(home) if marker else None
        if running:
            return self._shown(instance, home, running)
        port = instance.port or (marker.port if marker else 0)
        version = marker.version if marker else 0
        return Status(instance.name, HOST, port, version, False, 0, home.data, home.log)

    def _shown(self, instance: Instance, home: Home, running: cluster.Postmaster) -> Status:
        version = self.binaries(instance).version
        return Status(instance.name, HOST, running.port, version, True, running.pid, home.data, home.log)


def _at_once(do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    if not items:
        return []
    # the work is in other processes; a thread each only waits
    with ThreadPoolExecutor(max_workers=min(16, len(items))) as pool:
        return list(pool.map(do, items))
