"""Privileges that no declaration explains, whether or not they can be used today.

Tried: nothing is attacked; the ACL of every database, schema, table, column, view, sequence and routine is compared
with what the declaration explains. A grant that only a missing USAGE on the schema holds off is one GRANT away from
a leak, and no attack can see it. In the database of a foreign application only grants to logins of other services
count: what it gives to its own roles, and to all who may connect, is its own affair.

Why: "declared reads work, and nothing else" is a claim about every grant, not only about those in use.

Holds it off: `freehold apply --authoritative` revokes what nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from freehold.finding import Evidence
from freehold.found.model import Acl, Grant, Server
from freehold.prove.claims import Explained, unexplained
from freehold.prove.judge import broken, held, in_database
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.pieces import databases
from freehold.prove.scene import contents, owner_service, service_schemas
from freehold.prove.why import object_words, revoke
from freehold.sqltext import PUBLIC, Sql, ident, sql

_CODE = "undeclared_grants"
_KINDS = frozenset(
    {"TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "FUNCTION", "PROCEDURE"}
    | {"AGGREGATE"}
)


def _split(scene: Scene) -> Iterator[Piece]:
    for instance, _, database in databases(scene):
        yield Piece(None, instance, database)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Compares ACLs of one database with what the declaration explains."""

    server: Server
    piece: Piece
    explained: Explained
    tell: Tell

    def acl(
        self, acl: Acl, owner: str, on: Sql, shown: str, target: str, good: Callable[[Grant], bool], column: str = ""
    ) -> None:
        for grant in unexplained(acl, owner, self.explained):
            if good(grant):
                self.tell(held(None, target))
                continue
            who = "PUBLIC" if grant.grantee == PUBLIC else f'role "{grant.grantee}"'
            what = f"{grant.privilege} on {shown}" + (f' column "{column}"' if column else "")
            place = f'database "{self.piece.database}" of instance "{self.piece.instance}"'
            self.tell(
                broken(
                    _CODE,
                    None,
                    target,
                    shown,
                    f"{who} has {what}, which nobody declared",
                    "No read, reference or publication in the declaration explains it.",
                    evidence=(Evidence(f'{what} is granted to {who} by "{grant.grantor}" in {place}'),),
                    remedy=in_database(self.piece.database, revoke(self.server, on, grant, owner, column)),
                    group=f"{place}/{grant.grantee}/{grant.privilege}/{bool(column)}",
                )
            )


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    explained = Explained(scene, piece.instance, piece.database)
    server = scene.found.servers[piece.instance]
    judge = _Judge(server, piece, explained, tell)
    database = server.databases[piece.database]
    owned = service_schemas(scene.placements)
    alone = explained.placements[0].service if len(explained.placements) == 1 else ""
    whole = alone if alone and not explained.placements[0].schemas else ""
    name = ident(piece.database)
    mine = bool(explained.placements)
    acl = frozenset(g for g in database.acl if mine or g.grantee == PUBLIC or explained.ours(g.grantee))
    judge.acl(acl, database.owner, sql("DATABASE {}", name), f"database {name}", alone, explained.on_database)
    inside = contents(scene.found, piece.instance, piece.database)
    for schema in inside.schemas.values():
        on = sql("SCHEMA {}", ident(schema.name))
        good = partial(explained.on_schema, schema.name)
        judge.acl(schema.acl, schema.owner, on, f"schema {ident(schema.name)}", owned.get(schema.name, whole), good)
    for thing in inside.objects:
        if thing.extension or thing.kind not in _KINDS:
            continue
        target = owner_service(scene.placements, piece.instance, piece.database, thing)
        words = object_words(thing)
        shown = f"{thing.kind.lower()} {str(words).split(' ', 1)[1]}"
        may = partial(explained.on_object, thing)
        judge.acl(thing.acl, thing.owner, words, shown, target, may)
        for column, column_acl in thing.column_acl:
            judge.acl(column_acl, thing.owner, words, shown, target, may, column)
    return
    yield  # a conversation that asks nothing


undeclared_grants = Attack("I2", "privileges that no declaration explains", _split, _play)
