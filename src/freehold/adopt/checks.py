"""What is in the way of an adoption, and what a person should know of it; errors keep it from starting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from freehold.adopt.assign import matches
from freehold.adopt.model import NAMED, TABLES, Kind, Old, Seen, Share, Shares, Thing
from freehold.finding import Evidence, Finding, Level
from freehold.spec.crossings import named_in
from freehold.spec.model import Service, TableName
from freehold.spec.names import written_table
from freehold.sqltext import quote_ident


def findings(
    seen: Seen,
    services: Sequence[Service],
    shares: Shares,
    gets: Sequence[Share],
    sources: frozenset[str],
    *,
    views: bool,
) -> tuple[Finding, ...]:
    """Everything that can be said, the blockers first."""
    found = [
        *_nothing_there(seen, services),
        *_contested(shares),
        *_taken(seen, gets),
        *_inherited(seen, shares),
        *_published(seen, gets),
        *_restricted(gets),
        *(_columns(gets) if views else ()),
        *_shared(shares),
        *_definers(gets),
        *_sequences(gets),
        *_named_in_routines(seen, gets, sources),
        *_nobodys(seen, shares, services),
    ]
    order = list(Level)
    return tuple(sorted(found, key=lambda one: order.index(one.level)))


def shown(thing: Thing) -> str:
    """A thing as an object of a finding."""
    arguments = f"({thing.arguments})" if thing.kind is Kind.ROUTINE else ""
    return f"{thing.kind.value.lower()} {quote_ident(thing.schema)}.{quote_ident(thing.name)}{arguments}"


def _nothing_there(seen: Seen, services: Iterable[Service]) -> Iterator[Finding]:
    """An entry of the declaration that names nothing, now or before it was adopted."""
    for service in services:
        done = [one for one in seen.old if one.service == service.name]
        for entry in service.adopts:
            before = [TableName(one.schema, one.name) for one in done]
            named = [one for one in seen.things if matches(entry, one)]
            if named and all(one.extension for one in named):
                title = f"it belongs to extension {quote_ident(named[0].extension)} and stays with it"
                remedy = "Take it out of adopts:, and declare the extension under extensions:."
                yield Finding("extension_owned", Level.ERROR, service.name, shown(named[0]), title, "", (), remedy)
            if not named and entry not in before and "*" not in entry.table:
                title = "there is no such table"
                remedy = "Correct the name under adopts:, or take it out where the service has moved since."
                where = f"table {written_table(entry)}"
                yield Finding("nothing_there", Level.ERROR, service.name, where, title, "", (), remedy)


def _contested(shares: Shares) -> Iterator[Finding]:
    for thing, names in shares.contested:
        title = f"patterns of {' and '.join(names)} name it"
        remedy = f"Write {written_table(thing.table)} under adopts: of one of them."
        yield Finding("contested", Level.ERROR, names[0], shown(thing), title, "", (), remedy)


def _taken(seen: Seen, gets: Iterable[Share]) -> Iterator[Finding]:
    for share in gets:
        arriving: dict[str, Thing] = {}
        for thing in share.things:
            if thing.kind is Kind.ROUTINE:
                continue  # the server tells routines apart by their arguments
            here = TableName(share.schema, thing.name)
            first = arriving.setdefault(thing.name, thing)
            if here in seen.taken or first is not thing:
                title = f"schema {quote_ident(share.schema)} has something of that name already"
                remedy = f"ALTER {thing.kind.value} {shown(thing).partition(' ')[2]} RENAME TO another_name"
                yield Finding("name_taken", Level.ERROR, share.service, shown(thing), title, "", (), remedy)


def _inherited(seen: Seen, shares: Shares) -> Iterator[Finding]:
    things = seen.by_key()
    for thing in seen.things:
        for key in thing.parents:
            mine, theirs = shares.owner.get(thing.key), shares.owner.get(key)
            if key in things and mine != theirs:
                title = f"it inherits from {shown(things[key])}, which goes to {theirs or 'nobody'}"
                remedy = "Let the same service adopt both."
                who = mine or theirs or ""
                yield Finding("inherited", Level.ERROR, who, shown(thing), title, "", (), remedy)


def _published(seen: Seen, gets: Sequence[Share]) -> Iterator[Finding]:
    for publication, schema in seen.published:
        for share in gets:
            if any(one.schema == schema and one.kind in TABLES for one in share.things):
                title = f"it publishes the tables in schema {quote_ident(schema)}, and would lose what leaves it"
                remedy = (
                    f"ALTER PUBLICATION {quote_ident(publication)} ADD TABLES IN SCHEMA {quote_ident(share.schema)}"
                )
                detail = "Its subscribers know the tables by their old names: let them follow first."
                where = f"publication {quote_ident(publication)}"
                yield Finding("published_schema", Level.ERROR, share.service, where, title, detail, (), remedy)


def _restricted(gets: Iterable[Share]) -> Iterator[Finding]:
    for share in gets:
        for thing in share.things:
            if thing.guarded and thing.restricting and thing.owner != share.placement.roles.owner:
                title = f"its owner {quote_ident(thing.owner)} would meet restrictive policies that an owner passes"
                table = shown(thing).partition(" ")[2]
                detail = f"Policies: {', '.join(quote_ident(name) for name in thing.restricting)}."
                remedy = (
                    f"ALTER POLICY {quote_ident(thing.restricting[0])} ON {table} TO the roles that it is meant for"
                )
                yield Finding("restrictive_policy", Level.ERROR, share.service, shown(thing), title, detail, (), remedy)


def _columns(gets: Iterable[Share]) -> Iterator[Finding]:
    """A view that acts as its caller asks for the right to read all that it shows."""
    for share in gets:
        for thing in share.things:
            whole = {one.grantee for one in thing.rights if one.privilege == "SELECT" and not one.column}
            some = {one.grantee for one in thing.rights if one.privilege == "SELECT" and one.column} - whole
            if thing.policed and thing.kind in TABLES and some:
                who = ", ".join(sorted(quote_ident(name) for name in some))
                title = f"{who} may read some of its columns, and policies guard its rows"
                detail = "Nothing under the old name could keep to both."
                remedy = "Grant SELECT on the whole table, or use --no-views and the new name."
                yield Finding("column_rights", Level.ERROR, share.service, shown(thing), title, detail, (), remedy)


def _shared(shares: Shares) -> Iterator[Finding]:
    for thing, names in shares.shared:
        users = ", ".join(name or "tables that nobody adopts" for name in names)
        detail = "It goes on working where it is; a service that moves to another database has to do without it."
        remedy = f"Write {written_table(thing.table)} under adopts: of one of them, or give each its own."
        service = next((name for name in names if name), "")
        title = f"it stays, because it is shared by {users}"
        yield Finding("shared", Level.WARNING, service, shown(thing), title, detail, (), remedy)


def _definers(gets: Iterable[Share]) -> Iterator[Finding]:
    for share in gets:
        for thing in share.things:
            if thing.definer:
                title = f"it acts as its owner {quote_ident(thing.owner)}, who stays its owner"
                remedy = f"ALTER {shown(thing).replace('routine', 'ROUTINE', 1)} SECURITY INVOKER"
                detail = "Read it, and give it to the service's owner if that one may do all that it does."
                yield Finding("security_definer", Level.WARNING, share.service, shown(thing), title, detail, (), remedy)


def _sequences(gets: Sequence[Share]) -> Iterator[Finding]:
    """Nothing can stand in for a sequence: what names one in its own text must learn its new name."""
    for share in gets:
        names = [quote_ident(one.name) for one in share.things if one.kind is Kind.SEQUENCE]
        if names:
            schema = quote_ident(share.schema)
            title = "a client that names these in nextval or currval does not find them any more"
            detail = "Defaults and identity columns find them. A search_path counts from a client's next connection."
            remedy = f"Let such clients name schema {schema}, or give their login a search_path that holds it."
            where = f"sequences {', '.join(names)}"
            yield Finding("sequence_by_name", Level.WARNING, share.service, where, title, detail, (), remedy)


def _named_in_routines(seen: Seen, gets: Sequence[Share], sources: frozenset[str]) -> Iterator[Finding]:
    going: Mapping[TableName, str] = {one.table: share.schema for share in gets for one in share.things}
    for routine in (*seen.things, *seen.placed):
        named = named_in(routine.text, tuple(sorted(sources))) if routine.text else ()
        hits = [(line, TableName(schema, name)) for line, schema, name in named if TableName(schema, name) in going]
        if hits:
            changes = sorted({f"{written_table(t)} to {written_table(TableName(going[t], t.table))}" for _, t in hits})
            evidence = tuple(Evidence(f"line {line} names {written_table(table)}") for line, table in hits)
            title = "its text names tables by their old place"
            detail = "The views under the old names keep it working for as long as they are there."
            remedy = f"Change {', '.join(changes)} in its text."
            service = next(s.service for s in gets if any(one.table == hits[0][1] for one in s.things))
            yield Finding("named_in_routine", Level.WARNING, service, shown(routine), title, detail, evidence, remedy)


def _nobodys(seen: Seen, shares: Shares, services: Sequence[Service]) -> Iterator[Finding]:
    told = {one.key for one, _ in (*shares.shared, *shares.contested)}
    for thing in seen.things:
        mine = thing.key in shares.owner or thing.key in told or thing.extension or thing.part_of
        if thing.kind in NAMED and not mine:
            title = "nobody adopts it, and it stays where it is"
            remedy = f"Write {written_table(thing.table)} under adopts: of the service that it belongs to."
            yield Finding("nobodys", Level.INFO, "", shown(thing), title, "", (), remedy)


def dependents(seen: Seen, ending: Sequence[Old]) -> Iterator[Finding]:
    """What needs a view under an old name: it cannot go before that."""
    things = {one.key: one for one in (*seen.things, *seen.placed, *seen.stand_ins)}
    services = {(one.schema, one.name): one.service for one in ending if one.view}
    for stand_in in seen.stand_ins:
        service = services.get((stand_in.schema, stand_in.name))
        users = [who for who, what in seen.uses if what == stand_in.key]
        if service is not None and users:
            names = ", ".join(sorted(shown(things[who]) if who in things else "something else" for who in users))
            remedy = "Let it use the table under its new name, or drop it."
            yield Finding("view_in_use", Level.ERROR, service, shown(stand_in), f"{names} uses it", "", (), remedy)


def connected(seen: Seen, ending: Sequence[Old]) -> Iterator[Finding]:
    """Logins that could use the old names and are connected now."""
    for service in sorted({one.service for one in ending}):
        known = {one.owner for one in ending if one.service == service} | {
            right.grantee for one in ending if one.service == service for right in one.rights
        }
        for login in sorted(seen.clients & known):
            title = "it is connected, and may live on the old names"
            remedy = "Look at what it asks (pg_stat_activity, pg_stat_statements) before the old names end."
            yield Finding("old_login", Level.WARNING, service, f"role {quote_ident(login)}", title, "", (), remedy)
