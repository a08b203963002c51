"""While a service moves nothing changes its definitions on either side, and nobody else's work is refused for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.errors import ServerError
from freehold.move.run.retiring import abort
from freehold.pg.session import PgSession
from freehold.sqltext import raw
from support.clusters import TidyServers
from support.switching import MOVE, follow_it, prepared, world

pytestmark = pytest.mark.real
SHOP = """
CREATE SCHEMA {0} AUTHORIZATION holder; CREATE SCHEMA "{0} 2" AUTHORIZATION holder; SET ROLE holder;
CREATE TABLE {0}.orders (id bigint PRIMARY KEY, line serial, note text); CREATE TABLE {0}.part (id int);
CREATE TYPE {0}.mood AS ENUM ('glad'); CREATE VIEW {0}.seen AS SELECT id FROM {0}.orders;
CREATE FUNCTION {0}.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "t 1" BEFORE INSERT ON {0}.orders FOR EACH ROW EXECUTE FUNCTION {0}.touch();
CREATE POLICY p ON {0}.orders USING (true); CREATE RULE r AS ON DELETE TO {0}.part DO INSTEAD NOTHING;
GRANT SELECT ON {0}.orders TO reader; GRANT UPDATE (note) ON {0}.orders TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA {0} GRANT SELECT ON TABLES TO reader; RESET ROLE
"""
CHANGES = (
    "CREATE TABLE {0}.more (id int)",
    "ALTER TABLE {0}.orders ADD COLUMN more int",
    "DROP TABLE {0}.part",
    "DROP VIEW {0}.seen",
    "CREATE TRIGGER t2 AFTER INSERT ON {0}.orders FOR EACH ROW EXECUTE FUNCTION {0}.touch()",
    'ALTER TRIGGER "t 1" ON {0}.orders RENAME TO t2',
    'ALTER TABLE {0}.orders DISABLE TRIGGER "t 1"',
    'DROP TRIGGER "t 1" ON {0}.orders',
    "CREATE POLICY p2 ON {0}.orders USING (true)",
    "ALTER POLICY p ON {0}.orders USING (false)",
    "DROP POLICY p ON {0}.orders",
    "CREATE RULE r2 AS ON UPDATE TO {0}.part DO INSTEAD NOTHING",
    "ALTER RULE r ON {0}.part RENAME TO r2",
    "DROP RULE r ON {0}.part",
    "COMMENT ON TABLE {0}.orders IS 'x'",
    "COMMENT ON COLUMN {0}.orders.note IS 'x'",
    "COMMENT ON CONSTRAINT orders_pkey ON {0}.orders IS 'x'",
    "COMMENT ON TRIGGER \"t 1\" ON {0}.orders IS 'x'",
    "COMMENT ON POLICY p ON {0}.orders IS 'x'",
    "COMMENT ON RULE r ON {0}.part IS 'x'",
    "COMMENT ON SCHEMA {0} IS 'x'",
    "ALTER SCHEMA {0} RENAME TO elsewhere",
    "ALTER SCHEMA {0} OWNER TO reader",
    'DROP SCHEMA "{0} 2"',
    "ALTER TABLE {0}.part SET SCHEMA public",
    "ALTER FUNCTION {0}.touch() SET SCHEMA public",
    "ALTER TYPE {0}.mood SET SCHEMA public",
    "GRANT SELECT ON {0}.part TO reader",
    "GRANT UPDATE (id) ON {0}.part TO reader",
    "GRANT USAGE ON SCHEMA {0} TO reader",
    "GRANT USAGE ON SEQUENCE {0}.orders_line_seq TO reader",
    "GRANT EXECUTE ON FUNCTION {0}.touch() TO reader",
    "GRANT USAGE ON TYPE {0}.mood TO reader",
    "GRANT INSERT ON ALL TABLES IN SCHEMA {0} TO reader",
    "REVOKE SELECT ON {0}.orders FROM reader",
    "REVOKE UPDATE (note) ON {0}.orders FROM reader",
    "DO 'BEGIN BEGIN GRANT INSERT ON {0}.part TO reader; EXCEPTION WHEN division_by_zero THEN NULL; END; END'",
    "CREATE SCHEMA fresh GRANT SELECT ON {0}.part TO reader",
    "ALTER DEFAULT PRIVILEGES FOR ROLE holder IN SCHEMA {0} GRANT UPDATE ON TABLES TO reader",
    "ALTER DEFAULT PRIVILEGES FOR ROLE holder IN SCHEMA {0} REVOKE SELECT ON TABLES FROM reader",
    "DROP OWNED BY reader",
)
STATE = """
SELECT (SELECT md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_class AS c WHERE relnamespace = 'shop'::regnamespace)
    || (SELECT md5(string_agg(n::text, ',' ORDER BY n.oid)) FROM pg_namespace AS n WHERE nspname LIKE 'shop%')
"""
BARRED = "55000"
SAID = 'cannot be changed: service "shop" is being moved'


@pytest.fixture(params=["source", "target"])
def moved(request: pytest.FixtureRequest, servers: TidyServers) -> PgSession:
    """The superuser's session on one side of a move, where another service has all the same."""
    admin = servers.admin("main")
    for role in ("holder", "reader"):
        admin.execute(raw(f"CREATE ROLE {role}"))
    admin.execute(raw("GRANT reader TO holder"))
    prepared(servers, MOVE, SHOP.format("shop"))
    session = servers.admin("main", MOVE.place(request.param).database)
    on = world(servers)
    for side in (MOVE.source, MOVE.target):
        with on.session(side) as one:
            one.execute(raw("""UPDATE freehold.move SET plan = jsonb_set(plan, '{schemas}', '["shop", "shop 2"]')"""))
            one.execute(raw(SHOP.format("others") + "; GRANT CREATE ON SCHEMA public TO holder"))
    follow_it(on, MOVE)
    return session


def told(session: PgSession, statement: str) -> str:
    """The SQLSTATE that a statement is refused with; what it did is undone."""
    try:
        with session.transaction():
            session.execute(raw(statement))
            raise Undone
    except ServerError as error:
        return error.sqlstate if error.sqlstate != BARRED else "barred" if SAID in error.message else error.message
    except Undone:
        return ""


class Undone(Exception):
    """Rolls back."""


def test_every_change_of_the_service_is_refused_and_no_other(moved: PgSession) -> None:
    before = moved.query(raw(STATE))
    found = {one: (told(moved, one.format("shop")), told(moved, one.format("others"))) for one in CHANGES}
    everywhere = {"DROP OWNED BY reader"}
    assert found == {one: ("barred", "barred" if one in everywhere else "") for one in CHANGES}
    assert moved.query(raw(STATE)) == before


def test_only_a_superuser_may_say_that_it_is_the_move(moved: PgSession) -> None:
    statement = "SET freehold.moving = 'on'; CREATE TABLE shop.more (id int)"
    assert told(moved, statement) == ""
    assert told(moved, f"SET ROLE holder; {statement}") == ""
    assert told(moved, f"SET SESSION AUTHORIZATION holder; {statement}") == "barred"
    assert told(moved, "SET freehold.moving = 'on'; GRANT SELECT ON shop.part TO reader") == ""
    assert told(moved, "SET SESSION AUTHORIZATION holder; GRANT SELECT ON shop.part TO reader") == "barred"


def test_what_the_service_itself_does_is_not_refused(moved: PgSession) -> None:
    """Its rows, its temporary tables, what others do in one transaction with them, and keys of others."""
    moved.execute(raw("ALTER TABLE others.part ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES shop.orders"))
    for statement in (
        "CREATE TEMPORARY TABLE t (id int); COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO reader; DROP TABLE t",
        "SET session_replication_role = replica; TRUNCATE shop.part; GRANT INSERT ON others.part TO reader",
        "ANALYZE shop.orders; ALTER SCHEMA others RENAME TO elsewhere",
        "ALTER TABLE others.part ADD CONSTRAINT c2 FOREIGN KEY (id) REFERENCES shop.orders",
        "ALTER TABLE others.part DROP CONSTRAINT c",
    ):
        assert told(moved, statement) == "", statement


def test_what_another_commits_meanwhile_refuses_nothing(moved: PgSession, servers: TidyServers) -> None:
    """A grant that is under way while a switch takes rights from the service."""
    database = str(moved.query(raw("SELECT current_database()"))[0][0])
    moved.execute(
        raw("""
CREATE FUNCTION public.meanwhile() RETURNS event_trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(1); END';
CREATE EVENT TRIGGER a_meanwhile ON ddl_command_end WHEN TAG IN ('GRANT') EXECUTE FUNCTION public.meanwhile()""")
    )
    holder, mover = (servers.admin("main", database) for _ in range(2))
    holder.execute(raw("SELECT pg_advisory_lock(1)"))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(moved.execute, raw("GRANT INSERT ON others.part TO reader"))
        while not holder.query(raw("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")):
            assert not waiting.done(), waiting.exception()
        mover.execute(raw("SET freehold.moving = 'on'; REVOKE SELECT ON shop.orders FROM reader"))
        holder.execute(raw("SELECT pg_advisory_unlock(1)"))
        waiting.result(timeout=60)


def test_nothing_of_the_guard_is_left(servers: TidyServers) -> None:
    admin = servers.admin("main")
    admin.execute(raw("CREATE ROLE holder; CREATE ROLE reader"))
    prepared(servers, MOVE, SHOP.format("shop"))
    on = world(servers)
    follow_it(on, MOVE)
    abort(on, MOVE, made_database=False)
    for side in (MOVE.source, MOVE.target):
        session = servers.admin("main", side.database)
        assert session.query(raw("SELECT evtname FROM pg_event_trigger")) == []
