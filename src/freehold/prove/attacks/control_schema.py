"""Read or change Freehold's own journal and migration ledger.

Tried: as each login in each database that has the control schema, USAGE of it, reading the ledger, forging a row in
it, and dropping it.

Why: whoever may write the ledger decides which migrations the next apply believes in.

Holds it off: the schema belongs to Freehold's login and nobody else has a right in it. All layouts hold this.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.found.model import CONTROL_SCHEMA
from freehold.prove.hostile import Attempt, by_role, hostile_attack
from freehold.prove.model import Login, Piece, Scene
from freehold.prove.pieces import everywhere
from freehold.prove.scene import contents
from freehold.prove.why import Ground
from freehold.sqltext import ident, keyword

_REVOKES = (
    f"REVOKE ALL ON SCHEMA {CONTROL_SCHEMA} FROM PUBLIC, {{0}};\n"
    f"REVOKE ALL ON ALL TABLES IN SCHEMA {CONTROL_SCHEMA} FROM PUBLIC, {{0}};"
)


def _pieces(scene: Scene) -> Iterator[Piece]:
    for piece in everywhere(scene):
        if contents(scene.found, piece.instance, piece.database).has_control:
            yield piece


def _attempts(scene: Scene, login: Login, piece: Piece) -> Iterator[Attempt]:
    server = scene.found.servers[piece.instance]
    revokes = _REVOKES.format(ident(login.role))
    grounds = by_role(server, login.role) or (Ground("rights in the control schema were granted", revokes, "control"),)
    shown = f"schema {ident(CONTROL_SCHEMA)}"
    if login.purpose != "pool":  # it may call one function there, and that is all: see the attack pool_lookup
        usage = keyword("SELECT pg_catalog.has_schema_privilege('freehold', 'USAGE')")
        yield Attempt(usage, shown, "has USAGE on Freehold's control schema", grounds, boolean=True)
    read = keyword("SELECT service FROM freehold.migration LIMIT 1")
    yield Attempt(read, shown, "can read the migration ledger", grounds)
    forge = keyword(
        "INSERT INTO freehold.migration (service, name, sha256, applied_by, run)"
        " SELECT '', '', '', '', NULL WHERE false"
    )
    yield Attempt(forge, shown, "can forge the migration ledger", grounds)
    yield Attempt(keyword("DROP TABLE freehold.journal"), shown, "can drop the journal", grounds)


def _not_backup(scene: Scene) -> Iterator[Piece]:
    # the backup login reads everything; that is what it is for
    return (piece for piece in _pieces(scene) if piece.actor and piece.actor.purpose != "backup")


control_schema = hostile_attack(
    "control_schema", "I2", "read or change Freehold's own records", _attempts, pieces=_not_backup
)
