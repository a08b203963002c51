"""The definitions of a service, made in its new home: what rows need before they come, and the rest after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from freehold.errors import FreeholdError
from freehold.finding import Finding
from freehold.move import grants, homeless, keys, libraries, objects, policies, uniques
from freehold.move.model import Inventory, Move
from freehold.move.run import around
from freehold.move.run.crew import Job, work
from freehold.move.run.world import World
from freehold.move.structure import Chosen, Entry, choose, cleaned, entry, placing, split, taken
from freehold.ports import Session
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql

__all__ = ["Script", "acting_as", "after", "before", "script_of", "things_of"]

_PINNED = keyword("SET search_path = pg_catalog, pg_temp")
_VERSION = keyword("SELECT pg_catalog.current_setting('server_version_num')::integer")
_ROLES = keyword("SELECT rolname FROM pg_catalog.pg_roles")
_POPULATED = """\
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname = ANY (ARRAY[{}]::name[])"""


@dataclass(frozen=True, slots=True)
class Script:
    """What the archive of the source gives: the entries that are made, and the SQL of each by number.
    ``head`` are the settings under which all of it is read."""

    chosen: Chosen
    head: Sql
    statements: Mapping[int, str]


def before(world: World, move: Move, inventory: Inventory) -> tuple[Finding, ...]:
    """Make everything that rows need: types, functions, tables, sequences, views, with owners and rights.

    One transaction; what is there already is left, so it may be run again. The findings name what could not be given
    to a role because the target does not have it. Raises FreeholdError when the schemas hold part of it only.
    """
    with world.admin(move.source) as source, world.admin(move.target) as target:
        script = script_of(world, move, target)
        made = things_of(source, move)
        target.execute(libraries.load())
        with target.transaction():
            there = things_of(target, move)
            if not there:
                target.execute(script.head)
                for statement in _made_before(script, made, move):
                    target.execute(statement)
                target.execute(keyword("SET LOCAL ROLE NONE"))
                target.execute(_PINNED)
            else:
                _complete(script, made, there, move)
            told = _settle(source, target, move)
    return tuple(told)


def after(world: World, move: Move, inventory: Inventory, jobs: int) -> tuple[Finding, ...]:
    """Make what rows need not wait for: keys, indexes, triggers, policies; then validate, refresh and analyse.

    Each thing is a transaction of its own and is skipped where it stands, so this may be killed and run again at any
    time. Takes the locks of CREATE INDEX and ALTER TABLE on the target's tables, which nobody else writes yet.
    """
    with world.admin(move.source) as source, world.admin(move.target) as target:
        script = script_of(world, move, target)
        made = things_of(source, move)
        chosen = script.chosen
        target.execute(libraries.load())

        def begin(session: Session) -> None:
            session.execute(script.head)

        def together(todo: Sequence[Job]) -> None:
            work(world, move.target, jobs, todo, begin)

        there = things_of(target, move)
        unique = uniques.uniques(str(source.query(uniques.question(move.schemas))[0][0]))
        keyed = _absent(script, chosen.keyed, made, there)
        in_two = {one.entry.number: unique.keys[one.entry.oid] for one in keyed if one.entry.oid in unique.keys}
        together(_by_table([one for one in keyed if one.entry.number not in in_two]))
        tables = {thing.name for thing in there.values() if thing.alterable}
        building = [one for one in _absent(script, chosen.indexes, made, there) if one.table in tables]
        building += [
            _index(one, in_two[one.entry.number], script, there) for one in keyed if one.entry.number in in_two
        ]
        # the longest first, so that no session is left with it alone in the end
        building.sort(key=lambda one: -unique.pages.get(one.table, 0))
        together([Job(one.entry.about, one.statement) for one in building if one.statement.parts])
        together([Job(f"{one.constraint} on {one.table}", one.adopt()) for one in in_two.values()])
        begin(target)
        for statement in _postponed(script, made, there, move):
            with target.transaction():
                target.execute(statement)
        there = things_of(target, move)
        together([Job(one.entry.about, one.statement) for one in _absent(script, chosen.indexes, made, there)])
        for todo in _absent(script, chosen.rest, made, there):
            with target.transaction():
                target.execute(todo.statement)
        target.execute(_PINNED)
        told = [*_settle(source, target, move), *_policies(source, target, move)]
        told += around.carry(source, target, move)
        _keys(source, target, move, inventory, together)
        _refresh(source, target, move, [made[place] for place in _views(script) if place in made])
        roots = [table.name for table in inventory.tables if table.partition_of is None]
        together([Job(f"analyze {one.table}", sql("ANALYZE {}", ident(one.schema, one.table))) for one in roots])
    return tuple(told)


def script_of(world: World, move: Move, target: Session) -> Script:
    """The definitions of the source, as the target's server takes them from a session."""
    ((version,),) = target.query(_VERSION)
    archive = world.dumps.archive(move.source.instance, move.source.database, move.schemas)
    chosen = choose(
        [entry(one.number, one.catalog, one.oid, one.text, one.late) for one in world.dumps.entries(archive)]
    )
    every = (*chosen.before, *chosen.after)
    text = world.dumps.text(archive, [one.number for one in every])
    parts = split(cleaned(text, int(str(version))), every)
    if parts is None:
        statements: dict[int, str] = {}
        head = ""
        for one in every:
            alone = split(cleaned(world.dumps.text(archive, [one.number]), int(str(version))), (one,))
            if alone is None:
                raise FreeholdError(f"pg_restore does not give the text of {one.kind.lower()} {one.about}")
            head = alone[0]
            statements.update(alone[1])
        parts = head, statements
    head, found = parts

    def kept(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(one for one in entries if taken(one, found[one.number]))

    return Script(replace(chosen, before=kept(chosen.before), rest=kept(chosen.rest)), raw(head), found)


def _postponed(script: Script, made: objects.Things, there: objects.Things, move: Move) -> list[Sql]:
    """Definitions that need a key, which the target lacks."""
    have = {thing.key for thing in there.values()}
    todo: list[Sql] = []
    for one in script.chosen.postponed:
        thing = made.get((one.catalog, one.oid))
        if thing is None or thing.repeatable or thing.key not in have:
            owner = "" if thing is None or thing.by_superuser or one.kind == "RULE" else move.target_roles.owner
            todo.append(acting_as(owner, raw(script.statements[one.number])))
    return todo


def _views(script: Script) -> list[tuple[int, int]]:
    """The materialized views in the order in which they can be filled."""
    entries = (*script.chosen.before, *script.chosen.postponed)
    return [(one.catalog, one.oid) for one in entries if one.kind == "MATERIALIZED VIEW"]


def _refresh(source: Session, target: Session, move: Move, views: Sequence[objects.Thing]) -> None:
    populated = {str(name) for (name,) in source.query(sql(_POPULATED, _names(move.schemas)))}
    for view in views:
        if view.name in populated:
            target.execute(sql("REFRESH MATERIALIZED VIEW {}", raw(view.name)))


def _keys(
    source: Session, target: Session, move: Move, inventory: Inventory, together: Callable[[Sequence[Job]], None]
) -> None:
    ((answer,),) = target.query(keys.question(move.schemas))
    adding = keys.adding(inventory, keys.found(str(answer)))
    for statement in adding.add:
        target.execute(statement)
    together([Job("validate a foreign key", statement) for statement in adding.validate])
    there = {f"{thing.name} ON {thing.parent}" for thing in things_of(target, move).values()}
    said, have = (one.query(keys.comments_question(move.schemas)) for one in (source, target))
    for statement in keys.comments([row for row in said if str(row[0]) in there], have):
        target.execute(statement)


def _made_before(script: Script, made: objects.Things, move: Move) -> list[Sql]:
    """What comes before the rows as few texts, each made as the service's owner.

    What a superuser made is made as ourselves, and so is what only joins two things: a definition thus never runs with
    more rights than who wrote it had."""
    grouped: list[tuple[str, list[Sql]]] = []
    for one in script.chosen.before:
        thing = made.get((one.catalog, one.oid))
        owner = "" if thing is None or thing.by_superuser else move.target_roles.owner
        if not grouped or grouped[-1][0] != owner:
            grouped.append((owner, []))
        grouped[-1][1].append(raw(script.statements[one.number]))
    return [acting_as(owner, join("\n", texts)) for owner, texts in grouped]


def acting_as(owner: str, statement: Sql) -> Sql:
    """The statement under a role, within a transaction; as ourselves where none is named."""
    return sql("SET LOCAL ROLE {};\n{}", ident(owner) if owner else keyword("NONE"), statement)


@dataclass(frozen=True, slots=True)
class _Todo:
    entry: Entry
    table: str
    statement: Sql


def _absent(script: Script, entries: Sequence[Entry], made: objects.Things, there: objects.Things) -> list[_Todo]:
    """The entries that the target lacks; an index that was left half-made is dropped first.

    What has no name of its own (the attaching of an index, a comment) may be said again."""
    standing = {thing.key: thing for thing in there.values()}
    owners = {thing.name: "" if thing.by_superuser else thing.owner for thing in there.values() if thing.alterable}
    todo: list[_Todo] = []
    for one in entries:
        thing = made.get((one.catalog, one.oid))
        statement = raw(script.statements[one.number])
        found = standing.get(thing.key) if thing is not None and not thing.repeatable else None
        if found is not None and found.valid:
            continue
        if found is not None:
            statement = sql("DROP INDEX {};\n{}", raw(found.name), statement)
        table = thing.parent if thing is not None else ""
        # for an index the server itself takes on the owner of the table; a check it computes as whoever adds it
        owner = owners.get(table, "") if one.kind == "CHECK CONSTRAINT" else ""
        todo.append(_Todo(one, table, acting_as(owner, statement)))
    return todo


def _index(todo: _Todo, key: uniques.Unique, script: Script, there: objects.Things) -> _Todo:
    """The index of a key that is made in two steps; nothing where an earlier run has built it."""
    found = [thing for thing in there.values() if thing.kind == "INDEX" and thing.name == key.index]
    drop = [sql("DROP INDEX {}", raw(thing.name)) for thing in found if not thing.valid]
    build = [raw(placing(script.statements[todo.entry.number]) + key.build)] if drop or not found else []
    return replace(todo, table=key.table, statement=join(";\n", [*drop, *build]))


def _by_table(todo: Sequence[_Todo]) -> list[Job]:
    """One job for the constraints of each table: two of them would only wait for each other."""
    tables: dict[str, list[_Todo]] = {}
    for one in todo:
        tables.setdefault(one.table or one.entry.about, []).append(one)
    return [
        Job(", ".join(one.entry.about for one in group), join("\n", [one.statement for one in group]))
        for group in tables.values()
    ]


def _complete(script: Script, made: objects.Things, there: objects.Things, move: Move) -> None:
    have = {thing.key for thing in there.values()}
    wanted = [made[place] for one in script.chosen.before if (place := (one.catalog, one.oid)) in made]
    missing = [thing for thing in wanted if thing.key not in have]
    if missing:
        raise FreeholdError(
            f'database "{move.target.database}" of instance "{move.target.instance}" holds part of what is to come'
            f" ({len(missing)} objects are missing, the first is {missing[0].kind.lower()} {missing[0].name})",
            hint="Empty the service's schemas there, and start the move again.",
        )


def things_of(session: Session, move: Move) -> objects.Things:
    """Everything of the service that has a name, in this database."""
    ((answer,),) = session.query(objects.question(move.schemas))
    return objects.things(str(answer))


def _settle(source: Session, target: Session, move: Move) -> list[Finding]:
    """Owners first: the rights of an owner follow from who it is."""
    there = _roles(target)
    owning = objects.settle(things_of(source, move), things_of(target, move), move.role_on_target, there)
    for statement in owning.statements:
        target.execute(statement)
    wanted, have = (grants.rights(str(one.query(grants.question(move.schemas))[0][0])) for one in (source, target))
    held = grants.settle(grants.mapped(wanted, move.role_on_target), have, there)
    for statement in held.statements:
        target.execute(statement)
    return [*homeless.owners(move.service, owning.homeless), *homeless.rights(move.service, held.homeless)]


def _policies(source: Session, target: Session, move: Move) -> list[Finding]:
    wanted, have = (
        policies.policies(str(one.query(policies.question(move.schemas))[0][0])) for one in (source, target)
    )
    settled = policies.settle([policies.mapped(one, move.role_on_target) for one in wanted], have, _roles(target))
    if settled.statements:
        with target.transaction():
            target.execute(join(";\n", settled.statements))
    return list(homeless.policies(move.service, settled.homeless))


def _roles(target: Session) -> frozenset[str]:
    return frozenset(str(name) for (name,) in target.query(_ROLES))


def _names(schemas: Sequence[str]) -> Sql:
    return join(", ", [literal(name) for name in schemas])
