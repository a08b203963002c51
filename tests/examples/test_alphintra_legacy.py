"""What Alphintra had before, loaded into real servers: each contradiction that its README tells of is seen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
import yaml

from freehold.pg.embedded.binaries import bundled
from freehold.ports import Address
from support.clusters import DEBIAN_15, PASSWORD

pytestmark = pytest.mark.xdist_group("alphintra-legacy")

LEGACY = Path(__file__).parents[2] / "examples" / "alphintra" / "legacy"
CENTRAL = LEGACY / "databases" / "postgresql"
SEPARATE = LEGACY / "infra" / "kubernetes" / "base"
SEVEN = {
    f"alphintra_{service}" for service in ("trading", "nocode", "risk", "user", "broker", "strategy", "notification")
}
DOMAINS = {
    "users": "user",
    "api_keys": "auth",
    "trading_strategies": "strategy",
    "trades": "trading",
    "risk_rules": "risk",
    "notifications": "notification",
    "audit_logs": "nobody",
}
"""Whose each table of the central database would be."""


def load(server: Address, script: str, *, stop: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script with psql as the administrator; ``stop`` at the first error, as a new container does."""
    program = DEBIAN_15 / "psql" if server_version(server) == 15 else bundled() / "psql"
    return subprocess.run(
        [str(program), "-X", "-q", "-v", f"ON_ERROR_STOP={int(stop)}", "-f", "-", url(server)],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )


def url(server: Address, database: str = "postgres", user: str = "postgres", password: str = PASSWORD) -> str:
    return psycopg.conninfo.make_conninfo(
        host=server.host, port=str(server.port), dbname=database, user=user, password=password
    )


def server_version(server: Address) -> int:
    with psycopg.connect(url(server)) as connection:
        return connection.info.server_version // 10000


def central(name: str) -> str:
    return (CENTRAL / name).read_text(encoding="utf-8")


def separate() -> str:
    """The script that the StatefulSet hands to the server."""
    documents = list(yaml.safe_load_all((SEPARATE / "postgresql-statefulset.yaml").read_text(encoding="utf-8")))
    return str(next(one for one in documents if one["kind"] == "ConfigMap")["data"]["init-databases.sql"])


def wanted() -> dict[str, tuple[str, str]]:
    """What each service connects to: service -> (database, login)."""
    found: dict[str, tuple[str, str]] = {}
    for one in yaml.safe_load_all((SEPARATE / "service-deployments.yaml").read_text(encoding="utf-8")):
        container = one["spec"]["template"]["spec"]["containers"][0]
        values = {entry["name"]: entry.get("value", "") for entry in container["env"]}
        found[container["name"]] = (values["DATABASE_URL"].rpartition("/")[2], values["DATABASE_USER"])
    return found


def databases(server: Address) -> set[str]:
    with psycopg.connect(url(server)) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'alphintra%'").fetchall()
    return {str(name) for (name,) in rows}


def columns(server: Address, database: str) -> dict[str, dict[str, str]]:
    """The tables of ``public`` with the types of their columns."""
    found: dict[str, dict[str, str]] = {}
    with psycopg.connect(url(server, database)) as connection:
        for table, column, kind in connection.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
            " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        ).fetchall():
            found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def test_in_the_order_of_a_container_the_first_script_stops(server: Address) -> None:
    names = sorted(path.name for path in CENTRAL.glob("*.sql"))
    assert names == ["init-nocode-schema.sql", "init-trading-schema.sql", "init.sql"]
    done = load(server, central(names[0]))
    assert done.returncode != 0
    assert 'database "alphintra" does not exist' in done.stderr


def test_in_the_order_that_was_meant_the_service_scripts_stop(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    nocode = load(server, central("init-nocode-schema.sql"))
    assert nocode.returncode != 0
    assert "foreign key constraint" in nocode.stderr
    trading = load(server, central("init-trading-schema.sql"))
    assert trading.returncode != 0
    assert 'column "executed_at" does not exist' in trading.stderr


def test_with_errors_passed_over_the_scripts_end_well_and_tables_are_missing(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    for name in ("init-nocode-schema.sql", "init-trading-schema.sql"):
        assert load(server, central(name), stop=False).returncode == 0
    there = set(columns(server, "alphintra"))
    promised = {"nocode_workflows", "nocode_components", "nocode_executions", "orders", "positions"}
    assert promised - there == {"nocode_workflows", "nocode_executions"}
    # the sixth is there under its name alone
    assert "trade_uuid" not in columns(server, "alphintra")["trades"]


def test_eight_services_name_a_database_and_seven_are_made(server: Address) -> None:
    script = separate()
    assert "8 separate databases" in script
    done = load(server, script)
    assert done.returncode == 0, done.stderr
    assert databases(server) == SEVEN
    used = {database for database, _ in wanted().values()}
    assert len(used) == 8
    assert used - databases(server) == {"alphintra_auth"}
    with pytest.raises(psycopg.OperationalError, match='database "alphintra_auth" does not exist'):
        psycopg.connect(url(server, "alphintra_auth"))


def test_six_tables_are_made_by_both_and_none_is_the_same(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    assert load(server, separate()).returncode == 0
    old = columns(server, "alphintra")
    new: dict[str, list[str]] = {}
    for database in sorted(SEVEN):
        for table, shape in columns(server, database).items():
            new.setdefault(table, []).append(database)
            assert shape != old.get(table)
    both = set(old) & set(new)
    assert both == {"audit_logs", "notifications", "risk_rules", "trades", "trading_strategies", "users"}
    assert new["trading_strategies"] == ["alphintra_nocode", "alphintra_strategy"]
    # amounts were binary fractions in one architecture and are exact in the other
    assert old["trades"]["price"] == "double precision"
    assert columns(server, "alphintra_trading")["trades"]["price"] == "numeric(20,8)"


def test_every_login_of_the_separate_databases_enters_every_one_of_them(server: Address) -> None:
    assert load(server, separate()).returncode == 0
    entered = 0
    for database in sorted(SEVEN):
        for service in sorted(SEVEN):
            name = service.removeprefix("alphintra_")
            with psycopg.connect(url(server, database, f"{name}_service_user", f"{name}_service_pass")) as connection:
                assert connection.execute("SELECT current_database()").fetchone() == (database,)
                entered += 1
    assert entered == 49


def test_a_service_of_the_separate_databases_cannot_make_a_table_in_its_own(server: Address) -> None:
    assert load(server, separate()).returncode == 0
    with psycopg.connect(url(server, "alphintra_risk", "risk_service_user", "risk_service_pass")) as connection:
        connection.execute("INSERT INTO risk_rules (account_id) VALUES (gen_random_uuid())")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema public"):
            connection.execute("CREATE TABLE limits (id integer)")


def test_the_central_database_reaches_from_service_to_service(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    with psycopg.connect(url(server, "alphintra")) as connection:
        keys = connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()
        views = connection.execute(
            "SELECT DISTINCT r.ev_class::regclass::text, d.refobjid::regclass::text"
            " FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid"
            " JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind = 'r'"
            " JOIN pg_class AS v ON v.oid = r.ev_class AND v.relnamespace = 'public'::regnamespace"
        ).fetchall()
    across = [(start, end) for start, end in keys if DOMAINS[str(start)] != DOMAINS[str(end)]]
    assert len(keys) == len(across) == 9
    assert ("notifications", "trades") in across
    domains: dict[str, set[str]] = {}
    for view, table in views:
        domains.setdefault(str(view), set()).add(DOMAINS[str(table)])
    assert domains == {
        "user_trading_summary": {"user", "trading"},
        "risk_dashboard": {"user", "strategy", "risk", "trading"},
        "notification_feed": {"user", "notification", "trading"},
    }


def test_the_one_login_of_the_central_database_may_do_everything(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    with psycopg.connect(url(server, "alphintra", "alphintra", "alphintra123"), autocommit=True) as connection:
        for table in DOMAINS:
            connection.execute(f"SELECT * FROM {table}".encode())
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute("CREATE ROLE more LOGIN")
        connection.execute("DROP TABLE audit_logs")


def test_the_time_series_needs_an_extension(server: Address) -> None:
    assert load(server, central("init.sql")).returncode == 0
    with psycopg.connect(url(server)) as connection:
        there = connection.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    done = load(server, central("timescaledb/init-timescaledb.sql"))
    assert (done.returncode == 0) is (there is not None), done.stderr
