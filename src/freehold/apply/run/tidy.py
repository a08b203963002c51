"""Clears away what an interrupted run left: short-lived logins, and databases that were half dropped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from freehold.apply import deploy, resume
from freehold.apply.run.world import World
from freehold.errors import ServerError, StalePlan
from freehold.found import journal
from freehold.found.locks import backoff_ms, retriable
from freehold.plan.model import Action, Design, Plan
from freehold.ports import Session
from freehold.sqltext import ident, sql

GRACE_MS = 10_000.0
POLL_MS = 20.0


def tidy(world: World, sessions: Mapping[str, Session], plan: Plan, design: Design) -> None:
    """Run under the lock. Raises StalePlan when a database of the plan was half dropped, and is gone now."""
    logins = deploy.names(design.platform.name, (service.name for service in design.platform.services))
    dropped: list[str] = []
    for instance, session in sessions.items():
        for row in session.query(resume.leftover_logins(logins)):
            world.say(f'removing login "{row[0]}", which an interrupted run left')
            remove_login(world, session, instance, str(row[0]))
        ours = {placement.database for placement in design.placements.services if placement.instance == instance}
        doomed = {step.name for step in plan.steps if step.instance == instance and step.action is Action.DROP}
        for name in _half_dropped(session, sorted(ours - doomed)):
            session.execute(sql("DROP DATABASE {}", ident(name)))
            dropped.append(name)
    if dropped:
        names = ", ".join(f'"{name}"' for name in dropped)
        raise StalePlan(
            f"an interrupted run had half dropped {names}; what was left of it is removed now",
            hint="Run the command again: the plan is another one now.",
        )


def settle(world: World, design: Design) -> None:
    """Give rows that an interrupted run left as ``started`` their outcome, in the databases this run did not touch."""
    every = [(instance.name, None) for instance in design.placements.instances]
    for place in (*every, *design.placements.databases()):
        if place in world.settled:
            continue
        # a database that is not there, or not to be entered, has nothing to settle
        with suppress(ServerError), world.session(*place) as (session, _):
            if session.query(journal.EXISTS)[0][0] is True:
                session.execute(journal.settle(world.run))


def remove_login(world: World, session: Session, instance: str, name: str) -> None:
    """Drop a short-lived login whatever it owns, in whichever databases; what it made goes to its owner role."""
    session.execute(sql("ALTER ROLE {} NOLOGIN", ident(name)))
    deadline = world.clock.monotonic_ms() + GRACE_MS
    while True:
        session.execute(deploy.end_sessions(name))
        if session.query(deploy.sessions(name))[0][0] == 0 or world.clock.monotonic_ms() >= deadline:
            break
        world.clock.sleep_ms(POLL_MS)
    owners = [str(row[0]) for row in session.query(deploy.groups(name))]
    for row in session.query(deploy.places(name)):
        with world.session(instance, str(row[0])) as (inside, _), inside.transaction():
            for statement in deploy.release(name, owners[0] if owners else None):
                inside.execute(statement)
    for attempt in range(5):
        try:
            session.execute(deploy.drop(name))
            return
        except ServerError as error:
            if attempt == 4 or not retriable(error.sqlstate, error.message):
                raise
            world.clock.sleep_ms(backoff_ms(attempt, world.jitter()))


def _half_dropped(session: Session, names: Collection[str]) -> list[str]:
    return [str(row[0]) for row in session.query(resume.half_dropped(names))] if names else []
