"""Filling real tables: valid, the same every time, resumable, and refused with the line of the recipe."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from freehold.apply.run.locks import held
from freehold.cli import seeding
from freehold.errors import Busy, FreeholdError, RecipeRefused
from freehold.ports import Address, Servers
from freehold.seed.plan import Does
from freehold.spec.model import Layout, Migrations, Reference, Service, TableName
from freehold.sqltext import raw
from support.clusters import clean
from support.filling import Field
from support.fixtures import Clusters

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


@pytest.fixture
def servers18(server18: Address, clusters: Clusters) -> Servers:
    """For what does not depend on the server's version."""
    return clusters(18)[1]


@pytest.fixture
def shop18(servers18: Servers, tmp_path: Path) -> Field:
    return Field(servers18, tmp_path, {"users": USERS, "orders": ORDERS}, services=SERVICES)


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
    servers18: Servers, tmp_path: Path
) -> None:
    seen: list[dict[str, str]] = []
    for number, (layout, workers) in enumerate(
        ((Layout.DATABASE_PER_SERVICE, 1), (Layout.SCHEMA_PER_SERVICE, 4), (Layout.CENTRAL, 2))
    ):
        clean(servers18.addresses()["main"])
        (tmp_path / str(number)).mkdir()
        field = Field(servers18, tmp_path / str(number), {"users": USERS, "orders": ORDERS}, layout, SERVICES)
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


@pytest.mark.parametrize("more", [77, 1000, 4321])
def test_rows_that_are_counted_from_those_of_another_table_are_after_an_append_too(shop18: Field, more: int) -> None:
    shop18.seed(RECIPE, 700)
    before = shop18.ask("orders", "select * from orders.line order by 1, 2")
    shop18.seed(RECIPE, more, append=True)
    whole = shop18.ask("orders", "select count(*)::int from orders.line")
    alone = shop18.ask("orders", "select count(*)::int from orders.purchase p where not exists (select from orders.line"
                       " where purchase_id = p.id)")  # fmt: skip
    assert alone == [(0,)]
    after = shop18.ask("orders", "select * from orders.line order by 1, 2")
    assert set(before) < set(after)
    again = shop18.seed(RECIPE, more, append=True)
    assert again.tasks[TableName("orders", "line")].start == whole[0][0]


LOOKED_UP = """
tables:
  orders.purchase: {columns: {account_id: {foreign: {to: users.account(id)%s}}}}
  orders.line:
    rows: {per: orders.purchase, times: 0.5}
    columns:
      purchase_id: {foreign: {to: orders.purchase(id), once: true}}
      number: {constant: 1}
      quantity: {expression: "1 + purchase_id.account_id - 9 * floor(purchase_id.account_id / 9)"}
"""


@pytest.mark.parametrize("how", ["", ", exponent: 0.7", ", at: '3 * row'"])
def test_rows_that_are_there_are_known_as_they_are_after_appends(shop18: Field, how: str) -> None:
    shop18.seed(LOOKED_UP % how, 400)
    for more in (150, 500, 1100):
        shop18.seed(LOOKED_UP % how, more, append=True)
    both = "orders.line l join orders.purchase p on p.id = l.purchase_id"
    wrong = shop18.ask("orders", f"select count(*)::int from {both} where l.quantity <> 1 + mod(p.account_id, 9)")
    assert wrong == [(0,)]
    assert shop18.ask("orders", "select count(*) > 100 from orders.line") == [(True,)]


def test_a_table_of_a_fixed_number_of_rows_has_them_after_an_append_too(shop18: Field) -> None:
    recipe = RECIPE + "  orders.tick: {rows: {exactly: 5}}\n"
    shop18.seed(recipe, 300)
    lines = count(shop18, "orders.line")
    planned = shop18.seed(recipe, 300, append=True)
    assert planned.tasks[TableName("orders", "tick")].does is Does.DONE
    assert count(shop18, "orders.tick") == 5
    assert count(shop18, "orders.line") > lines


def test_rows_of_others_are_not_touched_without_a_word(shop18: Field) -> None:
    shop18.ask("orders", "insert into orders.purchase (account_id, total, placed_at) values (1, 1, now()) returning 1")
    planned = shop18.seed(rows=500)
    assert planned.tasks[TableName("orders", "purchase")].does is Does.KEEP
    assert count(shop18, "orders.purchase") == 1
    assert shop18.ask("orders", "select count(distinct purchase_id) from orders.line") == [(1,)]
    named = "tables: {orders.purchase: {rows: 1}}"
    with pytest.raises(FreeholdError, match=r'table "orders"."purchase" has rows already') as caught:
        shop18.seed(named, 500, seed=1, only=["orders.purchase"])
    assert "--append" in caught.value.hint
    shop18.seed(named, 50, only=["orders.purchase"], append=True)
    assert count(shop18, "orders.purchase") > 1


def test_another_seed_or_another_recipe_is_refused(shop18: Field) -> None:
    shop18.seed(RECIPE, 600)
    with pytest.raises(FreeholdError, match="was filled from seed 1"):
        shop18.seed(RECIPE, 600, seed=2)
    with pytest.raises(FreeholdError, match="was filled from another recipe"):
        shop18.seed(RECIPE + "  orders.tick: {columns: {price: {money: 3}}}\n", 600)
    with pytest.raises(FreeholdError, match="now should get"):
        shop18.seed(RECIPE, 700)


def test_a_refused_row_is_an_error_at_the_line_of_the_recipe(shop: Field) -> None:
    cases = {
        "total: {constant: -1}": 'row 1 of table "orders"."purchase", column "total"',
        "id: {constant: 00000000-0000-0000-0000-000000000000}": 'row 2 of table "orders"."purchase", column "id"',
        "total: nothing": 'row 1 of table "orders"."purchase", column "total"',
        "placed_at: {text: 2}": 'row 1 of table "orders"."purchase", column "placed_at"',
        "account_id: {constant: 99999999999999999999}": 'row 1 of table "orders"."purchase", column "account_id"',
    }
    for recipe, says in cases.items():
        text = f"tables:\n  orders.purchase:\n    rows: 1\n    columns:\n      {recipe}\n"
        with pytest.raises(RecipeRefused) as caught:
            shop.seed(text, 600, only=["orders.purchase"])
        complaint = caught.value.complaints[0]
        assert (complaint.file, complaint.line) == ("seed.yaml", 5), recipe
        assert says in complaint.message
        assert count(shop, "orders.purchase") == 0


def test_a_foreign_key_that_is_not_there_is_blamed_on_its_row(shop18: Field) -> None:
    text = """tables:
  orders.line:
    columns:
      purchase_id: {choice: {0804ee28-00a1-4f41-9789-9c95a086a6ff: 1}}
      number: sequence
"""
    with pytest.raises(RecipeRefused, match="in the recipe") as caught:
        shop18.seed(text, 600)
    assert caught.value.complaints[0].line == 4
    assert 'row 1 of table "orders"."line", column "purchase_id"' in caught.value.complaints[0].message


def test_a_dry_run_changes_nothing_and_says_what_would_be_loaded(shop18: Field) -> None:
    planned = shop18.seed(RECIPE, 3000, dry=True)
    assert planned.rows == pytest.approx(3000, rel=0.01)
    assert count(shop18, "users.account") == 0
    assert shop18.ask("users", "select to_regclass('freehold.seed') is null") == [(True,)]
    shop18.seed(RECIPE, 3000)
    size = sum(planned.row_bytes[name] * task.rows for name, task in planned.tasks.items())
    assert 100_000 < size < 1_000_000


def test_no_login_is_left_behind(shop18: Field) -> None:
    shop18.seed(RECIPE, 300)
    with pytest.raises(RecipeRefused):
        shop18.seed("tables: {orders.purchase: {columns: {total: {constant: 0}}}}", 300, seed=5, replace=True)
    assert shop18.ask("users", "select rolname from pg_roles where rolname like '%deploy'") == []


def test_hostile_names_are_ordinary_input(servers: Servers, tmp_path: Path) -> None:
    names = ['we"ird', "line\nbreak", "é" * 31, "100%", "<img src=x>", "a.b", "it's\\"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    schema = Service("odd", ('od"d.s',), migrations=Migrations(folder="odd"))
    columns = ", ".join(f"{name} text not null" for name in quoted[1:])
    broken, dotted = quoted[1], quoted[5]
    text = (
        f"create table {quoted[0]} (id bigint generated always as identity primary key, {columns});"
        f"create table child ({broken} bigint not null references {quoted[0]},"
        f" {dotted} text check ({dotted} in ('x', 'y\"')));"
    )
    field = Field(servers, tmp_path, {"odd": text}, services=(schema,))
    recipe = """
tables:
  '"od""d.s"."we""ird"':
    rows: 2
    columns:
      "line\\nbreak": {expression: "column('100%') + '<img>'"}
      "100%": {template: "{row}%s\\t\\\\"}
"""
    field.seed(recipe, 300)
    assert field.ask("odd", 'select count(*) from "od""d.s"."we""ird"') == [(200,)]
    first = field.ask("odd", 'select "line\nbreak", "100%%" from "od""d.s"."we""ird" where id = 7'.replace("%%", "%"))
    assert first == [("7%s\t\\<img>", "7%s\t\\")]
    values = 'select count(distinct "a.b") from "od""d.s".child where "a.b" is not null'
    assert field.ask("odd", values) == [(2,)]
    with pytest.raises(RecipeRefused) as caught:
        field.seed(recipe.replace("{row}%s", "{rwo}%s"), 300, seed=2, replace=True)
    assert caught.value.complaints[0].line == 7
    field.seed(recipe, 300, seed=2, replace=True, only=['"od""d.s".child', '"od""d.s"."we""ird"'])
    assert field.ask("odd", 'select count(*) from "od""d.s"."we""ird"') == [(200,)]


def test_triggers_fire_and_have_no_more_rights_than_the_owner(servers: Servers, tmp_path: Path) -> None:
    text = """
create table guard.entry (id int primary key, amount int not null);
create table guard.seen (who text, session text, super text);
create function guard.spy() returns trigger language plpgsql as $$
begin
    reset role;
    insert into guard.seen values (current_user, session_user, current_setting('is_superuser'));
    return new;
end $$;
create trigger spy before insert on guard.entry for each row execute function guard.spy();
"""
    field = Field(servers, tmp_path, {"guard": text})
    field.seed("tables: {guard.seen: keep}", 5)
    assert field.ask("guard", "select distinct * from guard.seen") == [("shop_guard_owner", "shop_guard_deploy", "off")]
    assert field.ask("guard", "select count(*) from guard.seen") == [(5,)]


def test_tables_whose_triggers_meet_in_a_deadlock_are_filled_all_the_same(servers: Servers, tmp_path: Path) -> None:
    text = """
create table meet.counter (id int primary key, n int not null);
insert into meet.counter values (1, 0), (2, 0);
create function meet.tally() returns trigger language plpgsql as $$
begin
    update meet.counter set n = n + 1 where id = tg_argv[0]::int;
    perform pg_sleep(0.2);
    update meet.counter set n = n + 1 where id = tg_argv[1]::int;
    return new;
end $$;
create table meet.one (id int primary key);
create table meet.two (id int primary key);
create trigger tally before insert on meet.one for each row execute function meet.tally(1, 2);
create trigger tally before insert on meet.two for each row execute function meet.tally(2, 1);
"""
    field = Field(servers, tmp_path, {"meet": text})
    field.seed("tables: {meet.counter: keep}", 3)
    (ones,), (twos,) = (field.ask("meet", f"select count(*)::int from meet.{name}")[0] for name in ("one", "two"))
    assert isinstance(ones, int)
    assert isinstance(twos, int)
    assert min(ones, twos) > 0
    assert field.ask("meet", "select n from meet.counter") == [(ones + twos,)] * 2
    admin = servers.admin("main", "postgres")
    deadline = time.monotonic() + 30
    while not admin.query(raw("SELECT 1 FROM pg_stat_database WHERE deadlocks > 0")):
        assert time.monotonic() < deadline, "they did not meet"
        time.sleep(0.1)
    admin.close()


def test_a_deferred_constraint_refuses_its_batch_as_a_whole(servers18: Servers, tmp_path: Path) -> None:
    text = """
create table book.entry (
    id bigint generated always as identity primary key, transfer int not null, amount int not null
);
create function book.even() returns trigger language plpgsql as $$
begin
    if (select sum(amount) from book.entry where transfer = new.transfer) <> 0 then
        raise exception 'transfer % does not sum to zero', new.transfer using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger even after insert on book.entry deferrable initially deferred
    for each row execute function book.even();
"""
    field = Field(servers18, tmp_path, {"book": text})
    right = """
tables:
  book.entry:
    columns:
      transfer: {expression: "(row + 1) // 2"}
      amount: {expression: "7 if row % 2 == 1 else -7"}
"""
    with pytest.raises(RecipeRefused, match="in the recipe") as caught:
        field.seed(right.replace("else -7", "else -6"), 100)
    assert "transfer 1 does not sum to zero" in caught.value.complaints[0].message
    assert field.ask("book", "select count(*) from book.entry") == [(0,)]
    field.seed(right, 100)
    assert field.ask("book", "select count(*), sum(amount) from book.entry") == [(100, 0)]


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


def test_tables_in_a_circle_are_filled_where_null_is_allowed_and_refused_where_not(
    servers18: Servers, tmp_path: Path
) -> None:
    text = """
create table ring.a (id int primary key, b int);
create table ring.b (id int primary key, a int not null references ring.a);
alter table ring.a add foreign key (b) references ring.b;
"""
    field = Field(servers18, tmp_path, {"ring": text})
    field.seed("", 20)
    assert field.ask("ring", "select count(b), count(*) from ring.a") == [(0, 10)]
    wrong = "tables: {ring.a: {columns: {b: {foreign: ring.b(id)}}}}"
    with pytest.raises(FreeholdError, match=r'in a circle: "ring"."a", "ring"."b"'):
        field.seed(wrong, 20, seed=2, replace=True)


def test_only_some_services_or_tables_are_filled(shop18: Field) -> None:
    shop18.seed(RECIPE, 600, services=["users"])
    assert count(shop18, "users.account") > 0
    assert count(shop18, "orders.purchase") == 0
    with pytest.raises(FreeholdError, match="which has no rows yet"):
        shop18.seed(RECIPE, 600, only=["orders.line"])
    shop18.seed(RECIPE, 600, only=["orders.purchase", "orders.line"])
    assert shop18.ask("orders", "select count(*) > 0 from orders.line") == [(True,)]
    with pytest.raises(FreeholdError, match=r'no table "orders"."lien"') as caught:
        shop18.seed(RECIPE, 600, only=["orders.lien"])
    assert "orders.line" in caught.value.hint


def test_tables_that_are_kept_give_their_keys(shop: Field) -> None:
    shop.ask(
        "users",
        "insert into users.account (email, level, discount, meta)"
        " select 'e' || n, 'gold', 1, '{}' from generate_series(1, 3) n returning 1",
    )
    planned = shop.seed("tables: {users.account: keep}", 300)
    assert planned.tasks[TableName("users", "account")].does is Does.KEEP
    assert shop.ask("users", "select count(*) from users.account") == [(3,)]
    assert shop.ask("users", "select count(distinct account_id) from users.profile") == [(3,)]
    assert shop.ask("orders", "select array_agg(distinct account_id order by account_id) from orders.purchase") == [
        ([1, 2, 3],)
    ]


def test_another_run_is_told_that_one_is_at_work(shop18: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "WAIT_MS", 200.0)
    busy = shop18.lending(shop18.servers)
    with held(busy, ("main",), 1000), pytest.raises(Busy):
        shop18.seed(RECIPE, 300)
    assert count(shop18, "users.account") == 0


@pytest.mark.parametrize("rows", [100_000, *([3_000_000] if os.environ.get("FREEHOLD_SOAK") == "1" else [])])
def test_many_rows_are_valid_and_quick(shop18: Field, rows: int) -> None:
    recipe = RECIPE + "others: 1\n"
    planned = shop18.seed(recipe, rows)
    assert planned.rows == pytest.approx(rows, rel=0.01)
    assert count(shop18, "orders.line") == planned.tasks[TableName("orders", "line")].rows
    orphans = (
        "select count(*) from orders.line as l where not exists (select from orders.purchase where id = l.purchase_id)"
    )
    assert shop18.ask("orders", orphans) == [(0,)]
    assert {task.does for task in shop18.seed(recipe, rows).tasks.values()} == {Does.DONE}
