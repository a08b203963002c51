"""Read through a link what it was not made for.

Tried: as each login and each owner role of a service that reads through a foreign server: a foreign table of its own
over that server, the whole foreign schema, another user mapping, a server that leads elsewhere, the password inside
the mapping. Where replicas are kept: to write them, to stop or steer their subscription, to make one of its own, to see
the password inside it. Also read: every foreign server of the platform, its mappings and its foreign tables, against
what is declared: where each leads, under which login, and that nothing is written through it.

Why: a link lends a login of another database. Who may use it freely reads there whatever that login may read, and who
may change it chooses the login.

Holds it off: server and mappings belong to the admin login, nobody has USAGE on the server, the login behind it may
read the declared tables and nothing else, and the server and its foreign tables are not updatable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from freehold.finding import Evidence
from freehold.found.links import ForeignServer
from freehold.found.model import Server
from freehold.layouts.model import Link
from freehold.prove.asking import As, Run
from freehold.prove.judge import broken, evidence, held, in_database, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import rooms
from freehold.prove.scene import contents, link_mappings, matches, placement_of
from freehold.prove.why import of_acl, told
from freehold.spec.model import Via
from freehold.sqltext import PUBLIC, Sql, ident, keyword, literal, role, sql

_CODE = "through_links"
_NAME = "freehold_proof_link"


def _split(scene: Scene) -> Iterator[Piece]:
    for link in scene.placements.links:
        yield Piece(None, *link.reader, part=link)
        for login in scene.logins:
            readers = {reader for table in link.tables for reader in table.readers}
            here = [p for p in placement_of(scene, login) if p.service in readers and p.database == link.reader[1]]
            if here and link.reader[0] == login.instance and link.reader[1] in rooms(scene, login):
                yield Piece(login, *link.reader, part=link)
        for service in sorted({reader for table in link.tables for reader in table.readers}):
            owner = scene.placements.of(service).roles.owner
            yield Piece(Login(owner, "owner", service, *link.reader), *link.reader, part=link)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    link = piece.part
    assert isinstance(link, Link)
    login = piece.actor
    if login is None:
        _judge_links(scene, piece, link, tell)
        return
    tries = tuple(_tries(scene, login, link))
    statements = tuple(statement for statement, _ in tries)
    if login.purpose == "owner":
        # nobody logs in as the owner, but migrations run as it: what it may do, a migration may
        answers = yield As(*link.reader, login.role, statements)
    else:
        answers = yield Run(*link.reader, login.role, statements)
    shown = f"link {ident(link.name)}"
    for (statement, title), answer in zip(tries, answers, strict=True):
        if answer.ok and not answer.rows and statement == _SEES_PASSWORDS:
            tell(held(login))
            continue
        match verdict(answer, opened=_TOO_LATE, closed=_NOT_THERE):
            case Verdict.HELD:
                tell(held(login))
            case Verdict.BROKEN:
                detail, remedy = _why(scene.found.servers[piece.instance], scene, piece, login, link)
                tell(
                    broken(
                        _CODE,
                        login,
                        "",
                        shown,
                        f'role "{login.role}" can {title}',
                        detail,
                        evidence=(evidence(login, piece.instance, piece.database, statement, answer),),
                        remedy=in_database(piece.database, remedy),
                        group=f"{login.role}:{link.name}",
                    )
                )
            case _:
                tell(unknown(_CODE, login, "", shown, answer))


_NOT_THERE = frozenset({"42704", "42710"})
"""What says that a thing of this name is not there, or is there already."""
_TOO_LATE = frozenset({"23502", "23503", "23505", "23514"})
"""A row that breaks a rule of its table: after the check of rights."""
_SEES_PASSWORDS = keyword(
    "SELECT srvname, usename FROM pg_catalog.pg_user_mappings WHERE pg_catalog.array_to_string(umoptions, ',') LIKE"
    " '%password=%'"
)


def _tries(scene: Scene, login: Login, link: Link) -> Iterator[tuple[Sql, str]]:
    if link.through(Via.FOREIGN_TABLE):
        yield from _over_server(scene, login, link)
    replicas = link.through(Via.REPLICA)
    if not replicas:
        return
    name = ident(link.name)
    for table in replicas:
        target = ident(table.name.schema, table.name.table)
        yield sql("DELETE FROM {}", target), "change a replica"
        yield sql("INSERT INTO {} DEFAULT VALUES", target), "add to a replica"
        yield sql("TRUNCATE {}", target), "empty a replica"
    yield sql("ALTER SUBSCRIPTION {} DISABLE", name), "stop a subscription"
    yield sql("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name), "steer a subscription"
    yield keyword("SELECT subconninfo FROM pg_catalog.pg_subscription"), "read the passwords of subscriptions"
    own = ident(_NAME)
    yield (
        sql("CREATE SUBSCRIPTION {} CONNECTION 'host=localhost' PUBLICATION {} WITH (connect = false)", own, own),
        "make a subscription of its own",
    )


def _over_server(scene: Scene, login: Login, link: Link) -> Iterator[tuple[Sql, str]]:
    server = ident(link.name)
    schemas = scene.placements.of(login.service).schemas if login.service else ()
    mine = ident(schemas[0] if schemas else "public")
    victim = next((c for c in scene.canaries.values() if (c.instance, c.database) == link.source), None)
    table = (victim.schema, victim.table) if victim else (link.schemas[0], _NAME)
    yield (
        sql(
            "CREATE FOREIGN TABLE {}.{} (token pg_catalog.text) SERVER {} OPTIONS (schema_name {}, table_name {})",
            mine,
            ident(_NAME),
            server,
            literal(table[0]),
            literal(table[1]),
        ),
        "make foreign tables of its own over a link",
    )
    yield (
        sql("IMPORT FOREIGN SCHEMA {} FROM SERVER {} INTO {}", ident(table[0]), server, mine),
        "import a whole schema over a link",
    )
    yield (
        sql("ALTER USER MAPPING FOR CURRENT_USER SERVER {} OPTIONS (SET user 'postgres')", server),
        "choose under which login it reads",
    )
    yield (
        sql("DROP USER MAPPING FOR CURRENT_USER SERVER {}", server),
        "drop its user mapping, and make another",
    )
    yield (sql("ALTER SERVER {} OPTIONS (SET dbname 'postgres')", server), "lead a link elsewhere")
    yield (keyword("SELECT umoptions FROM pg_catalog.pg_user_mapping"), "read the passwords of user mappings")
    yield (_SEES_PASSWORDS, "read the passwords of user mappings")


def _why(server: Server, scene: Scene, piece: Piece, login: Login, link: Link) -> tuple[str, str]:
    thing = next(
        (o for o in contents(scene.found, *link.reader).objects if (o.kind, o.name) == ("FOREIGN SERVER", link.name)),
        None,
    )
    if thing is None:
        return "The server is not there.", "freehold apply"
    on = sql("FOREIGN SERVER {}", ident(link.name))
    detail, remedy, _ = told(of_acl(server, login.role, thing.owner, thing.acl, ("USAGE",), on, piece.database))
    return detail, remedy


def _judge_links(scene: Scene, piece: Piece, link: Link, tell: Tell) -> None:
    """Server, mappings and foreign tables of one link, as the catalogs show them."""
    inside = contents(scene.found, *link.reader)
    server = next((one for one in inside.foreign_servers if one.name == link.name), None)
    if server is None:
        return  # declared_reads says what does not work
    shown = f"foreign server {ident(link.name)}"

    def judge(good: bool, thing: str, title: str, detail: str, remedy: str) -> None:
        if good:
            tell(held(None))
            return
        seen = (Evidence(f'{thing} in database "{piece.database}" of instance "{piece.instance}": {detail}'),)
        fix = in_database(piece.database, remedy) if remedy.endswith(";") else remedy
        tell(broken(_CODE, None, "", thing, title, detail, evidence=seen, remedy=fix, group=f"{thing}:{title}"))

    options = dict(server.options)
    address = scene.addresses.get(link.source[0])
    place = (options.get("host"), options.get("port"), options.get("dbname"))
    here = (address[0], str(address[1]), link.source[1]) if address else place
    judge(
        place == here,
        shown,
        f"{shown} leads to another place than declared",
        f"It leads to {_place(place)}, and is declared for {_place(here)}.",
        "freehold apply",
    )
    judge(
        options.get("updatable") == "false",
        shown,
        f"{shown} lets foreign tables be written",
        'Its option "updatable" is not false: only the rights of the login behind it stand in the way.',
        "freehold apply",
    )
    _judge_mappings(scene, link, server, judge)
    for table in inside.foreign_tables:
        if table.server != link.name:
            continue
        thing, leads = f"foreign table {ident(table.schema, table.name)}", dict(table.options)
        to = (leads.get("schema_name", table.schema), leads.get("table_name", table.name))
        declared = matches([t.name for t in link.through(Via.FOREIGN_TABLE)], *to)
        judge(
            declared and to == (table.schema, table.name),
            thing,
            f"{thing} leads to a table that nobody declares to read there",
            f"It leads to {ident(*to)}.",
            f"DROP FOREIGN TABLE {ident(table.schema, table.name)};",
        )
        judge(
            leads.get("updatable", "false") == "false",
            thing,
            f"{thing} can be written",
            'Its option "updatable" is not false: only the rights of the login behind it stand in the way.',
            f"ALTER FOREIGN TABLE {ident(table.schema, table.name)} OPTIONS (SET updatable 'false');",
        )


def _judge_mappings(scene: Scene, link: Link, server: ForeignServer, judge: _Judge) -> None:
    lent = link_mappings(scene.placements, link.reader)
    for mapping in server.mappings:
        options = dict(mapping.options)
        wanted = lent.get((link.name, mapping.user))
        who = "PUBLIC" if mapping.user == PUBLIC else f'role "{mapping.user}"'
        thing = f"user mapping of {who} on foreign server {ident(link.name)}"
        remedy = f"DROP USER MAPPING FOR {role(mapping.user)} SERVER {ident(link.name)};"
        if wanted is None:
            judge(False, thing, f"{who} reads through a link without a declaration", "Nobody declares it.", remedy)
            continue
        # without the right to see the options there is nothing to judge
        good = not options or (options.get("user") == wanted and options.get("password_required", "true") == "true")
        other = f'It lends login "{options.get("user")}" and not "{wanted}".'
        if options.get("user") == wanted:
            other = "It asks for no password, so whoever the server trusts is let in."
        judge(good, thing, f"{who} reads through a link under another login than its own", other, "freehold apply")


def _place(place: tuple[str | None, str | None, str | None]) -> str:
    host, port, database = place
    return f'database "{database}" on {host}:{port}'


class _Judge(Protocol):
    """(good, thing, title, detail, remedy): a finding unless good."""

    def __call__(self, good: bool, thing: str, title: str, detail: str, remedy: str) -> None: ...


through_links = Attack("I13", "read through a link what it was not made for", _split, _play)
