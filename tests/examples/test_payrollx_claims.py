"""What the analysis of PayrollX says of one database and of eight, tried in both; its README tells what came out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.clusters import VERSIONS
from support.examples import SOAK
from support.readmes import run_commands
from support.rules import Logins, crash, logins

HERE = Path(__file__).parents[2] / "examples" / "payrollx"
ONE, EIGHT = "schema-per-service", "database-per-service"
SERVICES = ("auth", "org", "employee", "wallet", "payroll", "transaction", "notification", "compliance")
NAMED = {
    "auth": {"users", "refresh_tokens", "audit_logs"},
    "organization": {"organizations", "organization_settings"},
    "employee": {"employees", "employee_documents"},
    "wallet": {"wallets", "wallet_transactions"},
    "payroll": {"payroll_runs", "payroll_items", "payroll_schedules"},
    "transaction": {"transactions", "transaction_logs"},
    "notification": {"notifications", "notification_templates"},
    "compliance": {"compliance_reports", "audit_logs"},
}
"""The tables that the analysis names, by schema."""


def versions(prefix: str) -> list[object]:
    return [
        pytest.param(version, marks=pytest.mark.xdist_group(f"{prefix}-{version}"), id=f"pg{version}")
        for version in (VERSIONS if SOAK else VERSIONS[:1])
    ]


@pytest.fixture(scope="module", params=versions("payrollx-claims"))
def version(request: pytest.FixtureRequest) -> int:
    assert isinstance(request.param, int)
    return request.param


@pytest.fixture(scope="module")
def one(version: int) -> Iterator[Logins]:
    """One database, filled as the README says."""
    with logins("payrollx", ONE, version) as found:
        run_commands(found.desk)
        yield found


@pytest.fixture(scope="module")
def eight(version: int) -> Iterator[Logins]:
    with logins("payrollx", EIGHT, version) as found:
        said = found.desk.run("seed", "--rows", "4000", timeout_s=300)
        assert said.status == 0, said.all
        for service in ("payroll", "transaction"):
            script = (HERE / "after-seed" / f"{service}.sql").read_text(encoding="utf-8")
            with psycopg.connect(found.url(service, "owner"), autocommit=True) as connection:
                connection.execute(script.encode())
        yield found


def answer(platform: Logins, service: str, query: str) -> tuple[object, ...]:
    with platform.trial(service) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


def compute(platform: Logins) -> tuple[object, ...]:
    """A run of July, computed by the payroll service's own login; what came out."""
    run = "00000000-0000-0000-0000-000000000001"
    with platform.trial("payroll") as connection:
        connection.execute(
            f"""INSERT INTO payroll.payroll_runs
                (id, organization_id, schedule_id, period_start, period_end, pay_date, currency, created_by)
            SELECT '{run}', organization_id, id, '2026-07-01', '2026-07-31', '2026-07-31', 'EUR', gen_random_uuid()
            FROM payroll.payroll_schedules ORDER BY id LIMIT 1""".encode()
        )
        made = connection.execute(f"SELECT payroll.calculate('{run}')".encode()).fetchone()
        sums = connection.execute(
            f"""SELECT count(*), sum(gross_pay), sum(deductions), sum(net_pay)
            FROM payroll.payroll_items WHERE run_id = '{run}'""".encode()
        ).fetchone()
    assert made is not None
    assert sums is not None
    return (*made, *sums)


def test_every_table_that_the_analysis_names_is_there(one: Logins) -> None:
    with one.admin("auth") as connection:
        rows = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY (%s)", (list(NAMED),)
        ).fetchall()
    there: dict[str, set[str]] = {}
    for schema, table in rows:
        there.setdefault(str(schema), set()).add(str(table))
    for schema, tables in NAMED.items():
        assert tables <= there[schema]


def test_one_name_is_used_by_two_services(one: Logins) -> None:
    names = [table for tables in NAMED.values() for table in tables]
    assert sorted(name for name in set(names) if names.count(name) > 1) == ["audit_logs"]
    with one.admin("auth") as connection:
        connection.execute("CREATE TABLE public.audit_logs AS TABLE auth.audit_logs")
        with pytest.raises(psycopg.errors.DuplicateTable):
            connection.execute("CREATE TABLE public.audit_logs AS TABLE compliance.audit_logs")


def test_a_run_is_the_same_in_one_database_and_across_eight(one: Logins, eight: Logins) -> None:
    first = compute(one)
    assert first == compute(eight)
    count, again, gross, deductions, net = first
    assert isinstance(count, int)
    assert count == again
    assert count > 0
    assert gross - deductions == net  # type: ignore[operator]  # three sums


def test_a_service_reads_in_one_database_what_is_declared_and_nothing_else(one: Logins) -> None:
    assert answer(one, "payroll", "SELECT count(*) > 0 FROM employee.employees") == (True,)
    with one.trial("payroll") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT count(*) FROM employee.employee_documents")


def test_no_service_has_a_transaction_across_services_and_the_administrator_has(one: Logins) -> None:
    credit = (
        "INSERT INTO wallet.wallet_transactions (wallet_id, amount, kind, idempotency_key, balance_after)"
        " SELECT id, 1, 'deposit', 'both', 0 FROM wallet.wallets LIMIT 1"
    )
    tell = (
        "INSERT INTO compliance.audit_logs (occurred_at, service, event_id, action, actor)"
        " VALUES (now(), 'wallet', 'both', 'credit', 'x')"
    )
    for service in SERVICES:
        with one.trial(service) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"{credit}; {tell}".encode())
    seen = "SELECT count(*) FROM wallet.wallet_transactions WHERE idempotency_key = 'both'"
    with one.admin("wallet") as connection:
        connection.execute(credit.encode())
        connection.execute(tell.encode())
        assert connection.execute(seen.encode()).fetchone() == (1,)
    assert answer(one, "wallet", seen) == (0,)


def test_there_are_eight_connection_strings_in_both(one: Logins, eight: Logins) -> None:
    for platform, databases in ((one, 1), (eight, 8)):
        found = [psycopg.conninfo.conninfo_to_dict(platform.url(service)) for service in SERVICES]
        assert len({part["user"] for part in found}) == 8
        assert len({part["dbname"] for part in found}) == databases
        assert len({part["port"] for part in found}) == 1


def test_one_database_keeps_a_reference_and_eight_find_what_broke_it(one: Logins, eight: Logins) -> None:
    paid = "DELETE FROM employee.employees WHERE id = (SELECT employee_id FROM wallet.wallets ORDER BY id LIMIT 1)"
    with one.admin("employee") as connection:
        connection.execute("DELETE FROM employee.employment_contracts")
        connection.execute("DELETE FROM employee.employee_documents")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match=r"wallets_employee_id_fkey|payroll_items"):
            connection.execute(paid.encode())
    assert eight.desk.run("check-references").status == 0
    (lost,) = answer(eight, "wallet", "SELECT employee_id::text FROM wallet.wallets ORDER BY id LIMIT 1")
    with psycopg.connect(eight.admin_url("employee")) as connection:
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM employee.employees WHERE id = %s::uuid", (lost,))
        for table in ("employment_contracts", "employee_documents"):
            connection.execute(f"CREATE TEMP TABLE {table} AS TABLE employee.{table}".encode())
            connection.execute(f"DELETE FROM employee.{table} WHERE employee_id = %s::uuid".encode(), (lost,))
        connection.execute("DELETE FROM employee.employees WHERE id = %s::uuid", (lost,))
        connection.commit()
        try:
            said = eight.desk.run("check-references", "--json")
            assert said.status == 2, said.all
            orphans = re.findall(str(lost), said.out)
            assert orphans
            references = said.document()["references"]
            assert isinstance(references, list)
            broken = {str(each["from"]) for each in references if each["orphans"]}
            assert any("wallet" in each for each in broken)
            assert all("employee_id" in each for each in broken)
        finally:
            connection.execute("INSERT INTO employee.employees SELECT * FROM kept")
    assert eight.desk.run("check-references").status == 0


def test_every_paid_run_is_the_sum_of_its_items(one: Logins, eight: Logins) -> None:
    for platform in (one, eight):
        runs, wrong = answer(
            platform,
            "payroll",
            """SELECT count(*), count(*) FILTER (WHERE (item_count::bigint, gross_total, net_total) IS DISTINCT FROM (
                SELECT (count(*), sum(gross_pay), sum(net_pay)) FROM payroll.payroll_items WHERE run_id = r.id))
            FROM payroll.payroll_runs AS r WHERE status = 'paid'""",
        )
        assert runs
        assert wrong == 0


def test_every_balance_is_the_sum_of_its_entries(one: Logins) -> None:
    assert answer(
        one,
        "wallet",
        """SELECT count(*) > 0, count(*) FILTER (WHERE balance <> (
            SELECT coalesce(sum(amount), 0) FROM wallet.wallet_transactions WHERE wallet_id = w.id))
        FROM wallet.wallets AS w""",
    ) == (True, 0)


def test_maintenance_takes_the_trails_into_their_pieces(one: Logins) -> None:
    # the README's commands have run it once
    count = "SELECT count(*) FROM transaction.transaction_logs"
    assert answer(one, "transaction", f"{count}_default") == (0,)
    kept = answer(one, "transaction", count)
    assert kept[0]
    with psycopg.connect(one.admin_url("transaction"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO transaction.transaction_logs (transaction_id, logged_at, new_status, attempts)"
            " SELECT id, now() - interval '11 years', 'settled', 1 FROM transaction.transactions LIMIT 5"
        )
    said = one.desk.run("maintain")
    assert said.status == 0, said.all
    # what is older than ten years is gone, and nothing else
    assert answer(one, "transaction", count) == kept


def test_a_crash_in_one_of_eight_databases_ends_the_sessions_of_all(eight: Logins) -> None:
    with psycopg.connect(eight.url("auth"), autocommit=True) as bystander:
        assert bystander.execute("SELECT 1").fetchone() == (1,)
        crash(eight, "wallet")
        with pytest.raises(psycopg.OperationalError):
            bystander.execute("SELECT pg_sleep(10)")


@pytest.mark.xdist_group("payrollx-claims-18")
def test_a_crash_in_an_instance_of_its_own_is_not_felt_elsewhere() -> None:
    with (
        logins("payrollx", "instance-per-service", 18) as platform,
        psycopg.connect(platform.url("auth"), autocommit=True) as bystander,
    ):
        crash(platform, "wallet")
        assert bystander.execute("SELECT pg_sleep(2), 1").fetchone() == ("", 1)
