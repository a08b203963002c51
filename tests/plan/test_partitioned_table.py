"""A table that a migration made in the ordinary way becomes a partitioned one, and nothing it had is lost."""

from __future__ import annotations

import pytest

from freehold.errors import ServerError
from freehold.plan.make import make
from freehold.plan.model import Design, MigrationFile
from freehold.plan.steps.partitioned_table import PartitionedTable
from freehold.ports import Address, Servers, Session
from freehold.spans import Span
from freehold.spec.model import Layout, Migrations, Service, TableName
from freehold.spec.series import Space, TimeSeries
from freehold.sqltext import ident, keyword, literal, raw, sql
from support.fixtures import Clusters
from support.plans import HOSTILE, design, platform, read, run

pytestmark = pytest.mark.real

DAY = Span(seconds=86_400)
TICK = TableName("market", "tick")

RICH = """
CREATE TABLE symbol (id int PRIMARY KEY);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE tick (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100),
    number serial,
    time timestamptz NOT NULL DEFAULT now(),
    symbol int NOT NULL REFERENCES symbol,
    price numeric(12, 4) CONSTRAINT positive CHECK (price > 0),
    double numeric GENERATED ALWAYS AS (price * 2) STORED,
    note text COLLATE "C" DEFAULT 'it''s',
    CONSTRAINT tick_key PRIMARY KEY (id, time),
    CONSTRAINT once UNIQUE (symbol, time) INCLUDE (price)
) WITH (fillfactor = 80);
CREATE TABLE fill (id bigint, tick bigint, at timestamptz,
    CONSTRAINT of_tick FOREIGN KEY (tick, at) REFERENCES tick (id, time));
CREATE INDEX recent ON tick USING brin (time);
CREATE INDEX cheap ON tick (symbol, lower(note)) WHERE price < 1;
CREATE STATISTICS together ON symbol, note FROM tick;
CREATE TRIGGER touch BEFORE UPDATE ON tick FOR EACH ROW EXECUTE FUNCTION touched();
CREATE TRIGGER asleep AFTER INSERT ON tick FOR EACH STATEMENT EXECUTE FUNCTION touched();
ALTER TABLE tick DISABLE TRIGGER asleep;
ALTER TABLE tick ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON tick FOR SELECT USING (true);
CREATE POLICY careful ON tick AS RESTRICTIVE FOR INSERT WITH CHECK (price < 1e6);
ALTER TABLE tick ALTER COLUMN note SET STATISTICS 7;
ALTER TABLE tick ALTER COLUMN note SET STORAGE EXTERNAL;
GRANT UPDATE (note) ON tick TO PUBLIC;
COMMENT ON TABLE tick IS 'prices as they came';
COMMENT ON COLUMN tick.price IS 'in euro';
COMMENT ON INDEX recent IS 'narrow';
COMMENT ON CONSTRAINT once ON tick IS 'no doubles';
COMMENT ON TRIGGER touch ON tick IS 'touches';
COMMENT ON POLICY careful ON tick IS 'sane';
CREATE VIEW last_tick WITH (security_barrier = true) AS SELECT symbol, max(time) AS time FROM tick GROUP BY symbol;
CREATE VIEW older AS SELECT * FROM last_tick;
COMMENT ON VIEW last_tick IS 'the last';
CREATE FUNCTION ticks() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM tick; END;
"""

# what a client, a tool or a person can see of a table, as text, without anything that says how it is stored
TRAITS = """
SELECT concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    a.attgenerated, a.attstorage, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum),
    nullif(a.attstattarget, -1), a.attacl, a.attcollation)
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = 'market.tick'::regclass AND a.attnum > 0
UNION ALL SELECT concat_ws(' ', 'constraint', conname, pg_get_constraintdef(oid), obj_description(oid))
  FROM pg_constraint WHERE conrelid = 'market.tick'::regclass AND contype <> 'n'
UNION ALL SELECT concat_ws(' ', 'referred', conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE confrelid = 'market.tick'::regclass AND conparentid = 0
UNION ALL SELECT concat_ws(' ', 'index', replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '),
    obj_description(indexrelid)) FROM pg_index WHERE indrelid = 'market.tick'::regclass
UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(oid), tgenabled, obj_description(oid))
  FROM pg_trigger WHERE tgrelid = 'market.tick'::regclass AND NOT tgisinternal
UNION ALL SELECT concat_ws(' ', 'policy', polname, polcmd, polpermissive, polroles::text, obj_description(oid),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy WHERE polrelid = 'market.tick'::regclass
UNION ALL SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(oid)) FROM pg_statistic_ext
  WHERE stxrelid = 'market.tick'::regclass
UNION ALL SELECT concat_ws(' ', 'table', pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity, relreplident,
    obj_description(oid), (SELECT string_agg(e::text, ' ' ORDER BY e::text)
       FROM aclexplode(coalesce(relacl, acldefault('r', relowner))) e))
  FROM pg_class WHERE oid = 'market.tick'::regclass
UNION ALL SELECT concat_ws(' ', 'sequence', c.relname, d.deptype, a.attname, pg_get_userbyid(c.relowner),
    (SELECT string_agg(e::text, ' ' ORDER BY e::text) FROM aclexplode(c.relacl) e), s.seqstart, s.seqmin, s.seqcycle)
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = c.oid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refobjid = 'market.tick'::regclass
UNION ALL SELECT concat_ws(' ', 'view', c.relname, pg_get_viewdef(c.oid), c.reloptions, obj_description(c.oid),
    c.relacl, pg_get_userbyid(c.relowner))
  FROM pg_class c WHERE relkind = 'v' AND relnamespace = 'market'::regnamespace
ORDER BY 1
"""


def market(text: str, series: TimeSeries, layout: Layout = Layout.DATABASE_PER_SERVICE, **more: object) -> Design:
    file = MigrationFile("1.sql", "a" * 64, text, True)
    service = Service(
        series.table.schema,
        (series.table.schema,),
        migrations=Migrations(folder="m"),
        timeseries=(series,),
        publishes=(series.table,),
    )
    return design(platform(service, Service("other", ("other",)), layout=layout), migrations={service.name: (file,)})


def traits(session: Session) -> list[str]:
    return [str(row[0]) for row in session.query(raw(TRAITS))]


def test_an_ordinary_table_keeps_everything_it_had(servers: Servers) -> None:
    wanted = market(RICH, TimeSeries(TICK, "time", DAY))
    steps = make(wanted, read(servers, wanted)).steps
    run(servers, [step for step in steps if step.kind != "partitioned_table"])
    session = servers.admin("main", "shop_market")
    session.execute(keyword("SELECT nextval('market.tick_id_seq') FROM generate_series(1, 5)"))
    before = traits(session)
    last = session.query(keyword("SELECT last_value FROM market.tick_id_seq"))
    run(servers, [step for step in steps if step.kind == "partitioned_table"])
    assert session.query(keyword("SELECT relkind FROM pg_class WHERE oid = 'market.tick'::regclass")) == [("p",)]
    assert session.query(keyword("SELECT last_value FROM market.tick_id_seq")) == last
    assert traits(session) == before
    options = keyword("SELECT reloptions FROM pg_class WHERE oid = 'market.tick_default'::regclass")
    assert session.query(options) == [(["fillfactor=80"],)]
    after = make(wanted, read(servers, wanted))
    assert [step.say() for step in after.steps] == []
    # what was undeclared before is so now, and nothing else: the partition brought nothing new
    assert ["note" in step.say() for step in after.undeclared] == [True]
    # and it works: identity, serial, foreign keys on both sides, view, function
    session.execute(keyword("INSERT INTO market.symbol VALUES (1)"))
    session.execute(keyword("INSERT INTO market.tick (symbol, price) VALUES (1, 2)"))
    session.execute(keyword("INSERT INTO market.fill SELECT 1, id, time FROM market.tick"))
    assert session.query(keyword("SELECT market.ticks(), (SELECT count(*) FROM market.older)")) == [(1, 1)]
    with pytest.raises(ServerError, match="foreign key"):
        session.execute(keyword("DELETE FROM market.tick"))


PLAIN = "CREATE TABLE tick (time timestamptz NOT NULL, symbol text, price numeric, PRIMARY KEY (symbol, time));"


def applied(servers: Servers, wanted: Design) -> Session:
    run(servers, make(wanted, read(servers, wanted)).steps)
    assert [step.say() for step in make(wanted, read(servers, wanted)).steps] == []
    assert [step.say() for step in make(wanted, read(servers, wanted)).undeclared] == []
    place = wanted.placements.of("market")
    return servers.admin("main", place.database)


def kinds(session: Session) -> list[tuple[object, ...]]:
    return session.query(
        keyword(
            "SELECT c.relname, c.relkind, pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c"
            " WHERE c.relnamespace = 'market'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1"
        )
    )


@pytest.mark.parametrize("layout", [one for one in Layout if one is not Layout.INSTANCE_PER_SERVICE])
def test_in_every_layout_a_fresh_apply_cuts_the_table(servers: Servers, layout: Layout) -> None:
    session = applied(servers, market(PLAIN, TimeSeries(TICK, "time", DAY), layout))
    assert kinds(session) == [("tick", "p", None), ("tick_default", "r", "DEFAULT")]


@pytest.mark.parametrize(
    ("column", "chunk", "bound"),
    [
        ("timestamptz", Span(seconds=86_400), "FROM ('2026-03-29 00:00:00+00') TO ('2026-11-01 00:00:00+00')"),
        ("timestamp", Span(seconds=604_800), "FROM ('2026-03-23 00:00:00') TO ('2026-11-02 00:00:00')"),
        ("date", Span(months=3), "FROM ('2026-01-01') TO ('2027-01-01')"),
        ("timestamptz", Span(months=12), "FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')"),
    ],
)
def test_a_table_with_rows_becomes_the_first_partition(servers: Servers, column: str, chunk: Span, bound: str) -> None:
    wanted = market(RICH.replace("time timestamptz", f"time {column}"), TimeSeries(TICK, "time", chunk))
    steps = make(wanted, read(servers, wanted)).steps
    run(servers, [step for step in steps if step.kind != "partitioned_table"])
    session = servers.admin("main", "shop_market")
    session.execute(keyword("SET TimeZone = 'UTC'; INSERT INTO market.symbol SELECT generate_series(1, 3)"))
    for moment in (
        "2026-03-29 01:30:00",
        "2026-10-31 23:59:59",
    ):
        session.execute(
            sql(
                "INSERT INTO market.tick (time, symbol, price) SELECT {}, n, n FROM generate_series(1, 3) n",
                literal(moment),
            )
        )
    session.execute(keyword("INSERT INTO market.fill SELECT 1, id, time FROM market.tick"))
    rows = session.query(keyword("SELECT * FROM market.tick ORDER BY id"))
    before = traits(session)
    run(servers, [step for step in steps if step.kind == "partitioned_table"])
    assert session.query(keyword("SELECT * FROM market.tick ORDER BY id")) == rows
    assert session.query(keyword("SELECT * FROM market.tick_before ORDER BY id")) == rows
    assert traits(session) == before
    assert ("tick_before", "r", f"FOR VALUES {bound}") in kinds(session)
    session.execute(keyword("INSERT INTO market.tick (time, symbol, price) VALUES ('2026-10-30 23:59:58', 1, 7)"))
    assert session.query(keyword("SELECT count(*) FROM market.tick_before")) == [(7,)]
    after = make(wanted, read(servers, wanted))
    assert [step.say() for step in after.steps] == []


def test_a_table_that_is_partitioned_already_gets_its_default_partition(servers: Servers) -> None:
    text = "CREATE TABLE tick (time timestamptz NOT NULL) PARTITION BY RANGE (time);"
    session = applied(servers, market(text, TimeSeries(TICK, "time", DAY)))
    assert kinds(session) == [("tick", "p", None), ("tick_default", "r", "DEFAULT")]


def test_without_default_partition_none_is_made(servers: Servers) -> None:
    session = applied(servers, market(PLAIN, TimeSeries(TICK, "time", DAY, default_partition=False)))
    assert kinds(session) == [("tick", "p", None)]


def test_hostile_names_are_ordinary(servers: Servers) -> None:
    for name in HOSTILE:
        text = sql(
            "CREATE TABLE {} (id int GENERATED ALWAYS AS IDENTITY, {} timestamptz NOT NULL, {} int CHECK ({} > 0),"
            " CONSTRAINT {} PRIMARY KEY (id, {})); CREATE INDEX {} ON {} ({}); CREATE VIEW {} AS SELECT * FROM {};"
            " COMMENT ON TABLE {} IS {}",
            *(ident(one) for one in (name, name[::-1], name + "x", name + "x", name + "k", name[::-1])),
            *(ident(one) for one in (name + "i", name, name[::-1], name + "v", name, name)), literal(name),
        ).shown()  # fmt: skip
        table = TableName(name, name)
        wanted = market(text, TimeSeries(table, name[::-1], DAY, Space("id", 2)))
        run(servers, make(wanted, read(servers, wanted)).steps)
        assert [step.say() for step in make(wanted, read(servers, wanted)).steps] == []


REFUSED = [
    (
        "id int PRIMARY KEY, time timestamptz NOT NULL",
        "",
        r'primary key tick_pkey \(id\) of .* does not contain "time"',
    ),
    ("id int UNIQUE, time timestamptz NOT NULL", "", r"unique constraint tick_id_key"),
    ("id int, time timestamptz NOT NULL", "CREATE UNIQUE INDEX u ON tick (id)", r"unique index u"),
    ("time timestamptz", "", r'column "time" of table market.tick may be NULL'),
    ("time bigint NOT NULL", "", r"is of type bigint"),
    ("at timestamptz NOT NULL", "", r'has no column "time"'),
    (
        "time timestamptz NOT NULL",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM tick",
        r"materialized view market.m depends",
    ),
    ("time timestamptz NOT NULL", "CREATE TABLE child () INHERITS (tick)", r"part of an inheritance tree"),
    ("time timestamptz NOT NULL", "CREATE RULE r AS ON DELETE TO tick DO INSTEAD NOTHING", r"it has rule r"),
    ("time timestamptz NOT NULL", "CREATE TABLE typed (a tick)", r"column a of table market.typed uses its row type"),
    (
        "time timestamptz NOT NULL",
        "CREATE FUNCTION f(tick) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        r"uses its row type",
    ),
    (
        "time timestamptz NOT NULL",
        "CREATE TABLE o (id int); CREATE POLICY p ON o USING (EXISTS (SELECT FROM tick))",
        r"policy p on table market.o depends",
    ),
]


@pytest.mark.parametrize(("columns", "more", "reason"), REFUSED, ids=[reason[-30:] for _, _, reason in REFUSED])
def test_what_cannot_be_kept_is_refused_before_anything_changes(
    server18: Address, clusters: Clusters, columns: str, more: str, reason: str
) -> None:
    servers = clusters(18)[1]
    wanted = market(f"CREATE TABLE tick ({columns}); {more}", TimeSeries(TICK, "time", DAY))
    steps = make(wanted, read(servers, wanted)).steps
    run(servers, [step for step in steps if step.kind != "partitioned_table"])
    before = read(servers, wanted)
    with pytest.raises(ServerError, match=reason) as refused:
        run(servers, [step for step in steps if step.kind == "partitioned_table"])
    assert refused.value.hint
    assert read(servers, wanted) == before


@pytest.mark.parametrize("kind", ["PRIMARY KEY", "UNIQUE"])
def test_the_remedy_for_a_key_works(servers: Servers, kind: str) -> None:
    wanted = market(f'CREATE TABLE tick ("Id" int {kind}, time timestamptz NOT NULL)', TimeSeries(TICK, "time", DAY))
    steps = make(wanted, read(servers, wanted)).steps
    run(servers, [step for step in steps if step.kind != "partitioned_table"])
    with pytest.raises(ServerError) as refused:
        run(servers, [step for step in steps if step.kind == "partitioned_table"])
    session = servers.admin("main", "shop_market")
    session.execute(raw(refused.value.hint.removeprefix("In a new migration: ")))
    run(servers, [step for step in steps if step.kind == "partitioned_table"])
    assert ("tick", "p", None) in kinds(session)


def test_a_full_table_whose_rows_a_policy_hides_is_never_taken_for_empty(servers: Servers) -> None:
    """FORCE ROW LEVEL SECURITY hides the rows from the owner, as whom a login that is no superuser acts."""
    hidden = PLAIN + (
        "INSERT INTO tick VALUES ('2026-01-01', 'A', 1); ALTER TABLE tick ENABLE ROW LEVEL SECURITY;"
        "ALTER TABLE tick FORCE ROW LEVEL SECURITY"
    )
    wanted = market(hidden, TimeSeries(TICK, "time", DAY))
    steps = make(wanted, read(servers, wanted)).steps
    run(servers, [step for step in steps if step.kind != "partitioned_table"])
    session = servers.admin("main", "shop_market")
    (step,) = [step for step in steps if isinstance(step, PartitionedTable)]
    session.execute(keyword("SET ROLE shop_market_owner"))
    with pytest.raises(ServerError, match="row-level security"):
        session.execute(step.do()[0].sql)  # type: ignore[union-attr]
    session.execute(keyword("RESET ROLE"))
    assert session.query(keyword("SELECT count(*) FROM market.tick")) == [(1,)]
