"""Plant the canaries, open every door, play every attack, clean up, and report what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from freehold.errors import Busy, Unreachable
from freehold.family import members
from freehold.layouts.model import Placements
from freehold.ports import Clock, Progress, Secrets, Servers, Session
from freehold.prove import absent, matrix
from freehold.prove.model import Attack, Piece, Pooled, Report, Result, Scene, SecondHome, Verdict
from freehold.prove.run.doors import Doors
from freehold.prove.run.presence import silent
from freehold.prove.run.sessions import Sessions, converse
from freehold.prove.run.stage import Migrations, Stage
from freehold.prove.scene import at_second_home
from freehold.spec.model import Platform
from freehold.sqltext import keyword, literal, sql

__all__ = ["ATTACKS", "prove"]

ATTACKS = "freehold.prove.attacks"


def prove(
    platform: Platform,
    placements: Placements,
    servers: Servers,
    secrets: Secrets,
    clock: Clock,
    progress: Progress,
    *,
    services: Iterable[str] | None = None,
    attacks: Iterable[str] | None = None,
    workers: int = 8,
    now: str | None = None,
    migrations: Migrations | None = None,
    exhaust: bool = False,
    pools: tuple[Pooled, ...] = (),
    passing: Iterable[tuple[str, str, str]] = (),
    second: tuple[SecondHome, ...] = (),
) -> Report:
    """Attack the platform and report.

    ``services`` keeps what was done by or to them, ``attacks`` limits what is tried; ``migrations`` maps a service to
    its declared migrations as (name, sha256); ``exhaust`` also takes each service's connections for a moment;
    ``servers`` must know the places of ``pools``; ``passing`` are (instance, database, role) that moves under way
    need, ``second`` the other homes of their services. Of an instance that does not answer everything is unknown.
    Raises Unreachable when none answers, Busy while another proof of the platform runs, and what Servers raises. On
    any end, an interruption too, the canaries are dropped; those of a proof that was killed are dropped first.
    """
    started = clock.monotonic_ms()
    family = members(ATTACKS, Attack)
    chosen = {name: family[name] for name in (family if attacks is None else sorted(set(attacks)))}
    gone = silent(servers, placements)
    there = absent.without(placements, gone)
    if not there.instances:
        raise Unreachable(
            f"no instance answers: {'; '.join(f'{name}: {why}' for name, why in gone.items())}",
            hint="Start them with `freehold up`, or correct their URLs.",
            sqlstate="08001",
        )
    lock = _locked(servers, there)
    try:
        pooled = tuple(one for one in pools if one.service in {p.service for p in there.services})
        doors = Doors(servers, clock)
        stage = Stage(
            platform,
            there,
            doors,
            secrets,
            progress,
            pooled,
            exhaust=exhaust,
            passing=frozenset(passing),
            second=second,
        )
        results, scene = _perform(stage, chosen, migrations, workers)
        gone |= stage.lost
        results["unreachable"] = list(absent.doubts(placements, gone))
    finally:
        # closing alone would leave the lock until the server notices
        lock.attempt(keyword("SELECT pg_catalog.pg_advisory_unlock_all()"))
        lock.close()
    if services is not None:
        results = _concerning(results, frozenset(services))
    every = [result for some in results.values() for result in some]
    told = matrix.findings(every)
    today = now or clock.now_iso()
    violations, ignored = matrix.split_ignored(told[Verdict.BROKEN], platform.ignores, today)
    limits, ignored_limits = matrix.split_ignored(told[Verdict.LIMIT], platform.ignores, today)
    doubts, ignored_doubts = matrix.split_ignored(told[Verdict.UNKNOWN], platform.ignores, today)
    return Report(
        platform=platform.name,
        layout=platform.layout.value,
        attempts=sum(result.attempts for result in every),
        violations=violations,
        limits=limits,
        unknown=doubts,
        matrix=matrix.cells([service.name for service in platform.services], every),
        by_attack=matrix.counts(results),
        versions={name: server.version for name, server in sorted(scene.found.servers.items())},
        duration_ms=clock.monotonic_ms() - started,
        ignored=(*ignored, *ignored_limits, *ignored_doubts),
        moving=tuple(at_second_home(scene)),
        unreachable=tuple(sorted(gone)),
    )


def _locked(servers: Servers, placements: Placements) -> Session:
    session = servers.admin(placements.home)
    name = literal(f"freehold prove {placements.platform}")
    if session.query(sql("SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended({}, 0))", name)) != [
        (True,)
    ]:
        session.close()
        raise Busy(
            f'another proof of platform "{placements.platform}" is running',
            hint="Wait until it has ended; two proofs would take each other's canaries away.",
        )
    return session


def _perform(
    stage: Stage,
    chosen: Mapping[str, Attack],
    migrations: Migrations | None,
    workers: int,
) -> tuple[dict[str, list[Result]], Scene]:
    places = stage.placements.databases()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda place: stage.clean(*place), places))
        before = stage.read()
        stage.progress.event("read what is there", 0, 1)
        counted = dict(zip(places, pool.map(lambda p: stage.count(before, *p), places), strict=True))
        try:
            scene = stage.scene(pool, before, migrations)
            results = _play(pool, stage, scene, chosen)
        finally:
            stage.lost = silent(stage.servers, stage.placements)
            left = [place for place in places if place[0] not in stage.lost]
            list(pool.map(lambda place: stage.clean(*place), left))
        after = stage.read()
        counted_after = dict(zip(left, pool.map(lambda p: stage.count(before, *p), left), strict=True))
    results["no_trace"] = stage.traces(before, after, counted, counted_after)
    if stage.doubts:
        results["prepare"] = stage.doubts
    return results, scene


def _play(
    pool: ThreadPoolExecutor, stage: Stage, scene: Scene, chosen: Mapping[str, Attack]
) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {name: [] for name in chosen}
    jobs: dict[tuple[str, str, str], list[tuple[str, Piece]]] = {}
    alone: list[tuple[str, Piece]] = []
    for name, attack in chosen.items():
        for piece in attack.split(scene):
            key = (piece.instance, piece.database, piece.actor.role) if piece.actor else ("", "", name)
            (alone if piece.alone else jobs.setdefault(key, [])).append((name, piece))
    total = len(jobs) + len(alone)

    def work(pieces: Sequence[tuple[str, Piece]]) -> list[tuple[str, list[Result]]]:
        sessions = Sessions(stage.doors)
        try:
            return [(name, converse(chosen[name], scene, piece, sessions)) for name, piece in pieces]
        finally:
            sessions.close()

    futures = [pool.submit(work, pieces) for pieces in jobs.values()]
    try:
        for done, future in enumerate(futures, 1):
            for name, some in future.result():
                results[name].extend(some)
            stage.progress.event("attacks", done, total)
    finally:
        for future in futures:
            future.cancel()
    for done, one in enumerate(alone, len(jobs) + 1):
        for name, some in work([one]):
            results[name].extend(some)
        stage.progress.event("attacks", done, total)
    return results


def _concerning(results: Mapping[str, list[Result]], services: frozenset[str]) -> dict[str, list[Result]]:
    """What was done by or to ``services``, and what concerns no service but all."""
    return {
        name: [one for one in some if {one.actor, one.target} & services or not (one.actor or one.target)]
        for name, some in results.items()
    }
