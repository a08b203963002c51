"""Statements that need not wait for each other, over several sessions of one database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from freehold.errors import ServerError
from freehold.move.events import ObjectMade
from freehold.move.model import Side
from freehold.move.run.world import World
from freehold.ports import Session
from freehold.sqltext import Sql

_DEADLOCK = "40P01"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do in one transaction of its own, and what to call it."""

    what: str
    statement: Sql


def work(world: World, side: Side, jobs: int, todo: Sequence[Job], begin: Callable[[Session], None]) -> None:
    """Do everything, over at most ``jobs`` sessions, each of which starts with ``begin``.

    The first failure is raised once the other sessions have finished what they are at; what is done stays done.
    """
    left = deque(todo)
    done: list[str] = []
    failed: list[BaseException] = []

    def hand() -> None:
        with world.admin(side) as session:
            begin(session)
            while left and not failed:
                try:
                    job = left.popleft()
                except IndexError:
                    return
                try:
                    _attempt(session, job)
                except BaseException as error:
                    failed.append(error)
                    raise
                done.append(job.what)
                world.tell(ObjectMade(job.what, len(done), len(todo)))

    if todo:
        count = max(1, min(jobs, len(todo)))
        with ThreadPoolExecutor(count) as pool:
            for future in [pool.submit(hand) for _ in range(count)]:
                future.result()


def _attempt(session: Session, job: Job) -> None:
    """Two indexes of one table, each with a mark on the table beside it, can wait for each other."""
    for left in reversed(range(_TRIES)):
        try:
            with session.transaction():
                session.execute(job.statement)
            return
        except ServerError as error:
            if error.sqlstate != _DEADLOCK or not left:
                raise
