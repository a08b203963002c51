"""Hold an attribute that stands above all grants: SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS, LOGIN.

Tried: the attributes of every declared role are compared with what it is for; and each login really tries to create
a role and to make itself a superuser.

Why: REPLICATION reads every byte of the instance, CREATEROLE makes its own way in, and an owner role that can log in
is a password that owns the data.

Holds it off: services' logins have no attribute but LOGIN, owner roles none; only the backup login has REPLICATION
and BYPASSRLS. The login of a subscription needs REPLICATION as well: that is told as a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.prove.asking import Run
from freehold.prove.claims import declared_roles
from freehold.prove.judge import broken, evidence, held, limit, unknown, verdict
from freehold.prove.model import Attack, Conversation, Piece, Result, Scene, Tell, Verdict
from freehold.prove.pieces import at_home
from freehold.prove.scene import links_of
from freehold.sqltext import ident, keyword, sql, words

_CODE = "role_attributes"
_ATTRIBUTES = ("superuser", "createrole", "createdb", "replication", "bypassrls")


def _split(scene: Scene) -> Iterator[Piece]:
    for instance in sorted(scene.found.servers):
        yield Piece(None, instance, "")
    yield from at_home(scene)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    if piece.actor is None:
        _attributes(scene, piece, tell)
        return
    login = piece.actor
    statements = (
        keyword("CREATE ROLE freehold_proof_intruder"),
        sql("ALTER ROLE {} SUPERUSER", ident(login.role)),
        sql("ALTER ROLE {} CREATEROLE", ident(login.role)),
    )
    answers = yield Run(piece.instance, piece.database, login.role, statements)
    role = scene.found.servers[piece.instance].roles[login.role]
    for statement, answer in zip(statements, answers, strict=True):
        match verdict(answer):
            case Verdict.HELD:
                tell(held(login))
            case Verdict.BROKEN:
                attribute = "SUPERUSER" if role.superuser else "CREATEROLE"
                tell(
                    broken(
                        _CODE,
                        login,
                        "",
                        f"role {ident(login.role)}",
                        f'role "{login.role}" can make roles or change its own attributes',
                        f'Because role "{login.role}" is {attribute}.',
                        evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                        remedy=f"ALTER ROLE {ident(login.role)} NO{attribute};",
                    )
                )
            case _:
                tell(unknown(_CODE, login, "", f"role {ident(login.role)}", answer))


def _attributes(scene: Scene, piece: Piece, tell: Tell) -> None:
    server = scene.found.servers[piece.instance]
    for name, (service, purpose) in sorted(declared_roles(scene).items()):
        role = server.roles.get(name)
        if role is None:
            continue
        wrong = [
            a
            for a in _ATTRIBUTES
            if getattr(role, a) and not (purpose == "backup" and a in ("replication", "bypassrls"))
        ]
        if role.login and purpose in ("owner", "mirror"):
            wrong.append("login")
        if not wrong:
            tell(held(None, service))
        if purpose == "replica" and "replication" in wrong:
            wrong.remove("replication")
            tell(_replicates(scene, piece, name))
        for attribute in wrong:
            word = attribute.upper()
            tell(
                broken(
                    _CODE,
                    None,
                    service,
                    f"role {ident(name)}",
                    f'role "{name}" is {word}',
                    f"A role for {purpose or 'a service'} needs no such attribute.",
                    evidence=(Evidence(f'pg_roles: "{name}" has {word} on instance "{piece.instance}"'),),
                    remedy=f"ALTER ROLE {ident(name)} {words('NO' + word)};",
                    group=f"{name}:{attribute}",
                )
            )


def _replicates(scene: Scene, piece: Piece, name: str) -> Result:
    """What PostgreSQL leaves no choice about: a login that a subscription comes under can take the whole instance."""
    tables = sorted(
        {str(ident(t.schema, t.table)) for link in links_of(scene, name, piece.instance) for t in link.tables}
    )
    return limit(
        _CODE,
        None,
        "",
        f"role {ident(name)}",
        f'role "{name}", which fills replicas, could read every database of instance "{piece.instance}"',
        "A subscription needs REPLICATION, and whoever has that may also copy the whole instance. No service knows its "
        "password: it stands in pg_subscription, which only a superuser can read, and in the secrets file.",
        (),
        evidence=(Evidence(f'pg_roles: "{name}" has REPLICATION on instance "{piece.instance}"'),),
        remedy=f"-- declare via: foreign-table for {', '.join(tables)}; no login needs REPLICATION then",
    )


role_attributes = Attack("I19", "hold an attribute that stands above all grants", _split, _play)
