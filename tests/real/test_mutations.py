"""From a clean platform, open one thing at a time: the proof must turn red and name it, and its remedy must end it."""

# ruff: noqa: E501  the table of mutations reads best with one on a line

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from freehold.prove.model import Report
from freehold.spec.model import Layout, Server, ServerKind
from support.clusters import VERSIONS, embedded, instance
from support.proofs import Built, build, small

A, B = "shop_feed_app", "shop_users_owner"
DATABASE = "shop"
SAMPLE = {18: 28}
"""How many mutations are tried on a version in CI: on 18 at least one for each attack. All of them in `make soak`."""


@dataclass(frozen=True)
class Mutation:
    """``opens`` is run by the administrator; the proof must then name ``named``. ``tidies`` removes what the
    mutation made besides the opening, so that the next one starts clean."""

    name: str
    opens: str
    named: str
    tidies: str = ""
    from_version: int = 15
    code: str = ""


def m(name: str, opens: str, named: str, tidies: str = "", from_version: int = 15, code: str = "") -> Mutation:
    return Mutation(name, opens, named, tidies, from_version, code)


SECRET = 'table "users"."secret"'
USAGE = f"GRANT USAGE ON SCHEMA users TO {A};\n"
NO_USAGE = f"REVOKE USAGE ON SCHEMA users FROM {A}"

MUTATIONS = (
    m("connect_to_public", "GRANT CONNECT ON DATABASE shop TO PUBLIC", 'database "shop"'),
    m("connect_to_public_on_postgres", "GRANT CONNECT ON DATABASE postgres TO PUBLIC", 'database "postgres"'),
    m("connect_to_public_on_template1", "GRANT CONNECT ON DATABASE template1 TO PUBLIC", 'database "template1"'),
    m("connect_to_one_role", f"GRANT CONNECT ON DATABASE postgres TO {A}", 'database "postgres"'),
    m("temp_to_public", "GRANT TEMPORARY ON DATABASE shop TO PUBLIC", 'database "shop"', code="create_objects"),
    m("create_on_database", f"GRANT CREATE ON DATABASE shop TO {A}", 'database "shop"', code="create_objects"),
    m("usage_alone", f"GRANT USAGE ON SCHEMA users TO {A}", 'schema "users"'),
    m("usage_and_select", f"{USAGE}GRANT SELECT ON users.secret TO {A}", SECRET, code="read_tables"),
    m("select_without_usage", f"GRANT SELECT ON users.secret TO {A}", SECRET),
    m("select_to_public", "GRANT SELECT ON users.secret TO PUBLIC", SECRET),
    m("all_tables_to_public", "GRANT USAGE ON SCHEMA users TO PUBLIC;\nGRANT SELECT ON ALL TABLES IN SCHEMA users TO PUBLIC", SECRET, code="read_tables"),
    m("insert", f"{USAGE}GRANT INSERT ON users.secret TO {A}", SECRET, code="write_tables"),
    m("update", f"{USAGE}GRANT UPDATE ON users.secret TO {A}", SECRET, code="write_tables"),
    m("delete", f"{USAGE}GRANT DELETE ON users.secret TO {A}", SECRET, code="write_tables"),
    m("truncate", f"{USAGE}GRANT TRUNCATE ON users.secret TO {A}", SECRET, code="truncate_tables"),
    m("insert_without_usage", f"GRANT INSERT ON users.secret TO {A}", SECRET),
    m("one_column_to_public", "GRANT SELECT (hash) ON users.secret TO PUBLIC", SECRET),
    m("one_column_with_usage", f"{USAGE}GRANT SELECT (hash) ON users.secret TO PUBLIC", "column 'hash'", code="columns"),
    m("update_one_column", f"{USAGE}GRANT UPDATE (hash) ON users.secret TO {A}", "column 'hash'", code="columns"),
    m("insert_one_column", f"{USAGE}GRANT INSERT (id) ON users.secret TO {A}", SECRET, code="columns"),
    m("references_one_column", f"GRANT REFERENCES (id) ON users.secret TO {A}", SECRET),
    m("grant_option", f"GRANT SELECT ON users.secret TO {A} WITH GRANT OPTION", SECRET),
    m("passed_on", f"GRANT USAGE ON SCHEMA users TO {A} WITH GRANT OPTION;\nGRANT SELECT ON users.secret TO {A} WITH GRANT OPTION;\nSET ROLE {A};\nGRANT SELECT ON users.secret TO shop_trading_app;\nRESET ROLE", "shop_trading_app"),
    m("sequence_select", f"{USAGE}GRANT SELECT ON SEQUENCE users.numbers TO {A}", 'sequence "users"."numbers"', code="sequences"),
    m("sequence_usage", f"{USAGE}GRANT USAGE ON SEQUENCE users.numbers TO {A}", 'sequence "users"."numbers"', code="sequences"),
    m("sequence_update", f"{USAGE}GRANT UPDATE ON SEQUENCE users.numbers TO PUBLIC", 'sequence "users"."numbers"', code="sequences"),
    m("execute", f"{USAGE}GRANT EXECUTE ON FUNCTION users.whoami() TO {A}", 'function "users"."whoami"', code="functions"),
    m("execute_without_usage", "GRANT EXECUTE ON FUNCTION users.whoami() TO PUBLIC", 'function "users"."whoami"'),
    m("security_definer_in_own_schema", f"CREATE FUNCTION feed.leak() RETURNS SETOF users.secret LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM users.secret';\nGRANT CREATE ON SCHEMA feed TO {B};\nALTER FUNCTION feed.leak() OWNER TO {B};\nREVOKE CREATE ON SCHEMA feed FROM {B}", 'function "feed"."leak"', "DROP FUNCTION feed.leak()"),
    m("security_definer_in_public", "CREATE FUNCTION public.leak() RETURNS SETOF users.secret LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM users.secret'", 'function "public"."leak"', "DROP FUNCTION public.leak()"),
    m("security_definer_unpinned_and_temp", "GRANT TEMPORARY ON DATABASE shop TO PUBLIC;\nALTER FUNCTION users.whoami() RESET search_path", 'function "users"."whoami"', code="security_definer_hijack"),
    m("default_privileges_to_public", f"ALTER DEFAULT PRIVILEGES FOR ROLE {B} GRANT SELECT ON TABLES TO PUBLIC", f'"{B}"', code="default_privileges"),
    m("default_privileges_in_schema", f"ALTER DEFAULT PRIVILEGES FOR ROLE {B} IN SCHEMA users GRANT SELECT ON TABLES TO PUBLIC", f'"{B}"', code="default_privileges"),
    m("default_privileges_to_a_role", f"ALTER DEFAULT PRIVILEGES FOR ROLE {B} IN SCHEMA users GRANT INSERT ON TABLES TO {A}", f'"{B}"', code="default_privileges"),
    m("default_privileges_on_functions", f"ALTER DEFAULT PRIVILEGES FOR ROLE {B} GRANT EXECUTE ON FUNCTIONS TO PUBLIC", f'"{B}"', code="default_privileges"),
    m("default_privileges_on_sequences", f"ALTER DEFAULT PRIVILEGES FOR ROLE {B} IN SCHEMA users GRANT USAGE ON SEQUENCES TO PUBLIC", f'"{B}"', code="default_privileges"),
    m("canary_is_seen", f"{USAGE}ALTER DEFAULT PRIVILEGES FOR ROLE {B} IN SCHEMA users GRANT SELECT ON TABLES TO {A}", "canary", code="read_tables"),
    m("membership_direct", f"GRANT {B} TO {A}", f'role "{B}"', code="role_membership"),
    m("membership_in_app", f"GRANT shop_users_app TO {A}", 'role "shop_users_app"', code="read_tables"),
    m("membership_noinherit", f"ALTER ROLE {A} NOINHERIT;\nGRANT {B} TO {A}", f'role "{B}"', f"ALTER ROLE {A} INHERIT"),
    m("membership_noinherit_with_set", f"GRANT {B} TO {A} WITH INHERIT FALSE, SET TRUE", f'role "{B}"', from_version=16),
    m("membership_inherit_without_set", f"GRANT {B} TO {A} WITH INHERIT TRUE, SET FALSE", f'role "{B}"', from_version=16, code="ddl"),
    m("membership_two_levels", f"CREATE ROLE middle;\nGRANT {B} TO middle;\nGRANT middle TO {A}", 'role "middle"', "DROP ROLE middle"),
    m("membership_three_levels", f"CREATE ROLE one;\nCREATE ROLE two;\nGRANT {B} TO one;\nGRANT one TO two;\nGRANT two TO {A}", f'role "{B}"', "DROP ROLE one;\nDROP ROLE two"),
    m("membership_admin_option", f"GRANT {B} TO {A} WITH ADMIN OPTION", f'role "{B}"'),
    m("membership_admin_only", f"GRANT {B} TO {A} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", f'role "{B}"', from_version=16),
    m("createrole", f"ALTER ROLE {A} CREATEROLE", f'role "{A}"', code="role_attributes"),
    m("createdb", f"ALTER ROLE {A} CREATEDB", f'role "{A}"', code="role_attributes"),
    m("superuser", f"ALTER ROLE {A} SUPERUSER", f'role "{A}"', code="role_attributes"),
    m("replication", f"ALTER ROLE {A} REPLICATION", f'role "{A}"', code="role_attributes"),
    m("bypassrls", f"ALTER ROLE {A} BYPASSRLS", f'role "{A}"', code="role_attributes"),
    m("monitor_is_superuser", "ALTER ROLE shop_monitor SUPERUSER", 'role "shop_monitor"'),
    m("pg_read_all_data", f"GRANT pg_read_all_data TO {A}", "pg_read_all_data", code="read_tables"),
    m("pg_write_all_data", f"GRANT pg_write_all_data TO {A}", "pg_write_all_data", code="write_tables"),
    m("pg_execute_server_program", f"GRANT pg_execute_server_program TO {A}", "pg_execute_server_program", code="files_and_programs"),
    m("pg_read_server_files", f"GRANT pg_read_server_files TO {A}", "pg_read_server_files", code="files_and_programs"),
    m("pg_write_server_files", f"GRANT pg_write_server_files TO {A}", "pg_write_server_files"),
    m("pg_read_all_stats", f"GRANT pg_read_all_stats TO {A}", "pg_read_all_stats"),
    m("pg_monitor", f"GRANT pg_monitor TO {A}", "pg_monitor"),
    m("pg_signal_backend", f"GRANT pg_signal_backend TO {A}", "pg_signal_backend", code="terminate_backend"),
    m("pg_maintain", f"GRANT pg_maintain TO {A}", "pg_maintain", from_version=17),
    m("analytics_reads_everything", "GRANT pg_read_all_data TO shop_analytics", "pg_read_all_data"),
    m("create_on_public", "GRANT CREATE ON SCHEMA public TO PUBLIC", 'schema "public"', code="create_objects"),
    m("create_on_others_schema", f"GRANT USAGE, CREATE ON SCHEMA users TO {A}", 'schema "users"', code="create_objects"),
    m("create_on_own_schema", f"GRANT CREATE ON SCHEMA feed TO {A}", 'schema "feed"'),
    m("trigger", f"{USAGE}GRANT TRIGGER ON users.secret TO {A}", SECRET, code="trigger_and_references"),
    m("references", f"{USAGE}GRANT REFERENCES ON users.secret TO {A}", SECRET, code="trigger_and_references"),
    m("maintain", f"{USAGE}GRANT MAINTAIN ON users.secret TO {A}", SECRET, from_version=17, code="trigger_and_references"),
    m("view_of_another_owner", f"CREATE VIEW feed.leak AS SELECT * FROM users.secret;\nGRANT CREATE ON SCHEMA feed TO {B};\nALTER VIEW feed.leak OWNER TO {B};\nREVOKE CREATE ON SCHEMA feed FROM {B};\nGRANT SELECT ON feed.leak TO {A}", 'view "feed"."leak"', "DROP VIEW feed.leak"),
    m("view_of_a_superuser", f"CREATE VIEW feed.leak AS SELECT * FROM users.secret;\nGRANT SELECT ON feed.leak TO {A}", 'view "feed"."leak"', "DROP VIEW feed.leak"),
    m("view_in_public", "CREATE VIEW public.leak AS SELECT * FROM users.secret;\nGRANT SELECT ON public.leak TO PUBLIC", 'view "public"."leak"', "DROP VIEW public.leak"),
    m("materialized_view_in_public", f"CREATE MATERIALIZED VIEW public.leak AS SELECT * FROM users.secret;\nGRANT SELECT ON public.leak TO {A}", 'materialized view "public"."leak"', "DROP MATERIALIZED VIEW public.leak"),
    m("foreign_server", f"CREATE EXTENSION postgres_fdw;\nCREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw;\nGRANT USAGE ON FOREIGN SERVER other TO {A}", 'foreign server "other"', "DROP EXTENSION postgres_fdw CASCADE"),
    m("user_mapping_for_public", "CREATE EXTENSION postgres_fdw;\nCREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw;\nCREATE USER MAPPING FOR PUBLIC SERVER other OPTIONS (user 'postgres', password 'x')", 'foreign server "other"', "DROP EXTENSION postgres_fdw CASCADE"),
    m("dblink", "CREATE EXTENSION dblink SCHEMA public", 'extension "dblink"', "DROP EXTENSION IF EXISTS dblink"),
    m("lo_compat_privileges", "ALTER DATABASE shop SET lo_compat_privileges = on", "large objects", code="large_objects"),
    m("md5_verifier", f"UPDATE pg_catalog.pg_authid SET rolpassword = 'md5' || pg_catalog.md5('x{A}') WHERE rolname = '{A}'", f'role "{A}"', code="weak_authentication"),
    m("password_is_the_name", f"ALTER ROLE {A} PASSWORD '{A}'", f'role "{A}"', code="weak_authentication"),
    m("password_is_usual", "ALTER ROLE shop_monitor PASSWORD 'changeme'", 'role "shop_monitor"', code="weak_authentication"),
    m("owner_can_log_in", f"ALTER ROLE {B} LOGIN", f'role "{B}"', code="role_attributes"),
    m("secret_in_role_settings", f"ALTER ROLE {A} SET app.api_key = 'S3CRET'", "api_key", code="settings_of_roles_leak_secrets"),
    m("secret_in_database_settings", "ALTER DATABASE shop SET app.dsn = 'postgres://u:hunter2@h/d'", "dsn", code="settings_of_roles_leak_secrets"),
    m("ledger_asynchronous", "ALTER ROLE shop_trading_app SET synchronous_commit = off", "synchronous_commit", code="durability_claims"),
    m("ledger_asynchronous_database", "ALTER DATABASE shop SET synchronous_commit = off", "synchronous_commit", code="durability_claims"),
    m("ledger_without_fsync", "ALTER SYSTEM SET fsync = off;\nSELECT pg_reload_conf();\nSELECT pg_sleep(0.2)", "fsync", code="durability_claims"),
    m("ledger_without_full_pages", "ALTER SYSTEM SET full_page_writes = off;\nSELECT pg_reload_conf();\nSELECT pg_sleep(0.2)", "full_page_writes", code="durability_claims"),
    m("declared_read_is_missing", "REVOKE SELECT ON users.account FROM shop_trading_app", 'table "users"."account"', code="declared_reads"),
    m("declared_reference_is_missing", "REVOKE REFERENCES ON users.account FROM shop_trading_owner", 'table "users"."account"', code="declared_reads"),
    m("publication_is_missing", "REVOKE SELECT ON users.account FROM shop_analytics", 'table "users"."account"', code="declared_reads"),
    m("own_data_is_closed", f"REVOKE USAGE ON SCHEMA feed FROM {A}", 'schema "feed"', code="own_access"),
    m("own_database_is_closed", f"REVOKE CONNECT ON DATABASE shop FROM {A}", 'database "shop"', code="own_access"),
    m("read_only_login_writes", "GRANT INSERT ON feed.tick TO shop_feed_ro", 'table "feed"."tick"', code="write_tables"),
    m("read_only_login_writes_by_default", "ALTER DEFAULT PRIVILEGES FOR ROLE shop_feed_owner IN SCHEMA feed GRANT UPDATE ON TABLES TO shop_feed_ro", "feed", code="own_access"),
    m("app_truncates_its_own", f"GRANT TRUNCATE ON feed.tick TO {A}", 'table "feed"."tick"'),
    m("unlimited_connections", f"ALTER ROLE {A} CONNECTION LIMIT -1", f'role "{A}"', code="connection_exhaustion"),
    m("too_many_connections", f"ALTER ROLE {A} CONNECTION LIMIT 100000", "instance main", f"ALTER ROLE {A} CONNECTION LIMIT 20", code="connection_exhaustion"),
    m("undeclared_login", f"CREATE ROLE contractor LOGIN PASSWORD 'x';\nGRANT {B} TO contractor", 'role "contractor"', "DROP ROLE contractor", code="undeclared_logins"),
    m("undeclared_login_connects", "CREATE ROLE contractor LOGIN PASSWORD 'x';\nGRANT CONNECT ON DATABASE shop TO contractor", 'role "contractor"', "DROP ROLE contractor", code="undeclared_logins"),
    m("search_path_of_others", f"ALTER ROLE {A} IN DATABASE shop SET search_path = public, feed, pg_temp", f'search_path of role "{A}"', code="search_path"),
    m("control_schema_is_open", "GRANT USAGE ON SCHEMA freehold TO PUBLIC;\nGRANT SELECT ON freehold.migration TO PUBLIC", 'schema "freehold"', code="control_schema"),
    m("row_of_an_undeclared_schema", "CREATE SCHEMA legacy;\nCREATE TABLE legacy.t (a int);\nGRANT USAGE ON SCHEMA legacy TO PUBLIC;\nGRANT SELECT ON legacy.t TO PUBLIC", 'table "legacy"."t"', "DROP SCHEMA legacy CASCADE"),
    m("migration_was_edited", "UPDATE freehold.migration SET sha256 = 'x' WHERE service = 'feed'", 'migration "001.sql"', code="migrations_current"),
)  # fmt: skip


@pytest.fixture(scope="module")
def platforms() -> Iterator[dict[int, Built]]:
    stacks = []

    class Lazy(dict[int, Built]):
        def __missing__(self, version: int) -> Built:
            manager = embedded([instance("main", version)])
            _, servers = manager.__enter__()
            stacks.append(manager)
            self[version] = build(servers, small(Layout.SCHEMA_PER_SERVICE, Server("main", ServerKind.EMBEDDED)))
            return self[version]

    yield Lazy()
    for manager in stacks:
        manager.__exit__(None, None, None)


def proved(built: Built) -> Report:
    return built.prove(
        migrations={s: tuple((f.name, f.sha256) for f in files) for s, files in built.design.migrations.items()}
    )


def explained(report: Report) -> str:
    return "\n".join(
        f"{f.code} | {f.service} | {f.object} | {f.title} | {f.detail} | {f.remedy}"
        for f in (*report.violations, *report.unknown)
    )


def repair(built: Built, report: Report) -> None:
    """Run the remedy of every violation, as a person would: at most once each, where it says."""
    done: set[tuple[str, str]] = set()
    for finding in report.violations:
        database = DATABASE
        for line in finding.remedy.splitlines():
            if line.startswith("-- in database "):
                database = line.removeprefix("-- in database ").strip('"')
            elif line.startswith("freehold apply"):
                built.apply()
            elif (database, line) not in done:
                done.add((database, line))
                built.admin(line, database)


def chosen(version: int) -> list[Mutation]:
    possible = [one for one in MUTATIONS if one.from_version <= version]
    if os.environ.get("FREEHOLD_SOAK") == "1":
        return possible
    mixed = random.Random(version).sample(possible, len(possible))
    first = {one.code: one for one in mixed}.values() if version in SAMPLE else ()
    others = [one for one in mixed if one not in first]
    return sorted([*first, *others][: SAMPLE.get(version, 4)], key=lambda one: one.name)


CASES = [(version, one) for version in VERSIONS for one in chosen(version)]


@pytest.mark.parametrize(("version", "mutation"), CASES, ids=[f"pg{v}-{one.name}" for v, one in CASES])
def test_one_opening_turns_the_proof_red_and_its_remedy_green(
    platforms: dict[int, Built], version: int, mutation: Mutation
) -> None:
    built = platforms[version]
    built.admin(mutation.opens, DATABASE)
    try:
        report = proved(built)
        assert not report.passed, "the proof did not see it"
        assert report.violations, explained(report)
        assert mutation.named in explained(report), explained(report)
        assert not mutation.code or mutation.code in {f.code for f in report.violations}, explained(report)
        assert not report.unknown, explained(report)
        if mutation.name == "migration_was_edited":
            sha = built.design.migrations["feed"][0].sha256
            built.admin(f"UPDATE freehold.migration SET sha256 = '{sha}' WHERE service = 'feed'", DATABASE)
        elif mutation.name == "too_many_connections":
            built.admin(mutation.tidies, DATABASE)
        else:
            repair(built, report)
        again = proved(built)
        assert again.passed, explained(again)
    except BaseException:
        platforms.pop(version, None)
        raise
    finally:
        if mutation.tidies:
            built.admin(mutation.tidies, DATABASE)


def test_the_clean_platform_is_green_before_anything_is_opened(platforms: dict[int, Built]) -> None:
    report = proved(platforms[18])
    assert report.passed, explained(report)
    assert report.attempts > 1000
