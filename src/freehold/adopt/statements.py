"""The SQL of an adoption: what takes locks first, then what needs none any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.adopt import record
from freehold.adopt.model import NAMED, Kind, Old, Right, Share, Thing
from freehold.sqltext import Sql, ident, join, keyword, literal, role, sql, words

_ORDER = list(Kind)


@dataclass(frozen=True, slots=True)
class Work:
    """``locking`` waits for clients and must be over within the time that nobody notices; ``rest`` waits for nobody."""

    locking: tuple[Sql, ...]
    rest: tuple[Sql, ...]


def adopt(share: Share, owner: str, *, views: bool) -> Work:
    """Put the things of a share into the service's schema, with views under the old names if wanted.

    The former owner keeps by name the rights that it had as the owner: clients go on under its login.
    """
    things = sorted(share.things, key=lambda one: (_ORDER.index(one.kind), one.schema, one.name, one.arguments))
    target = share.schema
    with_sequences = {one.part_of for one in things if one.kind is Kind.SEQUENCE}
    locking = _lock([ident(one.schema, one.name) for one in things if one.kind is Kind.TABLE])
    rest: list[Sql] = []
    for thing in things:
        if not (thing.kind is Kind.SEQUENCE and thing.part_of):
            waits = thing.kind is not Kind.TABLE or thing.key in with_sequences
            (locking if waits else rest).append(
                sql("ALTER {} SET SCHEMA {}", address(thing, thing.schema), ident(target))
            )
    for thing in things:
        stays = thing.owner == owner or thing.definer
        if not stays and not thing.owned_with:
            rest.append(sql("ALTER {} OWNER TO {}", address(thing, target), ident(owner)))
        rest.append(record.write(share.service, thing, target, view=views and thing.kind in NAMED))
        if not stays and not thing.owner_is_superuser and not (thing.kind is Kind.TYPE and thing.part_of):
            own = [one for one in thing.rights if one.grantee == thing.owner]
            rest += grants(thing, target, own)
            if thing.guarded:
                rest.append(_as_owner(thing, target))
        if views and thing.kind in NAMED:
            rest += view(thing, target)
    return Work(tuple(locking), tuple(rest))


def view(thing: Thing, target: str) -> list[Sql]:
    """The view that stands in for a table under its old name, with the rights of the table.

    It acts as the former owner. Where policies tell callers apart it acts as its caller instead; that one needs the
    right to read every column, which is why not every view does.
    """
    old, new = ident(thing.schema, thing.name), ident(target, thing.name)
    columns = join(", ", [ident(column) for column in thing.columns])
    invoker = keyword("true" if thing.policed else "false")
    others = [one for one in thing.rights if one.grantee != thing.owner]
    return [
        sql("CREATE VIEW {} WITH (security_invoker = {}) AS SELECT {} FROM {}", old, invoker, columns, new),
        sql("ALTER VIEW {} OWNER TO {}", old, ident(thing.owner)),
        sql("COMMENT ON VIEW {} IS {}", old, literal(f"{MARK} {new.shown()}")),
        *_grant(sql("TABLE {}", old), others),
    ]


POLICY = "freehold_former_owner"
"""The policy that lets the former owner see all rows, as an owner does."""


def _as_owner(thing: Thing, target: str) -> Sql:
    return sql(
        "CREATE POLICY {} ON {} TO {} USING (true) WITH CHECK (true)",
        ident(POLICY),
        ident(target, thing.name),
        ident(thing.owner),
    )


def no_policy(things: Iterable[Thing]) -> tuple[Sql, ...]:
    """End what lets the former owner see all rows."""
    return tuple(
        sql("DROP POLICY IF EXISTS {} ON {}", ident(POLICY), ident(one.schema, one.name))
        for one in things
        if one.kind is Kind.TABLE
    )


MARK = "made by freehold adopt: the old name of"
"""How the comment of a view begins that stands in for a table."""


def drop_views(share: Sequence[Old], tables: Sequence[Thing]) -> Work:
    """Take the old names away; ``tables`` are those of which nobody needs to see what their former owner saw."""
    names = [ident(one.schema, one.name) for one in share if one.view]
    locking = [*_lock(names), *(sql("DROP VIEW IF EXISTS {}", name) for name in names), *no_policy(tables)]
    return Work(tuple(locking), (record.viewless(one.key for one in share),))


def undo(share: Sequence[tuple[Old, Thing]], kept: Sequence[Old]) -> Work:
    """Bring things back to where they were, with the owner and the rights that they had. ``kept`` is all that the
    record says of the service: what does not exist any more is only forgotten."""
    pairs = sorted(share, key=lambda one: (_ORDER.index(one[0].kind), one[0].schema, one[0].name))
    old_names = [ident(old.schema, old.name) for old, _ in pairs if old.view]
    tables = [ident(thing.schema, thing.name) for old, thing in pairs if old.kind is Kind.TABLE]
    locking = [*_lock([*old_names, *tables]), *(sql("DROP VIEW IF EXISTS {}", name) for name in old_names)]
    locking += no_policy(thing for _, thing in pairs)
    with_sequences = {thing.part_of for _, thing in pairs if thing.kind is Kind.SEQUENCE}
    rest: list[Sql] = []
    for old, thing in pairs:
        if thing.schema != old.schema and not (thing.kind is Kind.SEQUENCE and thing.part_of):
            waits = thing.kind is not Kind.TABLE or thing.key in with_sequences
            (locking if waits else rest).append(
                sql("ALTER {} SET SCHEMA {}", address(thing, thing.schema), ident(old.schema))
            )
    for old, thing in pairs:
        if thing.owner != old.owner and not thing.owned_with:
            rest.append(sql("ALTER {} OWNER TO {}", address(thing, old.schema), ident(old.owner)))
        if thing.kind is Kind.TYPE and thing.part_of:
            continue  # its rights are those of its range
        now = {_of(one, {thing.owner: old.owner}) for one in thing.rights}
        before = set(old.rights)
        rest += _revoke(_on(thing, old.schema), now - before)
        # what is taken from a table is taken from its columns too, so columns get back all that they had
        rest += grants(thing, old.schema, sorted(one for one in before if one not in now or one.column))
    rest.append(record.forget(one.key for one in kept))
    return Work(tuple(locking), tuple(rest))


def address(thing: Thing, schema: str) -> Sql:
    """The thing in a schema, as ALTER names it."""
    name = ident(schema, thing.name)
    arguments = Sql((f"({thing.arguments})",)) if thing.kind is Kind.ROUTINE else Sql(())
    return sql("{} {}{}", words(thing.kind.value), name, arguments)


def grants(thing: Thing, schema: str, rights: Iterable[Right]) -> list[Sql]:
    """Give these rights on the thing."""
    return [] if thing.kind is Kind.STATISTICS else _grant(_on(thing, schema), rights)


def _on(thing: Thing, schema: str) -> Sql:
    if thing.kind in NAMED:
        return sql("TABLE {}", ident(schema, thing.name))
    if thing.kind is Kind.DOMAIN:
        return sql("TYPE {}", ident(schema, thing.name))
    return address(thing, schema)


def _of(right: Right, renamed: dict[str, str]) -> Right:
    return Right(renamed.get(right.grantee, right.grantee), right.privilege, right.grantable, right.column)


def _lock(names: Sequence[Sql]) -> list[Sql]:
    """All at once, before anything is changed."""
    return [sql("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", join(", ONLY ", names))] if names else []


def _grant(on: Sql, rights: Iterable[Right]) -> list[Sql]:
    by: dict[tuple[str, bool], list[Right]] = defaultdict(list)
    for one in sorted(rights):
        by[one.grantee, one.grantable].append(one)
    return [
        sql("GRANT {} ON {} TO {}{}", _what(some), on, role(who), keyword(" WITH GRANT OPTION" if option else ""))
        for (who, option), some in by.items()
    ]


def _revoke(on: Sql, rights: Iterable[Right]) -> list[Sql]:
    by: dict[str, list[Right]] = defaultdict(list)
    for one in sorted(rights):
        by[one.grantee].append(one)
    return [sql("REVOKE {} ON {} FROM {}", _what(some), on, role(who)) for who, some in by.items()]


def _what(rights: Iterable[Right]) -> Sql:
    return join(
        ", ",
        [
            sql("{} ({})", words(one.privilege), ident(one.column)) if one.column else words(one.privilege)
            for one in rights
        ],
    )
