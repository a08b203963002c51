"""Why a role can do what it did: the grant, membership, attribute or ownership behind it, and the SQL that ends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from freehold.found.model import Acl, Grant, Membership, Object, Server
from freehold.prove.model import Scene
from freehold.prove.scene import ROUTINES, Thing
from freehold.sqltext import PUBLIC, Sql, ident, role, sql, words

READ_ALL = {"SELECT": "pg_read_all_data", "USAGE": "pg_read_all_data"}
WRITE_ALL = {"INSERT": "pg_write_all_data", "UPDATE": "pg_write_all_data", "DELETE": "pg_write_all_data"}


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason: in words, the SQL that ends it, and a key that is the same for everything this reason opens."""

    words: str
    remedy: str
    key: str


def chain(server: Server, member: str, wanted: str) -> tuple[Membership, ...]:
    """The shortest chain of memberships from ``member`` to the role ``wanted``, () when there is none."""
    trails: list[tuple[str, tuple[Membership, ...]]] = [(member, ())]
    seen = {member}
    while trails:
        name, trail = trails.pop(0)
        for edge in sorted(m for m in server.memberships if m.member == name):
            if edge.role == wanted:
                return (*trail, edge)
            if edge.role not in seen:
                seen.add(edge.role)
                trails.append((edge.role, (*trail, edge)))
    return ()


def reached(server: Server, member: str) -> frozenset[str]:
    """Every role that ``member`` belongs to, at any depth, whatever the options of the memberships."""
    seen: set[str] = set()
    queue = [member]
    while queue:
        name = queue.pop()
        for edge in server.memberships:
            if edge.member == name and edge.role not in seen:
                seen.add(edge.role)
                queue.append(edge.role)
    return frozenset(seen)


def leave(server: Server, edge: Membership) -> str:
    """The REVOKE that ends a membership, by the role that granted it."""
    by = sql(" GRANTED BY {}", ident(edge.grantor)) if edge.grantor and server.version >= 160000 else Sql(())
    return f"{sql('REVOKE {} FROM {}', ident(edge.role), ident(edge.member))}{by} CASCADE;"


def object_words(thing: Object) -> Sql:
    """The object as GRANT and REVOKE name it."""
    name = ident(thing.schema, thing.name) if thing.schema else ident(thing.name)
    match thing.kind:
        case "TABLE" | "PARTITIONED TABLE" | "VIEW" | "MATERIALIZED VIEW" | "FOREIGN TABLE":
            return sql("TABLE {}", name)
        case "FUNCTION" | "PROCEDURE" | "AGGREGATE":
            kind = words("PROCEDURE" if thing.kind == "PROCEDURE" else "FUNCTION")
            return sql("{} {}({})", kind, name, Sql((thing.arguments,)))
        case "LARGE OBJECT":
            return sql("LARGE OBJECT {}", int(thing.name))
        case _:
            return sql("{} {}", words(thing.kind), name)


def revoke(server: Server, on: Sql, grant: Grant, owner: str, columns: str = "") -> str:
    """The REVOKE of exactly one grant, as the role that granted it when that is not the owner."""
    what = f"{words(grant.privilege)}{f' ({ident(columns)})' if columns else ''}"
    if grant.grantor not in (owner, "") and grant.grantor in server.roles:
        # what a role passed on goes when its own right to pass it on goes; this may run twice
        return f"REVOKE GRANT OPTION FOR {what} ON {on} FROM {role(grant.grantor)} CASCADE;"
    return f"REVOKE {what} ON {on} FROM {role(grant.grantee)}{' CASCADE' if grant.grantable else ''};"


def of_acl(
    server: Server, who: str, owner: str, acl: Acl, privileges: Iterable[str], on: Sql, place: str, column: str = ""
) -> Iterator[Ground]:
    """Why ``who`` has one of ``privileges`` on something with this owner and ACL."""
    there = server.roles.get(who)
    if there and there.superuser:
        yield Ground(f'role "{who}" is a superuser', f"ALTER ROLE {ident(who)} NOSUPERUSER;", f"superuser:{who}")
        return
    member_of = reached(server, who)
    wanted = frozenset(privileges)
    for grant in sorted(acl):
        if grant.privilege not in wanted or grant.grantee == owner:
            continue
        if grant.grantee in (PUBLIC, who):
            grantee = "PUBLIC" if grant.grantee == PUBLIC else f'role "{who}"'
            yield Ground(
                f"{grant.privilege} is granted to {grantee}",
                revoke(server, on, grant, owner, column),
                f"{grant.privilege}:{grantee}:{place}",
            )
        elif grant.grantee in member_of:
            yield from of_membership(server, who, grant.grantee)
    if owner == who:
        yield Ground(
            f'role "{who}" owns it', f"REASSIGN OWNED BY {ident(who)} TO CURRENT_USER;", f"owner:{who}:{place}"
        )
    elif owner in member_of:
        yield from of_membership(server, who, owner)
    for privilege in sorted(wanted):
        for table in (READ_ALL, WRITE_ALL):
            # pg_read_all_data has USAGE on schemas, not on foreign servers or wrappers
            elsewhere = privilege == "USAGE" and not str(on).startswith("SCHEMA ")
            if table.get(privilege) in member_of and not elsewhere:
                yield from of_membership(server, who, table[privilege])
    if "MAINTAIN" in wanted and "pg_maintain" in member_of:
        yield from of_membership(server, who, "pg_maintain")


def of_membership(server: Server, who: str, wanted: str) -> Iterator[Ground]:
    """Why ``who`` acts with the rights of ``wanted``: the chain, ended at its first link."""
    trail = chain(server, who, wanted)
    if trail:
        path = " -> ".join(f'"{name}"' for name in (who, *(edge.role for edge in trail)))
        yield Ground(f"membership {path}", leave(server, trail[0]), f"member:{trail[0].role}:{who}")


def of_thing(scene: Scene, who: str, thing: Thing, privileges: Iterable[str]) -> tuple[Ground, ...]:
    """Why ``who`` has one of ``privileges`` on an object; for a canary, what its new objects are given by default."""
    server = scene.found.servers[thing.instance]
    place = f"{thing.instance}/{thing.database}"
    wanted = tuple(privileges)
    found: dict[str, Ground] = {}
    on = object_words(thing.object)

    def add(grounds: Iterable[Ground]) -> None:
        for ground in grounds:
            found.setdefault(ground.remedy, ground)

    add(of_acl(server, who, thing.object.owner, thing.object.acl, wanted, on, place))
    for column, acl in thing.object.column_acl:
        add(of_acl(server, who, thing.object.owner, acl, wanted, on, place, column))
    if thing.token:
        add(of_defaults(scene, who, thing, wanted))
    return tuple(found.values())


def of_defaults(scene: Scene, who: str, thing: Thing, privileges: tuple[str, ...]) -> Iterator[Ground]:
    """Why a new object of this owner is open to ``who``: ALTER DEFAULT PRIVILEGES."""
    server = scene.found.servers[thing.instance]
    database = server.databases.get(thing.database)
    kind = "FUNCTIONS" if thing.object.kind in ROUTINES else f"{thing.object.kind}S"
    place = f"{thing.instance}/{thing.database}"
    reach = reached(server, who)
    for default in database.contents.default_acls if database and database.contents else ():
        if (
            default.owner != thing.object.owner
            or default.kind != kind
            or default.schema not in ("", thing.object.schema)
        ):
            continue
        for grant in sorted(default.acl):
            if grant.privilege not in privileges or grant.grantee == default.owner:
                continue
            if grant.grantee in reach:
                yield from of_membership(server, who, grant.grantee)
            elif grant.grantee in (PUBLIC, who):
                yield Ground(
                    f"new objects of {ident(default.owner)} grant {grant.privilege} to {role(grant.grantee)}",
                    revoke_default(default.owner, default.schema, default.kind, grant),
                    f"default:{grant.privilege}:{grant.grantee}:{place}",
                )
    builtin = (
        not database
        or not database.contents
        or not any(
            d.owner == thing.object.owner and d.kind == kind and not d.schema for d in database.contents.default_acls
        )
    )
    if builtin and kind == "FUNCTIONS" and "EXECUTE" in privileges:
        yield Ground(
            f"PostgreSQL gives EXECUTE on new functions of {ident(thing.object.owner)} to PUBLIC",
            revoke_default(thing.object.owner, "", kind, Grant(PUBLIC, "EXECUTE", "", False)),
            f"default:EXECUTE:PUBLIC:{place}",
        )


def revoke_default(owner: str, schema: str, kind: str, grant: Grant) -> str:
    """The ALTER DEFAULT PRIVILEGES that takes back one grant to future objects."""
    inside = sql(" IN SCHEMA {}", ident(schema)) if schema else Sql(())
    return (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {ident(owner)}{inside} "
        f"REVOKE {words(grant.privilege)} ON {words(kind)} FROM {role(grant.grantee)};"
    )


def told(grounds: Iterable[Ground]) -> tuple[str, str, str]:
    """(detail, remedy, group) of several grounds; the group is theirs together."""
    some = tuple(grounds)
    if not some:
        return ("The snapshot shows no grant that explains it.", "freehold apply --authoritative", "unexplained")
    detail = "; ".join(dict.fromkeys(ground.words for ground in some))
    return (
        f"Because {detail}.",
        "\n".join(dict.fromkeys(g.remedy for g in some)),
        "|".join(sorted({g.key for g in some})),
    )
