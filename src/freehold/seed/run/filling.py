"""Do what was planned: every table after what it refers to, several at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from freehold.seed import marks
from freehold.seed.model import Table
from freehold.seed.plan import Does
from freehold.seed.run.load import Loaded, load_rows
from freehold.seed.run.making import Blueprint, Making
from freehold.seed.run.preparing import Planned, maker_of
from freehold.seed.run.world import Stopped, World
from freehold.spec.model import TableName
from freehold.sqltext import ident, join, sql

SESSIONS_MAX = 4
"""At the same time as one service: the login that is lent may have five."""


def fill(world: World, planned: Planned, workers: int, processes: int = 0) -> dict[TableName, Loaded]:
    """Do what was planned. What is committed stays: a second run goes on from there.

    ``workers`` tables are loaded at a time; their rows are made by so many ``processes``, with 0 by this one.

    Raises RecipeRefused at the first row that a server refuses, and lets an interruption through; either way every
    table ends where its last batch did.
    """
    world.total = planned.rows
    tables = planned.makers.tables
    _mark_tables(world, planned)
    _empty(world, planned)
    waiting = [name for name in planned.order if planned.tasks[name].rows]
    settled = {name for name in planned.order if not planned.tasks[name].rows}
    running: dict[Future[Loaded], TableName] = {}
    done: dict[TableName, Loaded] = {}
    failures: list[BaseException] = []
    making = Making(planned.makers, _blueprint(planned), processes, workers)
    with making, ThreadPoolExecutor(workers) as pool:
        try:
            while waiting or running:
                for name in [one for one in waiting if not world.stopping]:
                    if len(running) >= workers or not _free(planned, name, settled, running.values(), tables):
                        continue
                    waiting.remove(name)
                    running[
                        pool.submit(load_rows, world, making, maker_of(planned.makers, name), planned.tasks[name])
                    ] = name
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    failure = future.exception()
                    if failure is None:
                        done[name] = future.result()
                        settled.add(name)
                    else:
                        failures.append(failure)
                        world.stopping = True
        finally:
            world.stopping = True
    real = [failure for failure in failures if not isinstance(failure, Stopped)]
    if real:
        raise real[0]
    return done


def _blueprint(planned: Planned) -> Blueprint:
    makers = planned.makers
    recipe = makers.recipe
    return Blueprint(
        recipe.file,
        recipe.text,
        dict(recipe.environment),
        recipe.complaints.anchor,
        makers.seed,
        dict(makers.tables),
        dict(makers.sizes),
        makers.kept,
        dict(planned.given),
        makers.circular,
    )


def _free(
    planned: Planned,
    name: TableName,
    settled: set[TableName],
    running: Collection[TableName],
    tables: Mapping[TableName, Table],
) -> bool:
    needs = {need for need in planned.needs[name] if need in planned.needs and need != name}
    busy = [one for one in running if tables[one].service == tables[name].service]
    return needs <= settled and len(busy) < SESSIONS_MAX


def _mark_tables(world: World, planned: Planned) -> None:
    tables = planned.makers.tables
    for instance, database in sorted({(tables[name].instance, tables[name].database) for name in planned.order}):
        with world.admin(instance, database) as session, session.transaction():
            for statement in marks.TABLE:
                session.execute(statement)
            for name in planned.order:
                here = (tables[name].instance, tables[name].database) == (instance, database)
                if here and planned.tasks[name].does is Does.DONE:
                    session.execute(marks.settled(name))


def _empty(world: World, planned: Planned) -> None:
    """Empty the tables that are replaced, children first; their marks go before their rows."""
    tables = planned.makers.tables
    names = [name for name in reversed(planned.order) if planned.tasks[name].does is Does.REPLACE]
    for name in names:
        with world.admin(tables[name].instance, tables[name].database) as session:
            session.execute(marks.forget(name))
    across = {
        key.to
        for table in tables.values()
        for key in table.foreign_keys
        if key.enforced and key.to in tables and tables[key.to].service != table.service
    }
    for service in dict.fromkeys(tables[name].service for name in names):
        mine = [name for name in names if tables[name].service == service]
        with world.owner(service) as session, session.transaction():
            if across.isdisjoint(mine):
                listed = join(", ", (ident(name.schema, name.table) for name in mine))
                session.execute(sql("TRUNCATE {}", listed))
            else:
                for name in mine:
                    session.execute(sql("DELETE FROM {}", ident(name.schema, name.table)))
