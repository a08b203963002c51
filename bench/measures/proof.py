"""The proof: every attack as every login, and the connection matrix alone; how both grow with the services."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from bench.lab import Lab, lab
from bench.platforms import design, platform
from bench.table import Measure, Table, growth, ratio, seconds, timed
from bench.work import Silent, apply_all, plan_of
from freehold.local.clock import SystemClock
from freehold.prove.model import Report
from freehold.prove.run import prove
from freehold.spec.model import Layout

THREADS = 8


@dataclass(frozen=True)
class One:
    """One platform: the whole proof, its connections alone, and as many by the driver alone."""

    services: int
    layout: Layout
    attempts: int
    whole_s: float
    tried: int
    matrix_s: float
    raw: int
    raw_s: float

    def row(self) -> tuple[str, ...]:
        """The figures as text."""
        return (
            str(self.services),
            self.layout.value,
            f"{self.attempts:,}",
            seconds(self.whole_s),
            f"{self.attempts / self.whole_s:,.0f}",
            f"{self.tried:,}",
            seconds(self.matrix_s),
            f"{self.raw:,} in {seconds(self.raw_s)}",
            ratio(self.matrix_s / self.tried, self.raw_s / self.raw),
        )


def _doors(ours: Lab) -> list[tuple[str, str, str]]:
    """(instance, database, login): every login at every database."""
    placements = ours.placements
    logins = [role for one in placements.services for role in (one.roles.app, one.roles.ro)]
    logins += [placements.roles.analytics, placements.roles.monitor, placements.roles.backup]
    places = {*placements.databases(), *((one.name, "postgres") for one in placements.instances)}
    return [(instance, database, login) for instance, database in sorted(places) for login in logins]


def _knock(ours: Lab, doors: list[tuple[str, str, str]]) -> None:
    """As the proof does, with nothing planned and nothing judged."""
    addresses = ours.servers.addresses()

    def one(door: tuple[str, str, str]) -> None:
        instance, database, login = door
        place = addresses[instance]
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(
                host=place.host,
                port=place.port,
                dbname=database,
                user=login,
                password=ours.secrets.password(login),
            ).close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, doors))


def _one(services: int, layout: Layout) -> One:
    what = platform(services, layout)
    wanted = design(what)
    reports: list[Report] = []
    with lab(what) as ours:
        apply_all(ours, wanted, plan_of(ours, wanted))
        # as `freehold up` does on instances it has just made: max_connections needs a restart
        ours.embedded.restart(ours.placements.instances)

        def everything(attacks: tuple[str, ...] | None = None) -> None:
            reports.append(
                prove(what, ours.placements, ours.servers, ours.secrets, SystemClock(), Silent(), attacks=attacks)
            )

        whole = timed(everything)
        matrix = timed(lambda: everything(("connect_other_database",)))
        doors = _doors(ours)
        raw = timed(lambda: _knock(ours, doors))
    if not reports[0].passed:
        first = (*reports[0].violations, *reports[0].unknown)[0]
        raise SystemExit(f"a clean platform of {services} services is not proved: {first.title} ({first.object})")
    return One(services, layout, reports[0].attempts, whole, reports[1].attempts, matrix, len(doors), raw)


def _table(sizes: tuple[int, ...]) -> Table:
    found = [_one(size, layout) for size in sizes for layout in _LAYOUTS]
    reading = []
    for layout in _LAYOUTS:
        mine = [one for one in found if one.layout is layout]
        grown = growth(sizes, [one.whole_s for one in mine])
        if grown:
            reading.append(f"{layout.value}: the whole proof grows {grown}")
    return Table(
        title="The proof",
        how="A clean platform, every attack of the catalogue, two logins for each service and each against every other "
        f"service; {THREADS} threads. Connections alone: every login at the door of every database, with canaries, "
        "judging and report. By the driver: the same doors and passwords with as many threads, and nothing else.",
        columns=(
            "services",
            "layout",
            "attempts",
            "whole proof",
            "attempts/s",
            "connections tried",
            "connections alone",
            "by the driver",
            "a connection to the driver's",
        ),
        rows=tuple(one.row() for one in found),
        reading="; ".join(reading) + "." if reading else "",
    )


def run(quick: bool) -> Table:
    """Two layouts: the one where the server refuses the connection, and the one where it refuses the table."""
    return _table((3,) if quick else (5, 9, 50))


def long() -> Table:
    """The pairs of services grow as the square: 200 services are 16 times as many as 50."""
    return _table((5, 9, 50, 100, 200))


_LAYOUTS = (Layout.DATABASE_PER_SERVICE, Layout.SCHEMA_PER_SERVICE)

proof = Measure(run, long)
