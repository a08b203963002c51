"""Log in with a password that anybody would guess, or with none.

Tried: each login with an empty password, its own name, the platform's and the service's name, and the usual defaults;
each owner role, which must not log in at all; the administrator with the defaults. Where the server compares passwords
with SCRAM verifiers that can be read, only the empty one is sent, and the others are computed as the server would: a
dozen failed logins for each role would fill its log, and lock accounts where something counts them. What matches is
really tried. Also read: verifiers that are md5, and pg_hba.conf lines that ask for no password, send it in clear, or
let everybody into everything.

Why: all other walls stand behind this door.

Holds it off: generated passwords, SCRAM-SHA-256 verifiers, pg_hba.conf lines for one database and role each.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Evidence
from freehold.found import scram
from freehold.found.model import HbaRule
from freehold.plan.hba import cannot_be_written
from freehold.prove.asking import Probe
from freehold.prove.judge import broken, evidence, held, limit, refused, unknown
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell
from freehold.prove.scene import placement_of
from freehold.sqltext import ident, keyword

_CODE = "weak_authentication"
_WEAK = frozenset({"trust", "md5", "password", "ident"})
_COMPARED = frozenset({"trust", "reject", "scram-sha-256", "md5", "password", "peer", "ident", "cert"})
"""Methods that ask nobody else whether a password is right, as pam, ldap, radius and others do."""
_REMEDY = "freehold apply"


def _split(scene: Scene) -> Iterator[Piece]:
    for instance in sorted(scene.found.servers):
        yield Piece(None, instance, "")
    for login in scene.logins:
        yield Piece(login, login.instance, login.database)
    for placement in scene.placements.services:
        owner = Login(placement.roles.owner, "owner", placement.service, placement.instance, placement.database)
        yield Piece(owner, placement.instance, placement.database)
    for instance, server in sorted(scene.found.servers.items()):
        yield Piece(
            Login(server.user, "admin", "", instance, server.maintenance_database),
            instance,
            server.maintenance_database,
        )


def guesses(scene: Scene, login: Login) -> tuple[str, ...]:
    """The passwords that somebody who knows the names would try first."""
    services = [p.service for p in placement_of(scene, login)][:1]
    names = [login.role, scene.platform.name, *services]
    return tuple(dict.fromkeys(["", *names, "postgres", "password", "secret", "changeme"]))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    if login is None:
        _stored(scene, piece, tell)
        _lines(scene, piece, tell)
        return
    if login.role not in scene.found.servers[piece.instance].roles:
        return
    shown = f"role {ident(login.role)}"
    target = login.service
    stored = _verifier(scene, login, piece.instance)
    for password in guesses(scene, login):
        if stored is not None and _computed(password) and not scram.matches(password, stored):
            tell(held(login, target))
            continue
        answer = (yield Probe(piece.instance, piece.database, login.role, password))[0]
        if refused(answer):
            tell(held(login, target))
        elif answer.ok:
            tell(
                broken(
                    _CODE,
                    login,
                    target,
                    shown,
                    f'role "{login.role}" logs in with a password that anybody would guess',
                    f"The password was {'empty or not asked for' if not password else 'a name or a usual default'}.",
                    evidence=(evidence(login, piece.instance, piece.database, keyword("CONNECT"), answer),),
                    remedy=_REMEDY,
                )
            )
            return
        else:
            tell(unknown(_CODE, login, target, shown, answer))


def _verifier(scene: Scene, login: Login, instance: str) -> str | None:
    """The verifier with which the server compares every password of the login, empty where it has none; None where it
    cannot be read, or the server may ask somebody else."""
    server = scene.found.servers[instance]
    stored = server.roles[login.role].verifier or ""
    asks_nobody = server.hba is not None and all(rule.method in _COMPARED for rule in server.hba)
    computable = stored == "" or stored.startswith("SCRAM-SHA-256$")
    return stored if server.reads_verifiers and asks_nobody and computable else None


def _computed(password: str) -> bool:
    """Whether every client makes the same of the password: clients prepare other characters differently."""
    return password != "" and all(" " <= character <= "~" for character in password)


def _stored(scene: Scene, piece: Piece, tell: Tell) -> None:
    server = scene.found.servers[piece.instance]
    ours = {login.role: login for login in scene.logins}
    for name, role in sorted(server.roles.items()):
        if role.verifier is None or not role.login:
            continue
        if role.verifier.startswith("SCRAM-SHA-256$"):
            tell(held(ours.get(name), ours[name].service if name in ours else ""))
            continue
        tell(
            broken(
                _CODE,
                ours.get(name),
                ours[name].service if name in ours else "",
                f"role {ident(name)}",
                f'the password of role "{name}" is stored as md5',
                "An md5 verifier is as good as the password: who reads it logs in with it.",
                evidence=(Evidence(f'pg_authid.rolpassword of "{name}" begins with {role.verifier[:3]}'),),
                remedy=_REMEDY if name in ours else f"ALTER ROLE {ident(name)} PASSWORD NULL;",
            )
        )


def _lines(scene: Scene, piece: Piece, tell: Tell) -> None:
    owned = next((i.owned for i in scene.placements.instances if i.name == piece.instance), False)
    for rule in scene.found.servers[piece.instance].hba or ():
        words = _words(rule)
        if rule.method in _WEAK:
            tell(
                broken(
                    _CODE,
                    None,
                    "",
                    f"pg_hba.conf line {words}",
                    f"pg_hba.conf lets in by {rule.method}",
                    {"trust": "No password is asked.", "password": "The password is sent in clear."}.get(
                        rule.method, "The proof of identity is weak."
                    ),
                    evidence=(Evidence(words),),
                    remedy=_REMEDY if owned else f"Change the line to scram-sha-256, or remove it: {words}",
                )
            )
        elif rule.method not in ("reject", "peer") and "all" in rule.databases and "all" in rule.users:
            title = "pg_hba.conf lets every role ask for every database"
            if owned and _unspeakable(scene, piece.instance):
                tell(
                    limit(
                        _CODE,
                        None,
                        "",
                        f"instance {piece.instance}",
                        title,
                        "Before PostgreSQL 16 pg_hba.conf cannot hold a name with a line break, and a login and its "
                        "database have one; CONNECT privileges hold.",
                        (),
                        evidence=(Evidence(words),),
                        remedy="Take the line break out of the names, or use PostgreSQL 16 or later.",
                    )
                )
            elif owned:
                tell(
                    broken(
                        _CODE,
                        None,
                        "",
                        f"pg_hba.conf line {words}",
                        title,
                        "A line for each database and role is due.",
                        evidence=(Evidence(words),),
                        remedy=_REMEDY,
                    )
                )
            else:
                tell(
                    limit(
                        _CODE,
                        None,
                        "",
                        f"instance {piece.instance}",
                        title,
                        "Freehold does not write pg_hba.conf of a server it does not own; CONNECT privileges hold.",
                        (),
                        evidence=(Evidence(words),),
                        remedy=f"Write a line for each database and role instead of: {words}",
                    )
                )
        else:
            tell(held(None))


def _unspeakable(scene: Scene, instance: str) -> bool:
    """Whether there is a login that no line can name, in a database that no line can name."""
    server = scene.found.servers[instance]
    pairs = {(login.role, login.database) for login in scene.logins if login.instance == instance}
    return any(len(list(cannot_be_written(pair, server))) == len(pair) for pair in pairs)


def _words(rule: HbaRule) -> str:
    return " ".join((rule.type, ",".join(rule.databases), ",".join(rule.users), rule.address, rule.method))


weak_authentication = Attack("I24", "log in with a weak password or none", _split, _play)
