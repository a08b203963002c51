"""What is asked of the pools that run: how they are, to hold clients back or let them go, what size each needs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freehold.cli import pools
from freehold.cli.context import Context
from freehold.errors import FreeholdError
from freehold.pool import report
from freehold.pool.advice import advise
from freehold.pool.model import Advice, Bouncer, Entry, Running, Totals
from freehold.sqltext import Sql, keyword

if TYPE_CHECKING:
    from freehold.pg.pgbouncer import Console


@dataclass(frozen=True, slots=True)
class Status:
    """One service's pool: where clients connect, and what its PgBouncer says; ``seen`` None when it does not run."""

    entry: Entry
    host: str
    port: int | None
    processes: int
    alive: int
    seen: Running | None


def statuses(context: Context) -> tuple[Status, ...]:
    """Every declared pool, by service."""
    found: list[Status] = []
    for bouncer in pools.declared(context):
        state = pools.manager(context).state(bouncer)
        shown: tuple[dict[str, str], ...] = ()
        databases: tuple[dict[str, str], ...] = ()
        if state.running:
            with _consoles(context, bouncer) as consoles:
                shown = _rows(consoles, keyword("POOLS"))
                databases = _rows(consoles, keyword("DATABASES"))
        found += [
            Status(
                entry,
                state.host,
                state.port or None,
                state.processes,
                state.running,
                report.running(entry.alias, shown, databases) if state.running else None,
            )
            for entry in bouncer.entries
        ]
    return tuple(sorted(found, key=lambda one: one.entry.service))


def hold(context: Context, services: Sequence[str], timeout_ms: int) -> tuple[str, ...]:
    """Hold the pools of these services (all when empty) back; their names. Either all of them or none: when one does
    not come to rest in time, those already held are let go. Raises FreeholdError then."""
    held: list[tuple[Bouncer, Entry]] = []
    deadline = time.monotonic() + timeout_ms / 1000
    for bouncer, entry in _chosen(context, services):
        held.append((bouncer, entry))
        with _consoles(context, bouncer) as consoles:
            left_ms = [max(1, int((deadline - time.monotonic()) * 1000)) for _ in consoles]
            if all(console.pause(entry.alias, ms) for console, ms in zip(consoles, left_ms, strict=True)):
                continue
        for other, one in held:
            with _consoles(context, other) as consoles:
                for console in consoles:
                    console.resume(one.alias)
        raise FreeholdError(
            f'the pool of "{entry.service}" did not come to rest in {timeout_ms} ms: a transaction is still open',
            hint="Nothing is held back now. End the transaction, or give it more time with --timeout.",
        )
    return tuple(entry.service for _, entry in held)


def let_go(context: Context, services: Sequence[str]) -> tuple[str, ...]:
    """Let traffic of these services (all when empty) flow; their names."""
    chosen = _chosen(context, services)
    for bouncer, entry in chosen:
        with _consoles(context, bouncer) as consoles:
            for console in consoles:
                console.resume(entry.alias)
    return tuple(entry.service for _, entry in chosen)


def advice(context: Context, services: Sequence[str], window_s: float) -> tuple[Advice, ...]:
    """Watch the pools for a while and say what size each should have."""
    chosen = _chosen(context, services)
    before, began = [_totals(context, *one) for one in chosen], time.monotonic()
    time.sleep(window_s)
    after, took_s = [_totals(context, *one) for one in chosen], time.monotonic() - began
    return tuple(
        advise(entry.service, entry.size, now.since(then), took_s)
        for (_, entry), then, now in zip(chosen, before, after, strict=True)
    )


def _totals(context: Context, bouncer: Bouncer, entry: Entry) -> Totals:
    with _consoles(context, bouncer) as consoles:
        return report.totals(entry.alias, _rows(consoles, keyword("STATS")))


def _chosen(context: Context, services: Sequence[str]) -> tuple[tuple[Bouncer, Entry], ...]:
    context.known_services(services)
    found = tuple((bouncer, entry) for bouncer in pools.declared(context) for entry in bouncer.entries)
    if context.platform.pooler is None:
        raise FreeholdError("the declaration has no pooler", hint="Write `pooler: pgbouncer`, then `freehold up`.")
    for service in services:
        if service not in {entry.service for _, entry in found}:
            raise FreeholdError(f'service "{service}" declares no pool', hint=f"Write pool: 20 below {service}.")
    return tuple(one for one in found if not services or one[1].service in services)


@contextmanager
def _consoles(context: Context, bouncer: Bouncer) -> Iterator[tuple[Console, ...]]:
    consoles = pools.manager(context).consoles(bouncer, context.admin_password(pools.SECRET))
    try:
        yield consoles
    finally:
        for console in consoles:
            console.close()


def _rows(consoles: Sequence[Console], what: Sql) -> tuple[dict[str, str], ...]:
    return tuple(dict(row) for console in consoles for row in console.show(what))
