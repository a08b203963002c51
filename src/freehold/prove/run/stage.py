"""Sets the stage of a proof and clears it: canaries planted and dropped, doors tried, rows counted before and after."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from freehold.errors import ServerError, Unreachable
from freehold.found.fingerprint import fingerprint
from freehold.found.model import Found, Server
from freehold.layouts.model import Placements
from freehold.ports import Progress, Secrets, Servers
from freehold.prove import canary, trace
from freehold.prove.asking import Answer, Probe
from freehold.prove.judge import unknown
from freehold.prove.model import Canary, Login, Pooled, Result, Scene, SecondHome, Verdict
from freehold.prove.pieces import databases
from freehold.prove.run.doors import Doors
from freehold.prove.scene import logins, present
from freehold.spec.model import Platform
from freehold.sqltext import ident, sql

Migrations = Mapping[str, tuple[tuple[str, str], ...]]


@dataclass
class Stage:
    """``doubts`` collects what could not be prepared: it is reported as unknown. ``lost`` are the instances that
    answered when the proof began and no longer do, and why."""

    platform: Platform
    placements: Placements
    doors: Doors
    secrets: Secrets
    progress: Progress
    pools: tuple[Pooled, ...] = ()
    doubts: list[Result] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    exhaust: bool = False
    passing: frozenset[tuple[str, str, str]] = frozenset()
    second: tuple[SecondHome, ...] = ()
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def servers(self) -> Servers:
        return self.doors.servers

    def read(self) -> Found:
        """A snapshot of every instance that answers and of the contents of the platform's databases."""
        wanted: dict[str, list[str]] = {
            instance.name: [] for instance in self.placements.instances if instance.name not in self.lost
        }
        for instance, database in self.placements.databases():
            if instance in wanted:
                wanted[instance].append(database)
        return self.servers.read(tuple(wanted), wanted)

    def scene(
        self,
        pool: ThreadPoolExecutor,
        found: Found,
        migrations: Migrations | None,
    ) -> Scene:
        """Plant the canaries and try every door."""
        canaries = dict(pool.map(self._plant, [p.service for p in self.placements.services]))
        scene = Scene(
            self.platform,
            self.placements,
            found,
            logins(self.platform, self.placements),
            {name: one for name, one in canaries.items() if one is not None},
            migrations=migrations,
            exhaust=self.exhaust,
            addresses={
                name: (place.host, place.port)
                for name, place in self.servers.addresses().items()
                if name in found.servers
            },
            pools=self.pools,
            passing=self.passing,
            second=self.second,
            beyond=self._beyond(),
        )
        self._learn(scene)
        asks = [
            (instance, database, login.role)
            for login in scene.logins
            if login.role in self.doors.passwords
            for instance, _, database in databases(scene)
        ]
        self.progress.event(f"try {len(asks)} doors", 0, 1)
        answers = pool.map(lambda door: self.doors.probe(Probe(*door)), asks)
        return replace(scene, doors=dict(zip(asks, answers, strict=True)))

    def _beyond(self) -> Found:
        """Roles and databases of the instances of second homes; of those that answer."""
        found: dict[str, Server] = {}
        for name in sorted({one.instance for one in self.second}):
            with suppress(Unreachable):
                found |= self.servers.read([name], {}).servers
        return Found(found)

    def _learn(self, scene: Scene) -> None:
        known = self.secrets.known()
        for login in scene.logins:
            if not present(scene, login):
                self._doubt(login, "The role does not exist; run `freehold apply`.")
            elif login.role in known:
                self.doors.passwords[login.role] = self.secrets.password(login.role)
            else:
                self._doubt(login, "No password of this role is in the secrets file; run `freehold apply`.")

    def _doubt(self, login: Login, why: str) -> None:
        self.doubts.append(unknown("prepare", login, login.service, f"role {ident(login.role)}", Answer(), why=why))

    def _plant(self, service: str) -> tuple[str, Canary | None]:
        place = self.placements.of(service)
        token = self.secrets.ephemeral(10)[0]
        owner = canary.role_of(place.roles.owner, place.roles.app, place.schemas)
        one = Canary(
            service,
            place.instance,
            place.database,
            canary.first_schema(place.schemas),
            canary.name_from(token),
            token,
            owner,
        )
        try:
            session = self.servers.admin(place.instance, place.database)
            try:
                session.execute(canary.ALLOWED)
                with session.transaction():
                    for statement in canary.plant(one):
                        session.execute(statement)
                    session.execute(sql("SET LOCAL ROLE {}", ident(owner)))
                    oid = int(str(session.query(canary.plant_large_object(one))[0][0]))
                    session.execute(canary.mark_large_object(oid))
            finally:
                session.close()
        except ServerError as error:
            why = "The canary could not be planted, so a leak of this service's data could not be seen."
            answer = Answer(sqlstate=error.sqlstate, message=error.message)
            with self.guard:
                self.doubts.append(unknown("prepare", None, service, f'canary of service "{service}"', answer, why=why))
            return service, None
        return service, replace(one, large_object=oid)

    def clean(self, instance: str, database: str) -> None:
        """Drop the canaries of a database, those of a proof that was killed too."""
        try:
            session = self.servers.admin(instance, database)
        except ServerError as error:
            if error.sqlstate in ("3D000", "42501", "28000"):
                return
            raise
        try:
            session.execute(canary.ALLOWED)
            for kind, schema, name, oid in session.query(canary.leftovers()):
                session.execute(canary.remove(str(kind), str(schema), str(name), int(str(oid))))
        finally:
            session.close()

    def count(self, found: Found, instance: str, database: str) -> tuple[int, dict[str, str | None]]:
        """How many other sessions are in the database, and rows and sequence positions of its tables."""
        there = found.servers[instance].databases.get(database)
        if there is None or there.contents is None:
            return 0, {}
        session = self.servers.admin(instance, database)
        try:
            outcome = session.attempt(trace.counting(there.contents))
            people = session.attempt(trace.others())
        finally:
            session.close()
        busy = int(people.rows[0][0] or 0) if people.ok and people.rows else 0
        return busy, {str(row[0]): row[1] for row in outcome.rows} if outcome.ok else {}

    def traces(
        self,
        before: Found,
        after: Found,
        counted: Mapping[tuple[str, str], tuple[int, dict[str, str | None]]],
        again: Mapping[tuple[str, str], tuple[int, dict[str, str | None]]],
    ) -> list[Result]:
        """Whether anything is there afterwards that was not there before."""
        results: list[Result] = []
        before = Found({name: server for name, server in before.servers.items() if name in after.servers})
        if fingerprint(before) == fingerprint(after):
            results.append(Result(Verdict.HELD, "", ""))
        else:
            results.append(trace.trace(self.placements.home, "", trace.changed(before, after)))
        for place, (people_after, values_after) in again.items():
            people, values = counted[place]
            seen = trace.differences(values, values_after)
            # a service at work writes rows; only on a quiet database is a difference the proof's own
            if seen and not people and not people_after:
                results.append(trace.trace(*place, seen))
            else:
                results.append(Result(Verdict.HELD, "", ""))
        return results
