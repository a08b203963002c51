"""What crosses into another service is seen in SQL, and what is declared is told apart."""

from __future__ import annotations

from spec_support import platform_of

from freehold.spec.crossings import crossings, undeclared_crossings

PLATFORM = platform_of(
    "platform: p\nservices:\n"
    "  orders: {schemas: [orders], reads: [users.account], "
    "references: [{from: 'orders.o(a)', to: 'geo.country(id)'}]}\n"
    '  users: {schemas: [users, "we.ird"]}\n  geo:\n'
)
ORDERS = PLATFORM.service("orders")


def seen(sql: str) -> list[tuple[int, str, str]]:
    return [(c.line, c.schema, c.name) for c in undeclared_crossings(ORDERS, sql, PLATFORM)]


def test_a_declared_read_and_a_declared_reference_are_silent() -> None:
    sql = "SELECT 1 FROM users.account;\nALTER TABLE orders.o ADD FOREIGN KEY (a) REFERENCES geo.country (id);\n"

    assert seen(sql) == []
    assert len(crossings(ORDERS, sql, PLATFORM)) == 2


def test_an_undeclared_table_is_seen_at_its_line() -> None:
    assert seen("SELECT 1;\nCREATE VIEW orders.v AS\n  SELECT *\n  FROM users.secret;\n") == [(4, "users", "secret")]


def test_functions_types_drops_and_schemas_are_seen() -> None:
    sql = 'SELECT users.f(1);\nDROP TABLE "we.ird".t;\nSELECT 1::users.kind;\nCREATE SCHEMA geo;\n'

    assert seen(sql) == [(1, "users", "f"), (2, "we.ird", "t"), (3, "users", "kind")]
    assert (4, "geo", "") in [(c.line, c.schema, c.name) for c in crossings(ORDERS, sql, PLATFORM)]


def test_own_and_system_schemas_are_silent() -> None:
    assert seen("SELECT * FROM orders.o, pg_catalog.pg_class, information_schema.tables") == []


def test_sql_that_does_not_parse_is_searched_as_text() -> None:
    sql = "\\set x 1\n-- users.comment\nSELECT * FROM users.secret;\n"

    (found,) = undeclared_crossings(ORDERS, sql, PLATFORM)

    assert (found.line, found.name, found.certain) == (3, "secret", False)


def test_a_function_body_in_sql_is_looked_into() -> None:
    sql = "CREATE FUNCTION orders.f() RETURNS int LANGUAGE sql AS $$ SELECT id FROM users.secret $$;"

    assert seen(sql) == [(1, "users", "secret")]


def test_a_function_body_in_plpgsql_and_a_do_block_are_looked_into() -> None:
    body = "$$\nBEGIN\n  DELETE FROM users.secret;\nEND $$"

    assert seen(f"CREATE FUNCTION orders.f() RETURNS void LANGUAGE plpgsql AS {body};") == [(3, "users", "secret")]
    assert seen(f"DO {body};") == [(3, "users", "secret")]


def test_grants_and_triggers_are_seen() -> None:
    sql = (
        "GRANT SELECT ON users.secret TO somebody;\n"
        "CREATE TRIGGER t BEFORE INSERT ON orders.o EXECUTE FUNCTION users.f();\n"
    )

    assert seen(sql) == [(1, "users", "secret"), (2, "users", "f")]
