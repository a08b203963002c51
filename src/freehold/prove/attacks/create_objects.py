"""Create objects where they do not belong: in public, in another service's schema, new schemas, temporary tables.

Tried: as each login, CREATE TABLE in every schema of the database, CREATE SCHEMA, CREATE TEMPORARY TABLE, and a
trusted extension; all rolled back.

Why: an object placed in somebody's search_path is found before the one that was meant; a temporary table is found
before all others.

Holds it off: REVOKE CREATE ON SCHEMA public FROM PUBLIC (upgraded clusters still have it), REVOKE TEMPORARY ON
DATABASE .. FROM PUBLIC. All layouts hold this.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import Attempt, hostile_attack
from freehold.prove.model import Login, Piece, Scene
from freehold.prove.pieces import everywhere
from freehold.prove.scene import contents, placement_of, service_schemas
from freehold.prove.why import of_acl
from freehold.sqltext import ident, keyword, literal, sql

# Another attacker, or somebody at work, holds the same name at this moment, and of tables and schemas the privilege is
# checked before the name: 55P03 waited too long, 42P07, 42P06 and 42710 it is there, 23505 it came at the same time.
_RACE = frozenset({"55P03", "42P07", "42P06", "42710", "23505"})
_TRUSTED = ("hstore", "citext", "pg_trgm", "btree_gin", "intarray", "ltree")


def _pieces(scene: Scene) -> Iterator[Piece]:
    for piece in everywhere(scene):
        assert piece.actor is not None
        # a service without schemas owns its database whole and creates there what it likes
        if not any(not p.schemas and p.database == piece.database for p in placement_of(scene, piece.actor)):
            yield piece


def _attempts(scene: Scene, login: Login, piece: Piece) -> Iterator[Attempt]:
    server = scene.found.servers[piece.instance]
    database = server.databases[piece.database]
    place = f"{piece.instance}/{piece.database}"
    owned = service_schemas(scene.placements)
    for schema in contents(scene.found, piece.instance, piece.database).schemas.values():
        on = sql("SCHEMA {}", ident(schema.name))
        yield Attempt(
            sql("CREATE TABLE {} ()", ident(schema.name, "freehold_proof_intruder")),
            f"schema {ident(schema.name)}",
            f"can create objects in schema {ident(schema.name)}",
            tuple(of_acl(server, login.role, schema.owner, schema.acl, ("CREATE",), on, place)),
            target=owned.get(schema.name, ""),
            opened=_RACE,
        )
    on = sql("DATABASE {}", ident(piece.database))
    name = f"database {ident(piece.database)}"
    yield Attempt(
        keyword("CREATE SCHEMA freehold_proof_intruder"),
        name,
        f"can create schemas in {name}",
        tuple(of_acl(server, login.role, database.owner, database.acl, ("CREATE",), on, place)),
        opened=_RACE,
    )
    yield Attempt(
        keyword("CREATE TEMPORARY TABLE freehold_proof_intruder ()"),
        name,
        f"can create temporary tables in {name}",
        tuple(of_acl(server, login.role, database.owner, database.acl, ("TEMPORARY",), on, place)),
        opened=_RACE,
    )
    # The server looks at the name of an extension before it looks at any privilege: one that is not there yet is
    # tried, and where another attacker has the name at this moment, the privilege is asked for.
    absent = server.extensions_available - contents(scene.found, piece.instance, piece.database).extensions.keys()
    extension = next((one for one in _TRUSTED if one in absent), "")
    if extension:
        yield Attempt(
            sql("CREATE EXTENSION {} SCHEMA pg_catalog", ident(extension)),
            name,
            f"can create trusted extensions in {name}",
            tuple(of_acl(server, login.role, database.owner, database.acl, ("CREATE",), on, place)),
            instead=sql("SELECT pg_catalog.has_database_privilege({}, 'CREATE')", literal(piece.database)),
        )


create_objects = hostile_attack(
    "create_objects", "I18", "create objects where they do not belong", _attempts, pieces=_pieces
)
