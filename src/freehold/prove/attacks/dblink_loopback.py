"""Come back into the server as somebody else, through dblink or a foreign server.

Tried: as each login, a call of dblink to the server itself as its administrator, without a password; a new foreign
server; and every foreign server with a user mapping that the login could use.

Why: a connection from the server to itself is local: a trust or peer line that no outsider meets lets it in. A user
mapping for PUBLIC lends its password to everybody.

Holds it off: dblink and foreign servers exist only where a service declares the extension, no USAGE on foreign data
wrappers, no mapping for PUBLIC.
"""

from __future__ import annotations

from freehold.finding import Evidence
from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, in_database, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import everywhere
from freehold.prove.scene import contents, link_mappings
from freehold.prove.why import of_acl, told
from freehold.sqltext import PUBLIC, Sql, ident, keyword, literal, sql

_CODE = "dblink_loopback"
_MAPPINGS = keyword(
    "SELECT srvname, usename FROM pg_catalog.pg_user_mappings WHERE usename = 'public' OR usename = CURRENT_USER"
    " ORDER BY 1, 2"
)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login = piece.actor
    assert login is not None
    inside = contents(scene.found, piece.instance, piece.database)
    statements: list[Sql] = [_MAPPINGS, keyword("CREATE FOREIGN DATA WRAPPER freehold_proof_intruder")]
    schema = next((o.schema for o in inside.objects if o.extension == "dblink" and o.name == "dblink"), "")
    if schema:
        host, port = scene.addresses.get(piece.instance, ("127.0.0.1", 5432))
        admin = scene.found.servers[piece.instance].user
        target = f"host={_quoted(host)} port={port} dbname={_quoted(piece.database)} user={_quoted(admin)}"
        # the schema may be closed to the login; the answer then is 42501
        call = sql("SELECT * FROM {}({}, 'SELECT 1') AS t(x pg_catalog.text)", ident(schema, "dblink"), literal(target))
        statements.append(call)
        # by oid: the right counts even where the schema is closed today
        right = sql(
            "SELECT pg_catalog.bool_or(pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) FROM pg_catalog.pg_proc p"
            " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = 'dblink' AND n.nspname = {}",
            literal(schema),
        )
        statements.append(right)
    answers = yield Run(piece.instance, piece.database, login.role, tuple(statements))
    _mappings(scene, piece, login, answers[0], tell)
    for statement, answer in zip(statements[1:3], answers[1:3], strict=True):
        what = 'extension "dblink"' if schema and statement is statements[2] else f"database {ident(piece.database)}"
        match verdict(answer, closed=frozenset({"08001", "3F000"})):
            case Verdict.HELD:
                tell(held(login))
            case Verdict.BROKEN:
                _loop(piece, login, what, statement, answer, tell)
            case _:
                tell(unknown(_CODE, login, "", what, answer))
    _installed(scene, piece, login, answers, statements, tell)
    for thing in inside.objects:
        if thing.kind in ("FOREIGN SERVER", "FOREIGN DATA WRAPPER"):
            on = sql(
                "{} {}",
                keyword("FOREIGN SERVER" if thing.kind == "FOREIGN SERVER" else "FOREIGN DATA WRAPPER"),
                ident(thing.name),
            )
            server = scene.found.servers[piece.instance]
            grounds = tuple(of_acl(server, login.role, thing.owner, thing.acl, ("USAGE",), on, piece.database))
            if not grounds:
                tell(held(login))
                continue
            detail, remedy, group = told(grounds)
            shown = f"{thing.kind.lower()} {ident(thing.name)}"
            tell(
                broken(
                    _CODE,
                    login,
                    "",
                    shown,
                    f'role "{login.role}" may use {shown}',
                    detail,
                    remedy=in_database(piece.database, remedy),
                    group=group,
                    evidence=(Evidence(f'USAGE on {shown} in database "{piece.database}"'),),
                )
            )


def _quoted(value: str) -> str:
    """A value inside a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _loop(piece: Piece, login: Login, what: str, statement: Sql, answer: Answer, tell: Tell) -> None:
    remedy = "DROP EXTENSION dblink;" if "dblink" in what else f"ALTER ROLE {ident(login.role)} NOSUPERUSER;"
    tell(
        broken(
            _CODE,
            login,
            "",
            what,
            f'role "{login.role}" came back into the server as somebody else',
            "The server let a connection from itself in.",
            evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
            remedy=in_database(piece.database, remedy),
        )
    )


def _installed(
    scene: Scene, piece: Piece, login: Login, answers: tuple[Answer, ...], statements: list[Sql], tell: Tell
) -> None:
    if len(answers) < 4:
        return
    here = scene.placements.within(piece.instance, piece.database)
    declared = {e for p in here for e in scene.platform.service(p.service).extensions}
    answer = answers[3]
    if "dblink" in declared or not answer.ok or not answer.rows or answer.rows[0][0] != "t":
        tell(held(login))
        return
    tell(
        broken(
            _CODE,
            login,
            "",
            'extension "dblink"',
            f'role "{login.role}" may call dblink, which no service declared',
            "EXECUTE on the functions of the extension is PUBLIC's.",
            evidence=(evidence(login, piece.instance, piece.database, statements[3], answer),),
            remedy=in_database(piece.database, "DROP EXTENSION dblink;"),
        )
    )


def _mappings(scene: Scene, piece: Piece, login: Login, answer: Answer, tell: Tell) -> None:
    if not answer.ok:
        tell(unknown(_CODE, login, "", f"database {ident(piece.database)}", answer))
        return
    if not answer.rows:
        tell(held(login))
    lent = link_mappings(scene.placements, (piece.instance, piece.database))
    for server, user in answer.rows:
        who = user or ""
        if (server, who) in lent:
            tell(held(login))  # declared; through_links tries what it opens
            continue
        mapping = keyword("PUBLIC") if who == PUBLIC else ident(who)
        tell(
            broken(
                _CODE,
                login,
                "",
                f"foreign server {ident(server or '?')}",
                f'role "{login.role}" has a user mapping of {mapping} on foreign server {ident(server or "?")}',
                "A mapping lends its stored password to whoever it names.",
                evidence=(evidence(login, piece.instance, piece.database, _MAPPINGS, answer),),
                remedy=in_database(piece.database, f"DROP USER MAPPING FOR {mapping} SERVER {ident(server or '?')};"),
            )
        )


dblink_loopback = Attack("I13", "come back into the server through dblink or a foreign server", everywhere, _play)
