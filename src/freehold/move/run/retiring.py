"""Ends a move for good: completed, with the old tables put away, or given up, with nothing of it left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from freehold.errors import FreeholdError, ServerError
from freehold.move import control, ddl, fence, follow, follower
from freehold.move import retired as reach_out
from freehold.move.identity import REPLICA_IDENTITY
from freehold.move.machine import ENDED, Phase
from freehold.move.model import Inventory, Move
from freehold.move.names import retired_schema
from freehold.move.run.following import end
from freehold.move.run.healing import rows
from freehold.move.run.look import look
from freehold.move.run.world import World, patiently
from freehold.move.state import to_phase
from freehold.plan.standing import let_go, put_back
from freehold.ports import Session
from freehold.sqltext import Sql, ident, join, keyword, literal, sql

Mirrored = Mapping[str, Sequence[Sql]]
"""For a schema of the service that others read at its old home, what makes the tables that take its place there."""
_NOTHING: Mirrored = {}


def complete(
    world: World, move: Move, mirrored: Mirrored = _NOTHING, unlink: Callable[[], None] = lambda: None
) -> tuple[str, ...]:
    """End the way back and put the old tables away, in a schema that nobody but their owner may use; the names of those
    schemas. What stands on the old tables is put onto those that are ``mirrored`` in the same transaction; ``unlink``
    ends the links through which the service read others at its old home. May be killed anywhere and run again."""
    with world.session(move.source) as source, world.session(move.target) as target:
        for session in (target, source):
            session.execute(to_phase(move, Phase.RETIRING))
        end(move, target, source, "r")
        end(move, source, target, "f")
        inventory = look(world, move, move.target)
        _rest(world, move, target, inventory)
        retired = _put_away(world, move, source, mirrored)
        _keys_again(world, move, source, target)
        unlink()
        for session in (target, source):
            session.execute(sql("DELETE FROM freehold.move_kept WHERE move = {}", literal(move.id)))
            session.execute(to_phase(move, Phase.COMPLETED))
            _forget_guard(session)
    return retired


def abort(world: World, move: Move, *, made_database: bool, unlink: Callable[[], None] = lambda: None) -> None:
    """Leave the source as it was before the move and nothing on the target. ``unlink`` ends the links that were made
    there, once nothing stands on them. May be killed anywhere and run again."""
    with world.session(move.source) as source:
        target = _target(world, move)
        if target is not None:
            try:
                end(move, source, target, "f")
                end(move, target, source, "r")
                _remove(world, move, target)
                _forget_guard(target)
            finally:
                target.close()
            unlink()
            if made_database:
                _drop_database(world, move)
        else:
            _unfollowed(move, source)
        inventory = look(world, move, move.source)
        _rest(world, move, source, inventory)
        source.execute(to_phase(move, Phase.ABORTED))
        _forget_guard(source)


def purge(world: World, move: Move) -> bool:
    """Drop what a completed move put away; whether there was anything."""
    with world.session(move.source) as source:
        there = [name for name in retired(move) if source.query(_schema_there(name))]
        for name in there:
            patiently(world, source, sql("DROP SCHEMA {} CASCADE", ident(name)), "dropping the old tables")
        return bool(there)


def retired(move: Move) -> tuple[str, ...]:
    """The names of the schemas in which the old ones wait, in the order of the move's schemas."""
    return tuple(f"{retired_schema(move.id)}_{n}" for n in range(len(move.schemas)))


def _target(world: World, move: Move) -> Session | None:
    try:
        session = world.servers.admin(move.target.instance, move.target.database)
    except ServerError as error:
        if error.sqlstate == "3D000":
            return None
        raise
    session.execute(sql("SET freehold.moving = 'on'"))
    return session


def _unfollowed(move: Move, source: Session) -> None:
    source.query(follow.drop_slot(move.id, "f"))
    source.execute(follow.drop_publication(move.id, "f"))
    if source.query(follower.there(move.id, "f")):
        source.execute(follower.drop(move.id, "f"))


def _rest(world: World, move: Move, session: Session, inventory: Inventory) -> None:
    """Take guards and identities of the move off the tables of a side that stays."""
    there = {(str(s), str(t)) for s, t in session.query(control.guarded(move.schemas))}
    for table in inventory.tables:
        if (table.name.schema, table.name.table) in there:
            patiently(world, session, control.unguard(fence.name_of(table.name)), "taking a guard off")
    for kind, _, text in session.query(fence.kept(move)):
        if kind == REPLICA_IDENTITY:
            patiently(world, session, Sql((str(text),)), "replica identity")
    for kind in (*fence.GIVEN_BACK, fence.VALIDATION, REPLICA_IDENTITY):
        session.execute(fence.forget(move, kind))


def _put_away(world: World, move: Move, source: Session, mirrored: Mirrored) -> tuple[str, ...]:
    names = retired(move)
    for schema, name in zip(move.schemas, names, strict=True):
        if source.query(_schema_there(schema)) and not source.query(_schema_there(name)):
            instead = mirrored.get(schema, ())
            relations = [str(row[0]) for row in source.query(_relations(schema))] if instead else []
            statements = [
                *([let_go(schema, relations, move.schemas)] if relations else []),
                sql("ALTER SCHEMA {} RENAME TO {}", ident(schema), ident(name)),
                *(
                    sql("REVOKE ALL ON {} {} FROM {}", keyword(what), ident(name), ident(role))
                    for role in _grantees(source, schema)
                    for what in _RIGHTS
                ),
                sql("REVOKE ALL ON SCHEMA {} FROM PUBLIC", ident(name)),
                *instead,
                *([put_back()] if relations else []),
            ]
            patiently(world, source, join("; ", statements), "putting the old tables away")
    patiently(world, source, reach_out.let_go(names), "letting go of what others have")
    source.execute(sql("DELETE FROM freehold.migration WHERE service = {}", literal(move.service)))
    return names


_RIGHTS = ("SCHEMA", "ALL TABLES IN SCHEMA", "ALL SEQUENCES IN SCHEMA", "ALL ROUTINES IN SCHEMA")
"""What old tables must leave nobody: a login that still had a right could not be dropped."""


def _grantees(session: Session, schema: str) -> list[str]:
    question = sql(
        "WITH old AS (SELECT oid, nspacl, nspowner FROM pg_catalog.pg_namespace WHERE nspname = {}), held AS ("
        " SELECT nspacl AS acl, nspowner AS owner FROM old"
        " UNION ALL SELECT c.relacl, c.relowner FROM old JOIN pg_catalog.pg_class AS c ON c.relnamespace = old.oid"
        " UNION ALL SELECT t.attacl, c.relowner FROM old JOIN pg_catalog.pg_class AS c ON c.relnamespace = old.oid"
        " JOIN pg_catalog.pg_attribute AS t ON t.attrelid = c.oid"
        " UNION ALL SELECT p.proacl, p.proowner FROM old JOIN pg_catalog.pg_proc AS p ON p.pronamespace = old.oid)"
        " SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantee) FROM held"
        " CROSS JOIN LATERAL pg_catalog.aclexplode(held.acl) AS a WHERE a.grantee NOT IN (held.owner, 0)",
        literal(schema),
    )
    return sorted(str(row[0]) for row in session.query(question))


def _keys_again(world: World, move: Move, source: Session, target: Session) -> None:
    """Keys that were real before some move took their two ends apart, and whose ends are together again."""
    kept = sql("SELECT name, sql, tables::text FROM freehold.move_kept WHERE move = {}", literal(fence.REUNION))
    for row in source.query(kept):
        values = join(", ", [literal(str(one)) for one in (fence.REUNION, fence.FOREIGN_KEY, *row)])
        target.execute(
            sql(
                "INSERT INTO freehold.move_kept (move, kind, name, sql, tables) VALUES ({}) ON CONFLICT DO NOTHING",
                values,
            )
        )
    made: list[str] = []
    for name, text, later in target.query(fence.united()):
        key = Sql((f"{text} NOT VALID" if later else str(text),))
        try:
            patiently(world, target, key, "a foreign key that comes back")
        except ServerError as error:
            if error.sqlstate == _NO_RIGHT:
                continue
            if error.sqlstate != _THERE:
                raise _stays_away(error) from error
        made.append(str(name))
    try:
        for (check,) in target.query(fence.unchecked()):
            patiently(world, target, Sql((str(check),)), "the check of a foreign key that comes back")
    except ServerError as error:
        raise _stays_away(error) from error
    for name in made:
        target.execute(
            sql("DELETE FROM freehold.move_kept WHERE move = {} AND name = {}", literal(fence.REUNION), literal(name))
        )


_NO_RIGHT, _THERE, _ORPHANS = "42501", "42710", "23503"


def _stays_away(error: ServerError) -> FreeholdError:
    if error.sqlstate == _ORPHANS:
        hint = "List the orphans with `freehold check-references`, mend them, and run the command again."
    else:
        hint = "Nothing is lost: end what is in its way, and run the command again."
    return FreeholdError(f"a foreign key could not come back: {error.message}", hint=hint)


def _remove(world: World, move: Move, target: Session) -> None:
    for schema in move.schemas:
        patiently(world, target, sql("DROP SCHEMA IF EXISTS {} CASCADE", ident(schema)), "dropping the copy")
    if target.query(_CONTROLLED)[0][0] is not True:
        return  # the move came no further than to make its home: nothing is written down there yet
    for statement in (
        sql("DELETE FROM freehold.migration WHERE service = {}", literal(move.service)),
        sql("DELETE FROM freehold.move_copied WHERE move = {}", literal(move.id)),
        sql("DELETE FROM freehold.move_kept WHERE move = {}", literal(move.id)),
        to_phase(move, Phase.ABORTED),
    ):
        target.execute(statement)


_CONTROLLED = keyword("SELECT pg_catalog.to_regclass('freehold.move_kept') IS NOT NULL")
"""Whether all tables of moves are there: that one is made last."""


def _drop_database(world: World, move: Move) -> None:
    session = world.servers.admin(move.target.instance)
    try:
        session.execute(sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(move.target.database)))
    finally:
        session.close()


def _forget_guard(session: Session) -> None:
    """Take the guard against DDL off where no move is left in the database."""
    if all(one.phase in ENDED for one in rows(session)):
        for statement in ddl.any_ddl():
            session.execute(statement)


def _relations(schema: str) -> Sql:
    return sql(
        "SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1",
        literal(schema),
    )


def _schema_there(name: str) -> Sql:
    return sql("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}", literal(name))
