"""Wait for the next table: privileges that objects which do not exist yet would give away.

Tried: the default privileges of every owner role, and of every role in the database of a foreign application, are
compared with what the declaration explains; the canary, made like any new object of the service, shows in the other
attacks what they really give.

Why: ALTER DEFAULT PRIVILEGES changes no table that exists, so nothing looks wrong until the next migration.

Holds it off: defaults name the service's own logins and its declared readers alone, and take EXECUTE on functions
from PUBLIC, who has it unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.found.model import Grant
from freehold.prove.claims import Explained
from freehold.prove.judge import broken, held, in_database
from freehold.prove.model import Attack, Conversation, Piece, Scene, Tell
from freehold.prove.scene import contents
from freehold.prove.why import revoke_default
from freehold.sqltext import PUBLIC, ident, role

_CODE = "default_privileges"


def _split(scene: Scene) -> Iterator[Piece]:
    return (Piece(None, instance, database) for instance, database in scene.placements.databases())


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    explained = Explained(scene, piece.instance, piece.database)
    owners = {p.roles.owner: p.service for p in explained.placements if p.schemas}
    # in the database of an application, whatever its roles are
    whole = next((p.service for p in explained.placements if not p.schemas), None)
    quiet: set[str] = set()
    for default in contents(scene.found, piece.instance, piece.database).default_acls:
        service = owners.get(default.owner, whole)
        if service is None:
            continue
        if default.kind == "FUNCTIONS" and not default.schema:
            quiet.add(default.owner)
        for grant in sorted(default.acl):
            good = explained.trusted(grant.grantee)
            if good or explained.by_default(default.owner, default.schema, default.kind, grant):
                tell(held(None, service))
            else:
                _tell(piece, service, default.owner, default.schema, default.kind, grant, tell)
    for owner, service in sorted(owners.items()):
        if owner not in quiet and contents(scene.found, piece.instance, piece.database).schemas:
            _tell(piece, service, owner, "", "FUNCTIONS", Grant(PUBLIC, "EXECUTE", owner, False), tell)
    return
    yield  # a conversation that asks nothing


def _tell(piece: Piece, service: str, owner: str, schema: str, kind: str, grant: Grant, tell: Tell) -> None:
    inside = f" in schema {ident(schema)}" if schema else ""
    tell(
        broken(
            _CODE,
            None,
            service,
            f"default privileges of role {ident(owner)}{inside} on {kind}",
            f"new {kind.lower()} of role {ident(owner)}{inside} give {grant.privilege} to {role(grant.grantee)}",
            "Nothing in the declaration explains it; the next migration would open what it creates.",
            evidence=(Evidence(f'pg_default_acl in database "{piece.database}" of instance "{piece.instance}"'),),
            remedy=in_database(piece.database, revoke_default(owner, schema, kind, grant)),
            group=f"{owner}/{schema}/{kind}/{grant.grantee}/{grant.privilege}",
        )
    )


default_privileges = Attack("I2", "privileges that new objects would give away", _split, _play)
