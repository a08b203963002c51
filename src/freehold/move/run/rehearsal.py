"""Tries every definition of a service on the server it goes to, and gives all of it up again.

One transaction that is rolled back, under a role that is made in it: an index on an expression may run functions of the
service, and these must not run with our rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from freehold.errors import ServerError, Unreachable
from freehold.move import keys, libraries, policies
from freehold.move.events import NotTried
from freehold.move.facts import Facts
from freehold.move.model import Move
from freehold.move.newer import Refused
from freehold.move.objects import Thing
from freehold.move.run.structure import acting_as, script_of, things_of
from freehold.move.run.world import World
from freehold.ports import Session
from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, raw, sql

__all__ = ["rehearse"]

_ELSEWHERE = ("42501", "42P07", "42710", "42723")
"""What a missing right or something that is there already says: other checks tell of it."""
_CONSEQUENCES = ("42P01", "3F000")
"""No such table or schema. What the server itself lacks has no schema in its message; a service's own has one."""
_FULL = "53200"
"""Out of shared memory: one transaction holds more locks than max_locks_per_transaction has room for."""


def rehearse(world: World, facts: Facts) -> tuple[Refused, ...]:
    """What the target's server refuses; nothing is left of it there. Nothing is tried where an extension that the
    service needs cannot be made."""
    move = facts.move
    named = {one.table for one in facts.newer}
    told: list[Refused] = []
    with world.admin(move.source) as source, world.admin(facts.target.side) as target:
        parts = tuple(_parts(world, source, target, facts))
        target.execute(libraries.load())
        target.execute(keyword("BEGIN"))
        try:
            if not _stage(target, facts):
                return ()
            for thing, what, statement in parts:
                error = _tried(target, statement)
                if error is not None and error.sqlstate == _FULL:
                    world.tell(NotTried("the definitions after " + what, f"the target's server: {error.message}"))
                    break
                table = "" if thing is None else thing.parent or thing.name
                if error is not None and _matters(error) and table not in named:
                    told.append(Refused(what, error.message))
        finally:
            target.execute(keyword("ROLLBACK"))
    return tuple(told)


def _parts(world: World, source: Session, target: Session, facts: Facts) -> Iterator[tuple[Thing | None, str, Sql]]:
    """Every definition in order, with what it is of."""
    move = facts.move
    script, made = script_of(world, move, target), things_of(source, move)
    for one in (*script.chosen.before, *script.chosen.after):
        thing = made.get((one.catalog, one.oid))
        alone = thing is None or not thing.parent
        shown = f"{one.kind.lower()} {one.about}" if thing is None else f"{thing.kind.lower()} {thing.name}"
        role = "" if thing is None or thing.by_superuser else _role(move)
        statement = join("\n", [script.head, raw(script.statements[one.number])])
        yield thing, shown if alone or thing is None else f"{shown} on {thing.parent}", acting_as(role, statement)
    for key in facts.inventory.inside_keys:
        if facts.newer and (" NOT ENFORCED" in key.definition or "PERIOD " in key.definition):
            continue  # named by now
        table = ident(key.table.schema, key.table.table)
        adding = keys.adding(replace(facts.inventory, foreign_keys=(key,)), {}).add
        yield None, f"foreign key {ident(key.name)} on {table}", acting_as("", join(";\n", adding))
    for policy in policies.policies(str(source.query(policies.question(move.schemas))[0][0])):
        for_all = policies.settle([replace(policy, roles=(PUBLIC,))], (), frozenset()).statements
        shown = f"policy {ident(policy.name)} on {ident(policy.schema, policy.table)}"
        yield None, shown, acting_as("", join(";\n", for_all))


def _stage(target: Session, facts: Facts) -> bool:
    """The role, the schemas and the extensions, as far as they are not there; False where an extension cannot be."""
    role = ident(_role(facts.move))
    target.execute(sql("CREATE ROLE {}", role))
    for one in map(ident, facts.move.schemas):
        target.execute(sql("CREATE SCHEMA IF NOT EXISTS {}; GRANT ALL ON SCHEMA {} TO {}", one, one, role))
    for name in facts.source.used_extensions:
        home = ident(facts.source.extensions[name][1])
        making = [
            sql("CREATE SCHEMA IF NOT EXISTS {}", home),
            sql("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}", ident(name), home),
            sql("GRANT USAGE ON SCHEMA {} TO {}", home, role),
        ]
        if _tried(target, join("; ", making)) is not None:
            return False
    return True


def _tried(target: Session, statement: Sql) -> ServerError | None:
    target.execute(keyword("SAVEPOINT tried"))
    try:
        target.execute(join(";\n", [statement, keyword("RELEASE SAVEPOINT tried")]))
    except Unreachable:
        raise
    except ServerError as error:
        target.execute(keyword("ROLLBACK TO SAVEPOINT tried"))
        return error
    return None


def _matters(error: ServerError) -> bool:
    if error.sqlstate in _CONSEQUENCES:
        return "." not in error.message
    # an unknown setting is named by a check of its own
    return error.sqlstate not in _ELSEWHERE and not error.message.startswith("unrecognized configuration parameter")


def _role(move: Move) -> str:
    return f"freehold_rehearsal_{move.id}"
