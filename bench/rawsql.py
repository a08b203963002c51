"""The physical floor of an apply: the same statements sent with no plan, no journal and no lock of Freehold's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.lab import Lab
from freehold.plan.model import Plan, RunMigration, Statement
from freehold.plan.order import Batch, batches
from freehold.sqltext import Sql, ident, join, keyword, sql


def texts(batch: Batch) -> list[Sql]:
    """The statements of a batch, in order; files and commands of the machine are left out."""
    found: list[Sql] = []
    for step in batch.steps:
        for effect in step.do():
            if isinstance(effect, Statement):
                found.append(effect.sql)
            elif isinstance(effect, RunMigration):
                path = join(", ", [ident(name) for name in effect.search_path])
                found += [sql("SET ROLE {}", ident(effect.owner)), sql("SET search_path = {}", path)]
                found += [keyword("BEGIN"), effect.sql, keyword("COMMIT"), keyword("RESET ROLE")]
    return found


def one_client(lab: Lab, plan: Plan, resolve: Callable[[str], str]) -> None:
    """Batch after batch, a connection for each, a transaction where Freehold would use one."""
    for batch in batches(plan.steps):
        _send(lab, batch, resolve)


def two_clients(lab: Lab, plan: Plan, resolve: Callable[[str], str]) -> None:
    """As ``one_client``, with the batches of one phase spread over two connections by database."""
    phases: dict[int, dict[tuple[str, str | None], list[Batch]]] = {}
    for batch in batches(plan.steps):
        phases.setdefault(batch.phase, {}).setdefault((batch.instance, batch.database), []).append(batch)
    with ThreadPoolExecutor(2) as pool:
        for places in phases.values():

            def of_one_place(group: Sequence[Batch]) -> None:
                for batch in group:
                    _send(lab, batch, resolve)

            list(pool.map(of_one_place, places.values()))


def _send(lab: Lab, batch: Batch, resolve: Callable[[str], str]) -> None:
    statements = texts(batch)
    if not statements:
        return
    session = lab.servers.admin(batch.instance, batch.database)
    try:
        if batch.transactional and not any(statement == keyword("BEGIN") for statement in statements):
            with session.transaction():
                for statement in statements:
                    session.execute(statement, resolve)
        else:
            for statement in statements:
                session.execute(statement, resolve)
    finally:
        session.close()
