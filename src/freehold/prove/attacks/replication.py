"""Take the whole instance away by replication.

Tried: as each login but the backup's and those of replicas, a temporary replication slot, physical and logical, and a
restore point.

Why: REPLICATION reads every byte of every database, whatever the grants say; a slot that nobody reads fills the disk.

Holds it off: only the backup login has REPLICATION.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.prove.hostile import Attempt, by_attribute, by_role, hostile_attack
from freehold.prove.model import Login, Piece, Scene
from freehold.prove.pieces import at_home
from freehold.sqltext import keyword


def _pieces(scene: Scene) -> Iterator[Piece]:
    return at_home(scene, ("app", "ro", "analytics", "monitor", "link"))


def _attempts(scene: Scene, login: Login, piece: Piece) -> Iterator[Attempt]:
    server = scene.found.servers[piece.instance]
    name = f"instance {piece.instance}"
    # all said after the privilege check: 53400 every slot is taken, 55000 wal_level is too low, 42710 another attacker
    # holds the name, 55P03 and 57014 a logical slot waits for the transactions that run
    for statement in (
        keyword("SELECT pg_catalog.pg_create_physical_replication_slot('freehold_proof_p', false, true)"),
        keyword("SELECT pg_catalog.pg_create_logical_replication_slot('freehold_proof_l', 'pgoutput', true)"),
    ):
        yield Attempt(
            statement,
            name,
            "can replicate the whole instance",
            by_attribute(server, login.role, "replication"),
            opened=frozenset({"53400", "55000", "42710", "55P03", "57014"}),
        )
    yield Attempt(
        keyword("SELECT pg_catalog.pg_create_restore_point('freehold proof')"),
        name,
        "can write restore points",
        by_role(server, login.role),
    )


replication = hostile_attack("replication", "I15", "replicate the instance", _attempts, pieces=_pieces)
