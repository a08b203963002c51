"""A session says what the server said, and never a secret."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from freehold.errors import LocalStateError, MissingRight, RowRefused, ServerError, TooOld, Unreachable
from freehold.pg import servers as servers_module
from freehold.pg.address import address_from_url
from freehold.pg.servers import PgServers
from freehold.ports import Address
from freehold.sqltext import Secret, ident, keyword, literal, raw, sql
from support.clusters import PASSWORD

HOSTILE = ['quo"te', "new\nline", "é" * 31, "100%", "<img src=x onerror=1>", "back\\slash", "sp ace", "semi;--"]


def test_an_admin_session_pins_the_search_path_against_the_databases_owner(server: Address, servers: PgServers) -> None:
    first = servers.admin("main")
    first.execute(keyword("CREATE DATABASE trap; "))
    first.execute(keyword("ALTER DATABASE trap SET search_path = evil, pg_catalog"))
    assert servers.login("main", "trap", "postgres", PASSWORD).query(keyword("SHOW search_path")) == [
        ("evil, pg_catalog",)
    ]
    assert servers.admin("main", "trap").query(keyword("SHOW search_path")) == [("pg_catalog,pg_temp",)]
    assert first.query(keyword("SHOW lock_timeout")) == [("3s",)]
    assert first.query(keyword("SHOW statement_timeout")) == [("5min",)]


def test_rows_parameters_and_several_statements(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("CREATE TABLE public.t (a int, b text); INSERT INTO public.t VALUES (1, 'x'), (2, NULL)"))
    assert session.query(keyword("SELECT a, b FROM public.t WHERE a >= %s ORDER BY a"), [1]) == [(1, "x"), (2, None)]
    assert session.attempt(keyword("SELECT a, b FROM public.t ORDER BY a")).rows == (("1", "x"), ("2", None))
    assert [one.tag for one in session.attempts(keyword("SELECT 1; DELETE FROM public.t"))] == ["SELECT 1", "DELETE 2"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_pass_unchanged(server18: Address, clusters, name: str) -> None:
    session = clusters(18)[1].admin("main")
    session.execute(sql("CREATE ROLE {} LOGIN PASSWORD {}", ident(name), literal("p")))
    session.execute(sql("CREATE DATABASE {}", ident(name)))
    assert clusters(18)[1].probe("main", name, name, "p").ok
    inside = clusters(18)[1].login("main", name, name, "p")
    assert inside.query(keyword("SELECT current_database()::text, current_user::text")) == [(name, name)]
    inside.close()


def test_a_refusal_carries_its_sqlstate_and_names_the_right(server: Address, servers: PgServers) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE low LOGIN PASSWORD 'p'; CREATE TABLE public.t (a int)"))
    low = servers.login("main", "postgres", "low", "p")
    with pytest.raises(MissingRight, match="permission denied for table t") as caught:
        low.query(keyword("SELECT * FROM public.t"))
    assert caught.value.sqlstate == "42501"
    assert caught.value.hint
    refused = low.attempt(keyword("SELECT * FROM public.t"))
    assert (refused.sqlstate, refused.ok) == ("42501", False)
    assert low.attempt(keyword("SELECT 1")).ok
    with pytest.raises(ServerError) as other:
        low.query(keyword("SELECT 1/0"))
    assert type(other.value) is ServerError
    assert other.value.sqlstate == "22012"


def test_no_secret_in_a_message(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    for text in ("ALTER ROLE nobody PASSWORD {}", "ALTER ROLE postgres PASSWORD {} ups", "DO {}", "SELECT {}::int"):
        with pytest.raises(ServerError) as caught:
            session.execute(sql(text, Secret("x")), lambda name: "hunter2")  # type: ignore[arg-type]  # templates of the test
        assert "hunter2" not in str(caught.value) + caught.value.hint
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    with pytest.raises(LookupError, match="x"):
        session.query(sql("SELECT {}", Secret("x")))


def test_copy_ends_and_the_session_goes_on(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("CREATE TABLE public.t (a int)"))
    assert session.attempt(keyword("COPY public.t FROM STDIN")).ok
    assert session.attempt(keyword("COPY (SELECT 1 UNION ALL SELECT 2 ORDER BY 1) TO STDOUT")).ok
    assert session.attempts(keyword("COPY (SELECT 7) TO STDOUT"))[0].rows == (("7",),)
    assert session.attempt(keyword("SELECT 1")).rows == (("1",),)


def test_a_transaction_is_rolled_back_on_an_exception(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("CREATE TABLE public.t (a int)"))

    def fail() -> None:
        with session.transaction():
            session.execute(keyword("INSERT INTO public.t VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert session.query(keyword("SELECT * FROM public.t")) == []
    with session.transaction():
        session.execute(keyword("INSERT INTO public.t VALUES (1)"))
    assert session.query(keyword("SELECT * FROM public.t")) == [(1,)]


def test_notifications_arrive_once(server: Address, servers: PgServers) -> None:
    listener, speaker = servers.admin("main"), servers.admin("main")
    listener.attempt(keyword("LISTEN news"))
    assert listener.notifications(50) == []
    speaker.execute(keyword("NOTIFY news, 'one'"))
    assert listener.notifications(500) == [("news", "one")]
    speaker.execute(keyword("NOTIFY news, 'two'"))
    time.sleep(0.1)
    listener.query(keyword("SELECT 1"))
    listener.attempt(keyword("SELECT 1"))
    assert listener.notifications(200) == [("news", "two")]
    assert listener.notifications(50) == []


def test_a_lost_connection_raises(server: Address, servers: PgServers) -> None:
    session, killer = servers.admin("main"), servers.admin("main")
    ((pid,),) = session.query(keyword("SELECT pg_backend_pid()::text"))
    killer.query(sql("SELECT pg_terminate_backend({}::int, 5000)", literal(str(pid))))
    with pytest.raises(Unreachable):
        session.attempt(keyword("SELECT 1"))
    session.close()
    session.close()
    with pytest.raises(ServerError):
        session.query(keyword("SELECT 1"))


def test_nobody_answers(server: Address) -> None:
    gone = PgServers({"main": Address("main", "127.0.0.1", 1, "postgres", "hunter2", "postgres")})
    with pytest.raises(Unreachable) as caught:
        gone.admin("main")
    assert caught.value.exit_status == 3
    assert "hunter2" not in str(caught.value)
    assert gone.probe("main", "postgres", "postgres", "p").sqlstate == "08001"
    with pytest.raises(Unreachable, match='"other" has no address'):
        gone.admin("other")


def test_probe_and_login_say_why(server: Address, servers: PgServers) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE low LOGIN PASSWORD 'p'; CREATE ROLE nologin PASSWORD 'p'"))
    admin.execute(keyword("CREATE DATABASE shut"))
    admin.execute(keyword("REVOKE CONNECT ON DATABASE shut FROM PUBLIC"))
    servers.write_hba("main", ['host all "nologin" all scram-sha-256', 'host all "postgres" all scram-sha-256',
                               'host "shut" "low" all scram-sha-256', "host all all all reject"])  # fmt: skip
    expected = {
        ("shut", "low", "p"): "42501",
        ("shut", "low", "wrong"): "28P01",
        ("postgres", "low", "p"): "28000",
        ("postgres", "nologin", "p"): "28000",
        ("absent", "postgres", PASSWORD): "3D000",
        ("postgres", "postgres", PASSWORD): "",
        ("postgres", "postgres", ""): "28P01",
    }
    for (database, user, password), sqlstate in expected.items():
        assert servers.probe("main", database, user, password).sqlstate == sqlstate, (database, user)
        if sqlstate:
            with pytest.raises(ServerError) as caught:
                servers.login("main", database, user, password)
            assert caught.value.sqlstate == sqlstate, (database, user)


def test_a_changed_password_is_noticed_though_the_keys_are_kept(server: Address, servers: PgServers) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE low LOGIN PASSWORD 'one'"))
    assert servers.probe("main", "postgres", "low", "one").ok
    servers.login("main", "postgres", "low", "one").close()
    admin.execute(keyword("ALTER ROLE low PASSWORD 'one'"))  # the same password, another salt
    servers.login("main", "postgres", "low", "one").close()
    admin.execute(keyword("ALTER ROLE low PASSWORD 'two'"))
    assert servers.probe("main", "postgres", "low", "one").sqlstate == "28P01"
    with pytest.raises(ServerError):
        servers.login("main", "postgres", "low", "one")
    assert servers.probe("main", "postgres", "low", "two").ok


def test_an_md5_verifier_can_be_probed(server: Address, servers: PgServers) -> None:
    servers.admin("main").execute(keyword("SET password_encryption = md5; CREATE ROLE low LOGIN PASSWORD 'p'"))
    servers.write_hba("main", ['host all "low" all md5', 'host all "postgres" all scram-sha-256'])
    assert servers.probe("main", "postgres", "low", "p").ok
    assert servers.probe("main", "postgres", "low", "q").sqlstate == "28P01"


def test_pg_hba_conf_is_put_back_on_a_complaint_or_a_lock_out(server: Address, servers: PgServers) -> None:
    before = servers.read_hba("main")
    for lines, said in (
        (["host all all 1.2.3.4/99 md5"], "line 1"),
        (["host all all all reject"], "rejects connection"),
    ):
        with pytest.raises(ServerError, match=said):
            servers.write_hba("main", lines)
        assert servers.read_hba("main") == before
        servers.admin("main").close()
    fine = [*before, "host all all 10.0.0.0/8 reject"]
    servers.write_hba("main", fine)
    assert servers.read_hba("main") == tuple(fine)


def test_pg_hba_conf_is_in_force_when_write_returns(server: Address, servers: PgServers) -> None:
    servers.admin("main").execute(keyword("CREATE ROLE low LOGIN PASSWORD 'p'"))
    admin = 'host all "postgres" all scram-sha-256'
    for _ in range(10):
        servers.write_hba("main", [admin, 'host all "low" all scram-sha-256'])
        assert servers.probe("main", "postgres", "low", "p").ok
        servers.write_hba("main", [admin])
        assert servers.probe("main", "postgres", "low", "p").sqlstate == "28000"


def test_many_threads_probe_at_once(server: Address, servers: PgServers) -> None:
    wrong: list[object] = []

    def work() -> None:
        wrong.extend(
            one for one in (servers.probe("main", "postgres", "postgres", PASSWORD) for _ in range(20)) if not one.ok
        )

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_server_that_is_too_old_is_refused(
    server: Address, servers: PgServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.admin("main").close()
    monkeypatch.setattr(servers_module, "OLDEST", 190000)
    with pytest.raises(TooOld, match='"main" runs PostgreSQL'):
        servers.admin("main")


def test_a_url_is_an_address() -> None:
    options = {"sslmode": "require", "connect_timeout": "3"}
    address = address_from_url("a", "postgresql://us%20er:p%40ss@db.example:6000/app?sslmode=require&connect_timeout=3")
    assert (address.host, address.port, address.user, address.password) == ("db.example", 6000, "us er", "p@ss")
    assert (address.maintenance_database, dict(address.options)) == ("app", options)
    assert "p@ss" not in repr(address)
    for wrong in (
        "postgresql://u:hunter2@a,b/x",
        "postgresql://host/x",
        "postgresql://u:hunter2@h:x/y",
        "mysql://u:hunter2@h",
    ):
        with pytest.raises(ServerError) as caught:
            address_from_url("a", wrong)
        assert "hunter2" not in str(caught.value)


def test_a_script_of_a_user_may_hold_percent_signs(server18: Address, clusters) -> None:
    session = clusters(18)[1].admin("main")
    session.execute(raw("CREATE TABLE public.\"100%s\" (a text DEFAULT '%')"))
    assert session.query(raw("SELECT count(*) FROM public.\"100%s\" WHERE a LIKE '%'")) == [(0,)]


@pytest.mark.parametrize(
    "name", [*(name for name in HOSTILE if "\n" not in name), "all", "+plus", "@at", "sameuser", "a,b", "#x"]
)
def test_a_quoted_name_in_pg_hba_conf_means_itself(server: Address, servers: PgServers, name: str) -> None:
    admin = servers.admin("main")
    admin.execute(sql("CREATE ROLE {} LOGIN PASSWORD 'p'", ident(name)))
    admin.execute(keyword("CREATE ROLE other LOGIN PASSWORD 'p'"))
    admin.execute(sql("CREATE DATABASE {}", ident(name)))
    quoted = '"' + name.replace('"', '""') + '"'
    servers.write_hba("main", ['host all "postgres" all scram-sha-256', f"host {quoted} {quoted} all scram-sha-256"])
    assert servers.probe("main", name, name, "p").ok
    assert servers.probe("main", "postgres", name, "p").sqlstate == "28000"
    assert servers.probe("main", name, "other", "p").sqlstate == "28000"


def test_a_name_with_a_line_break_cannot_be_written_to_pg_hba_conf(server: Address, servers: PgServers) -> None:
    before = servers.read_hba("main")
    with pytest.raises(LocalStateError, match="line break"):
        servers.write_hba("main", [*before, 'host "new\nhost all all all trust" all all reject'])
    assert servers.read_hba("main") == before


def test_a_quoted_name_that_begins_with_a_slash_is_a_regular_expression_from_16_on(
    server: Address, servers: PgServers
) -> None:
    admin = servers.admin("main")
    admin.execute(keyword("CREATE ROLE \"/.*\" LOGIN PASSWORD 'p'; CREATE ROLE other LOGIN PASSWORD 'p'"))
    line = 'host all "postgres" all scram-sha-256'
    servers.write_hba("main", [line, 'host all "/.*" all scram-sha-256'])
    assert servers.probe("main", "postgres", "other", "p").ok is (admin.version >= 160000)
    if admin.version >= 160000:
        servers.write_hba("main", [line, r'host all "/^/\.\*$" all scram-sha-256'])
        assert not servers.probe("main", "postgres", "other", "p").ok
    assert servers.probe("main", "postgres", "/.*", "p").ok


def test_a_copy_streams_blocks_and_counts_rows(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword('CREATE TABLE public."we,ird" (a int PRIMARY KEY, b text)'))
    sent: list[int] = []

    def blocks() -> Iterator[bytes]:
        for start in range(0, 3000, 1000):
            sent.append(start)
            yield "".join(f"{n}\té{n}\n" for n in range(start, start + 1000)).encode()

    assert session.copy_in(keyword('COPY public."we,ird" (a, b) FROM STDIN'), blocks()) == 3000
    assert sent == [0, 1000, 2000]
    assert session.query(keyword('SELECT count(*), min(b), max(a) FROM public."we,ird"')) == [(3000, "é0", 2999)]


def test_a_refused_row_names_its_constraint_and_line_and_nothing_is_kept(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("CREATE TABLE public.t (a int PRIMARY KEY CHECK (a > 0), b int NOT NULL)"))
    into = keyword("COPY public.t (a, b) FROM STDIN")
    cases = {b"1\t1\n-5\t1\n": "23514", b"1\t1\n1\t1\n": "23505", b"1\t1\n2\t\\N\n": "23502", b"1\t1\n2\tx\n": "22P02"}
    for block, state in cases.items():
        with pytest.raises(RowRefused) as caught:
            session.copy_in(into, [block])
        assert caught.value.sqlstate == state
        assert "COPY t, line 2" in caught.value.context
    assert caught.value.constraint == ""
    assert session.query(keyword("SELECT count(*) FROM public.t")) == [(0,)]


def test_an_iterable_that_raises_ends_the_copy_and_the_session_goes_on(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    session.execute(keyword("CREATE TABLE public.t (a int)"))

    def broken() -> Iterator[bytes]:
        yield b"1\n"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        session.copy_in(keyword("COPY public.t (a) FROM STDIN"), broken())
    assert session.query(keyword("SELECT count(*) FROM public.t")) == [(0,)]


ENDLESS = keyword("SELECT generate_series(1, 1000000000)")


def test_rows_arrive_in_blocks(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    with session.stream(keyword("SELECT g FROM generate_series(1, 12000) AS g")) as blocks:
        got = list(blocks)
    assert [len(block) for block in got] == [5000, 5000, 2000]
    assert [row for block in got for row in block] == [(number,) for number in range(1, 12001)]
    with session.stream(keyword("SELECT 1 WHERE false")) as blocks:
        assert list(blocks) == []
    with session.stream(keyword("CREATE TABLE public.t ()")) as blocks:
        assert list(blocks) == []
    assert session.query(keyword("SELECT 1")) == [(1,)]


def test_streamed_values_are_numbers_texts_and_bytes(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    text = (
        "SELECT 1::int2, 2::int8, E'a\\tb\\n%s', NULL, '\\x00ff'::bytea, 1.50, date '2026-01-02', '{}'::jsonb, true,"
        " '00000000-0000-0000-0000-00000000000A'::uuid, ARRAY[1, 2], 'x'::name"
    )
    with session.stream(raw(text)) as blocks:
        (block,) = blocks
    assert block == [
        (
            1,
            2,
            "a\tb\n%s",
            None,
            b"\x00\xff",
            "1.50",
            "2026-01-02",
            "{}",
            "t",
            f"{'0' * 8}-0000-0000-0000-{10:012x}",
            "{1,2}",
            "x",
        )
    ]


def test_a_stream_left_early_is_cancelled_and_the_session_goes_on(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    started = time.monotonic()
    with session.stream(ENDLESS) as blocks:
        assert next(blocks)[0] == (1,)
    assert session.query(keyword("SELECT 1")) == [(1,)]
    with session.stream(ENDLESS):
        pass
    with pytest.raises(ZeroDivisionError), session.stream(ENDLESS) as blocks:
        print(next(blocks), 1 / 0)
    assert session.query(keyword("SELECT 1")) == [(1,)]
    assert time.monotonic() - started < 20


def test_a_request_to_cancel_that_came_too_early_is_made_again(
    server: Address, servers: PgServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = servers.admin("main")
    connection = session._connection
    asked: list[float] = []

    def lost_at_first(*, timeout: float) -> None:
        asked.append(timeout)
        if len(asked) > 1:
            psycopg.Connection.cancel_safe(connection, timeout=timeout)

    monkeypatch.setattr(connection, "cancel_safe", lost_at_first)
    with session.stream(ENDLESS):
        pass
    assert len(asked) > 1
    assert session.query(keyword("SELECT 1")) == [(1,)]


def test_a_stream_that_is_refused_or_breaks_says_why(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    for text, sqlstate in (
        ("SELECT * FROM no_such", "42P01"),
        ("SELECT 1; SELECT 2", "42601"),
        ("SELECT 1/(6000-g) FROM generate_series(1, 9000) AS g", "22012"),
    ):
        with pytest.raises(ServerError) as caught, session.stream(raw(text)) as blocks:
            list(blocks)
        assert caught.value.sqlstate == sqlstate
    session.execute(keyword("SET statement_timeout = 200"))
    with pytest.raises(ServerError) as caught, session.stream(keyword("SELECT pg_sleep(30)")) as blocks:
        list(blocks)
    assert caught.value.sqlstate == "57014"
    assert session.query(keyword("SELECT 1")) == [(1,)]


def test_a_stream_from_a_server_that_ends_is_unreachable(server: Address, servers: PgServers) -> None:
    session = servers.admin("main")
    other = servers.admin("main")
    pid = int(str(session.query(keyword("SELECT pg_backend_pid()"))[0][0]))
    with session.stream(ENDLESS) as blocks:
        next(blocks)
        other.query(sql("SELECT pg_terminate_backend({})", pid))
        with pytest.raises(Unreachable):
            sum(map(len, blocks))


def test_an_interrupt_is_heard_while_a_stream_has_nothing_to_say(server18: Address, clusters) -> None:
    session = clusters(18)[1].admin("main")
    started = time.monotonic()
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), session.stream(keyword("SELECT pg_sleep(30)")) as blocks:
        list(blocks)
    timer.join()
    assert time.monotonic() - started < 5
    assert session.query(keyword("SELECT 1")) == [(1,)]
