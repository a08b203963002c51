"""Look at every declared table, do what is due, and say what could not be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from freehold.errors import Busy, FreeholdError, ServerError, Unreachable
from freehold.finding import Finding
from freehold.found.journal import Run
from freehold.found.locks import holders
from freehold.layouts.model import Placements
from freehold.maintain import catalog
from freehold.maintain.due import tasks
from freehold.maintain.model import Action, Done, Held, Report, State, Task, Unfinished
from freehold.maintain.run.engines import strategy
from freehold.maintain.run.hands import CANCELED, Hands, Lend, closing
from freehold.maintain.run.strategy import Strategy
from freehold.maintain.told import finding
from freehold.ports import Clock, Progress, Servers, Session
from freehold.spans import iso, parse_moment
from freehold.spec.model import Platform
from freehold.sqltext import Sql, keyword, literal, sql

__all__ = ["LOCK_TIMEOUT_MS", "PATIENCE_MS", "Lend", "maintain"]

LOCK_TIMEOUT_MS = 200
"""How long anybody may wait for maintenance to get a lock, and then for it to let the lock go."""

PATIENCE_MS = 30_000.0
"""How long one thing is tried again while others hold what it needs."""


WAIT_MS = 2_000.0
"""How long to wait for another run: as long as a server needs to notice that a killed one is gone."""

POLL_MS = 25.0


def maintain(
    platform: Platform,
    placements: Placements,
    servers: Servers,
    clock: Clock,
    progress: Progress,
    lend: Lend,
    *,
    who: str,
    services: Iterable[str] = (),
    dry_run: bool = False,
    now: datetime | None = None,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
    patience_ms: float = PATIENCE_MS,
    wait_ms: float = WAIT_MS,
) -> Report:
    """Do what is due; with ``dry_run`` only say it. ``now``: the moment to decide for, else each server's own clock.

    One run of a platform at a time (raises Busy). What a run leaves undone, by an error or by SIGKILL, the next one
    does. Raises Unreachable when a server does not answer; a table that cannot be maintained is told in the report.
    """
    todo = tasks(platform, placements, services)
    instances = sorted({task.placement.instance for task in todo})
    with _locked(servers, clock, placements.platform, instances, wait_ms, dry_run=dry_run) as sessions:
        moments = {name: now or _now(session) for name, session in sessions.items()}
        run = Run(_run_id(sessions), platform.name, who)
        hands = Hands(servers, clock, progress, lend, run, lock_timeout_ms, patience_ms, len(todo))
        told = _Told()
        with closing(hands):
            for task in todo:
                _one(hands, task, moments[task.placement.instance], told, dry_run=dry_run)
                hands.finished += 1
    return Report(
        platform.name,
        dry_run,
        tuple((name, iso(moment)) for name, moment in sorted(moments.items())),
        tuple(told.done),
        tuple(told.held),
        tuple(sorted(told.findings, key=lambda one: one.key)),
        tuple(told.unfinished),
        "" if dry_run or not told.done else run.id,
    )


@dataclass
class _Told:
    done: list[Done] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unfinished: list[Unfinished] = field(default_factory=list)


def _one(hands: Hands, task: Task, now: datetime, told: _Told, *, dry_run: bool) -> None:
    """One table. What goes wrong with it does not keep the others from being maintained."""
    try:
        engine = strategy(hands, task)
        state = engine.look(hands, task)
    except Unreachable:
        raise
    except ServerError as error:
        told.unfinished.append(Unfinished(task.service, f"look at {task.shown}", error.message, error.hint))
        return
    actions = engine.due(task, state, now)
    told.findings += engine.doubts(task, state, actions)
    for action in actions:
        if dry_run:
            told.done += [one for one in (engine.would(hands, task, state, action),) if one is not None]
        else:
            _perform(hands, task, engine, state, action, told)


def _perform(hands: Hands, task: Task, engine: Strategy, state: State, action: Action, told: _Told) -> None:
    try:
        for outcome in engine.perform(hands, task, state, action):
            match outcome:
                case Done():
                    told.done.append(outcome)
                    hands.say(f"{task.shown}: {outcome.says}")
                case Held():
                    told.held.append(outcome)
                case Finding():
                    told.findings.append(outcome)
    except Unreachable:
        raise
    except FreeholdError as error:
        state_code = error.sqlstate if isinstance(error, ServerError) else ""
        if state_code and not _in_the_way(state_code):
            told.findings.append(
                finding(
                    task,
                    "maintenance_refused",
                    f"{task.shown}: {action.say()} was refused",
                    error.message,
                    remedy=error.hint,
                    evidence=f"{state_code}: {error.message}",
                )
            )
            return
        hint = error.hint or "The next run tries again."
        if state_code == CANCELED:
            hint = (
                f"It would hold others up for more than {hands.lock_timeout_ms} ms; in a quiet hour run"
                " `freehold maintain --lock-timeout 5s`."
            )
        told.unfinished.append(Unfinished(task.service, f"{task.shown}: {action.say()}", error.message, hint))


def _in_the_way(sqlstate: str) -> bool:
    """Whether somebody else was only there first, so that the next run may do better."""
    return sqlstate in ("55P03", "40P01", "40001", "55006", CANCELED, "57P01", "53300")


@contextmanager
def _locked(
    servers: Servers, clock: Clock, platform: str, instances: Iterable[str], wait_ms: float, *, dry_run: bool
) -> Iterator[Mapping[str, Session]]:
    """A session on each instance that holds the lock of maintenance; a dry run holds none."""
    deadline = clock.monotonic_ms() + wait_ms
    key = sql("pg_catalog.hashtextextended({}, 0)", literal(f"freehold-maintain:{platform}"))
    sessions: dict[str, Session] = {}
    try:
        for instance in instances:
            session = sessions[instance] = servers.admin(instance)
            session.execute(keyword("SET idle_session_timeout = 0"))
            taken = sql("SELECT pg_catalog.pg_try_advisory_lock({})", key)
            while not dry_run and not session.query(taken)[0][0]:
                if clock.monotonic_ms() >= deadline:
                    raise Busy(
                        f'another maintenance of platform "{platform}" is under way: {_holder(session, key)}',
                        hint="Let it end; it is safe to run this again at any time.",
                    )
                clock.sleep_ms(POLL_MS)
        yield sessions
    finally:
        for session in sessions.values():
            session.attempt(keyword("SELECT pg_catalog.pg_advisory_unlock_all()"))
            session.close()


def _holder(session: Session, key: Sql) -> str:
    rows = session.query(holders(key))
    return ", ".join(f"process {row[0]} since {row[4]}" for row in rows) or "it ended just now"


def _now(session: Session) -> datetime:
    session.execute(catalog.SETTINGS)
    return parse_moment(str(session.query(catalog.NOW)[0][0]))


def _run_id(sessions: Mapping[str, Session]) -> str:
    for session in sessions.values():
        return str(session.query(keyword("SELECT pg_catalog.gen_random_uuid()::text"))[0][0])
    return ""
