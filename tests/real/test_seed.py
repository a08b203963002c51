"""Filling real tables: valid, the same every time, resumable, and refused with the line of the recipe."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from freehold.errors import FreeholdError, RecipeRefused
from freehold.ports import Servers
from freehold.seed.plan import Does
from freehold.spec.model import Layout, Migrations, Reference, Service, TableName
from support.filling import Field

USERS = """
create type users.level as enum ('basic', 'gold', 'platinum');
create domain users.percent as numeric(5, 2) not null check (value between 0 and 100);
create table users.account (
    id bigint generated always as identity primary key, email text not null unique, level users.level not null,
    discount users.percent, tags text[] not null default '{}', seen inet, note text, meta jsonb not null,
    born_on date, active boolean not null default true, created_at timestamptz not null default now(),
    words tsvector generated always as (to_tsvector('simple', coalesce(note, ''))) stored,
    boss bigint references users.account
);
create table users.setting (
    account_id bigint not null references users.account,
    name text not null check (name in ('theme', 'language', 'zone')),
    value text not null, primary key (account_id, name)
);
create table users.profile (
    account_id bigint primary key references users.account, token bytea not null unique, serial_number serial,
    opened_at timestamptz not null, closed_at timestamptz, check (closed_at > opened_at)
);
"""
ORDERS = """
create table orders.purchase (
    id uuid primary key default gen_random_uuid(), account_id bigint not null,
    total numeric(12, 2) not null check (total > 0), placed_at timestamptz not null
);
create table orders.line (
    purchase_id uuid not null references orders.purchase, number int not null check (number > 0),
    quantity smallint not null check (quantity between 1 and 9), primary key (purchase_id, number)
);
create table orders.tick (at timestamptz not null, price numeric(12, 4) not null) partition by range (at);
create table orders.tick_1 partition of orders.tick for values from ('2025-03-01') to ('2025-03-10');
create table orders.tick_2 partition of orders.tick for values from ('2025-03-10') to ('2025-04-01');
"""
ACROSS = Reference(TableName("orders", "purchase"), ("account_id",), TableName("users", "account"), ("id",))
SERVICES = (Service("orders", ("orders",), migrations=Migrations(folder="orders"), references=(ACROSS,)),)
RECIPE = """
tables:
  orders.line:
    rows: {per: orders.purchase}
    columns:
      purchase_id: {foreign: {to: orders.purchase(id), fan: 1..5}}
      number: {position: purchase_id}
"""


@pytest.fixture
def shop(servers: Servers, tmp_path: Path) -> Field:
    return Field(servers, tmp_path, {"users": USERS, "orders": ORDERS}, services=SERVICES)


def content(field: Field) -> dict[str, str]:
    """A digest of every table, in the order of its rows' text."""
    found: dict[str, str] = {}
    for service, tables in (("users", ("account", "setting", "profile")), ("orders", ("purchase", "line", "tick"))):
        for table in tables:
            rows = field.ask(service, f"select t::text from {service}.{table} as t order by 1")
            text = "\n".join(str(row[0]) for row in rows)
            found[f"{service}.{table}"] = f"{len(rows)} {hashlib.sha256(text.encode()).hexdigest()}"
    return found


def count(field: Field, table: str) -> int:
    return int(str(field.ask(table.split(".")[0], f"select count(*) from {table}")[0][0]))


def test_tables_without_any_recipe_are_filled_validly(shop: Field) -> None:
    planned = shop.seed(rows=1200)
    assert {task.does for task in planned.tasks.values()} == {Does.FILL}
    assert [count(shop, name) for name in ("users.account", "users.setting", "orders.purchase")] == [200, 200, 200]
    levels = shop.ask("users", "select distinct level::text from users.account order by 1")
    assert levels == [("basic",), ("gold",), ("platinum",)]
    assert shop.ask("users", "select count(*) from users.account where boss > id") == [(0,)]
    orphans = "select count(*) from orders.purchase where account_id not between 1 and 200"
    assert shop.ask("orders", orphans) == [(0,)]
    assert shop.ask("orders", "select min(at) >= '2025-03-01', max(at) < '2025-04-01' from orders.tick") == [
        (True, True)
    ]
    assert shop.ask("users", "select count(*) > 0 from users.account where words @@ to_tsquery('simple', 'the')") == [
        (True,)
    ]


def test_the_sequences_of_the_server_go_on_behind_the_rows(shop: Field) -> None:
    shop.seed(rows=600)
    columns = "email, level, discount, meta"
    added = shop.ask("users", f"insert into users.account ({columns}) values ('n', 'gold', 1, '{{}}') returning id")
    assert added == [(101,)]
    assert shop.ask("users", "select nextval('users.profile_serial_number_seq')") == [(101,)]


def test_the_same_seed_gives_the_same_rows_in_every_layout_with_any_number_of_workers(
    servers: Servers, tmp_path: Path, server: object
) -> None:
    from support.clusters import clean

    seen: list[dict[str, str]] = []
    for number, (layout, workers) in enumerate(
        ((Layout.DATABASE_PER_SERVICE, 1), (Layout.SCHEMA_PER_SERVICE, 4), (Layout.CENTRAL, 2))
    ):
        clean(servers.addresses()["main"])
        (tmp_path / str(number)).mkdir()
        field = Field(servers, tmp_path / str(number), {"users": USERS, "orders": ORDERS}, layout, SERVICES)
        field.seed(RECIPE, 2000, workers=workers, processes=number)
        seen.append(content(field))
    assert seen[0] == seen[1] == seen[2]
    field.seed(RECIPE, 2000, seed=2, replace=True)
    other = content(field)
    assert all(other[name] != seen[0][name] for name in other)


def test_a_second_run_has_nothing_to_do_and_append_goes_on(shop: Field) -> None:
    shop.seed(RECIPE, 1000)
    before = content(shop)
    planned = shop.seed(RECIPE, 1000)
    assert {task.does for task in planned.tasks.values()} == {Does.DONE}
    assert content(shop) == before
    accounts = count(shop, "users.account")
    shop.seed(RECIPE, 1000, append=True)
    assert count(shop, "users.account") == 2 * accounts
    referred = shop.ask("orders", f"select max(account_id) > {accounts} from orders.purchase")
    assert referred == [(True,)]


def test_rows_of_others_are_not_touched_without_a_word(shop: Field) -> None:
    shop.ask("orders", "insert into orders.purchase (account_id, total, placed_at) values (1, 1, now()) returning 1")
    planned = shop.seed(rows=500)
    assert planned.tasks[TableName("orders", "purchase")].does is Does.KEEP
    assert count(shop, "orders.purchase") == 1
    assert shop.ask("orders", "select count(distinct purchase_id) from orders.line") == [(1,)]
    named = "tables: {orders.purchase: {rows: 1}}"
    with pytest.raises(FreeholdError, match=r'table "orders"."purchase" has rows already') as caught:
        shop.seed(named, 500, seed=1, only=["orders.purchase"])
    assert "--append" in caught.value.hint
    shop.seed(named, 50, only=["orders.purchase"], append=True)
    assert count(shop, "orders.purchase") > 1


def test_another_seed_or_another_recipe_is_refused(shop: Field) -> None:
    shop.seed(RECIPE, 600)
    with pytest.raises(FreeholdError, match="was filled from seed 1"):
        shop.seed(RECIPE, 600, seed=2)
    with pytest.raises(FreeholdError, match="was filled from another recipe"):
        shop.seed(RECIPE + "  orders.tick: {columns: {price: {money: 3}}}\n", 600)
    with pytest.raises(FreeholdError, match="now should get"):
        shop.seed(RECIPE, 700)


@pytest.mark.parametrize(
    ("recipe", "line", "says"),
    [
        ("total: {constant: -1}", 5, 'row 1 of table "orders"."purchase", column "total"'),
        ("id: {constant: 00000000-0000-0000-0000-000000000000}", 5, 'row 2 of table "orders"."purchase", column "id"'),
        ("total: nothing", 5, 'row 1 of table "orders"."purchase", column "total"'),
        ("placed_at: {text: 2}", 5, 'column "placed_at"'),
    ],
)
def test_a_refused_row_is_an_error_at_the_line_of_the_recipe(shop: Field, recipe: str, line: int, says: str) -> None:
    text = f"tables:\n  orders.purchase:\n    rows: 1\n    columns:\n      {recipe}\n"
    with pytest.raises(RecipeRefused) as caught:
        shop.seed(text, 600)
    complaint = caught.value.complaints[0]
    assert (complaint.file, complaint.line) == ("seed.yaml", line)
    assert says in complaint.message
    assert count(shop, "orders.purchase") == 0


def test_a_foreign_key_that_is_not_there_is_blamed_on_its_row(shop: Field) -> None:
    text = """tables:
  orders.line:
    columns:
      purchase_id: {choice: {0804ee28-00a1-4f41-9789-9c95a086a6ff: 1}}
      number: sequence
"""
    with pytest.raises(RecipeRefused, match="in the recipe") as caught:
        shop.seed(text, 600)
    assert caught.value.complaints[0].line == 4
    assert 'row 1 of table "orders"."line", column "purchase_id"' in caught.value.complaints[0].message


def test_a_dry_run_changes_nothing_and_says_what_would_be_loaded(shop: Field) -> None:
    planned = shop.seed(RECIPE, 3000, dry=True)
    assert planned.rows == pytest.approx(3000, rel=0.01)
    assert count(shop, "users.account") == 0
    assert shop.ask("users", "select to_regclass('freehold.seed') is null") == [(True,)]
    shop.seed(RECIPE, 3000)
    size = sum(planned.row_bytes[name] * task.rows for name, task in planned.tasks.items())
    assert 100_000 < size < 1_000_000


def test_no_login_is_left_behind(shop: Field) -> None:
    shop.seed(RECIPE, 300)
    with pytest.raises(RecipeRefused):
        shop.seed("tables: {orders.purchase: {columns: {total: {constant: 0}}}}", 300, seed=5, replace=True)
    assert shop.ask("users", "select rolname from pg_roles where rolname like '%deploy'") == []


GUARDED = """
create table users.secret (
    id bigint generated always as identity primary key, owner text not null, amount int not null check (amount < 1000)
);
alter table users.secret enable row level security, force row level security;
create policy mine on users.secret using (owner = current_setting('app.me', true));
"""
FORCED = "select relrowsecurity, relforcerowsecurity from pg_class where oid = 'users.secret'::regclass"


def test_a_table_that_forces_policies_on_its_owner_is_filled_and_still_forces_them(
    servers: Servers, tmp_path: Path
) -> None:
    field = Field(servers, tmp_path, {"users": GUARDED})
    refused = "tables:\n  users.secret:\n    columns: {amount: {uniform: {from: 990, to: 1010}}}\n"
    with pytest.raises(RecipeRefused):
        field.seed(refused, rows=1000)
    assert field.ask("users", FORCED) == [(True, True)]
    field.seed(
        "tables:\n  users.secret:\n    columns: {amount: {uniform: {from: 1, to: 9}}}\n", rows=1000, replace=True
    )
    assert count(field, "users.secret") == 1000
    assert field.ask("users", FORCED) == [(True, True)]
