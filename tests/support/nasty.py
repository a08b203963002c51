"""A service whose schemas hold one of nearly everything that PostgreSQL 15 can hold, under names that break careless
quoting. ``{owner}``, ``{app}``, ``{ro}`` are its roles and ``{reader}`` one of another service, quoted."""

from __future__ import annotations

from freehold.sqltext import quote_ident

ODD = 'o\'dd "s".%\n$ü\\<b>'
"""The second schema, and the name of much in it."""

SCHEMAS = ("shop", ODD)

EXTENSIONS = "CREATE SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; CREATE EXTENSION btree_gist SCHEMA ext"

_MADE = r"""
SET ROLE {owner};
SET search_path = '';
SET check_function_bodies = off;
CREATE TYPE shop.mood AS ENUM ('sad', 'o''k', 'h"appy');
CREATE TYPE shop.pair AS (a int, "b c" text);
CREATE DOMAIN shop.positive AS int DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE DOMAIN shop.more AS shop.positive NOT NULL;
CREATE TYPE shop.span AS RANGE (subtype = numeric, multirange_type_name = shop.spans);
CREATE COLLATION shop.folded (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');
CREATE SEQUENCE shop.numbers AS smallint INCREMENT -2 MINVALUE -100 MAXVALUE 5 START 3 CYCLE CACHE 7;
CREATE FUNCTION shop.double(x int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 3 AS 'SELECT x * 2';
CREATE FUNCTION shop.loud(x text, VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '1MB'
    AS $f$
BEGIN -- a quote ' and "
    RETURN upper(x) || array_length(more, 1);
END $f$;
CREATE PROCEDURE shop.go(INOUT n int) LANGUAGE plpgsql AS 'BEGIN n := n + 1; END';
CREATE FUNCTION shop.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, 0) + $2';
CREATE AGGREGATE shop.total(int) (SFUNC = shop.step, STYPE = int, INITCOND = '0');
CREATE OPERATOR shop.<+> (FUNCTION = shop.step, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(shop.<+>));
CREATE TABLE shop.customer (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5 CACHE 3) PRIMARY KEY,
    name text COLLATE shop.folded NOT NULL,
    email varchar(50) UNIQUE NULLS NOT DISTINCT DEFERRABLE INITIALLY DEFERRED,
    mood shop.mood DEFAULT 'o''k',
    born date CHECK (born > '1900-01-01'),
    address shop.pair,
    points shop.positive[] DEFAULT '{1,2}',
    extra jsonb,
    twice int GENERATED ALWAYS AS (shop.double(length(name))) STORED,
    gone int,
    boss bigint CONSTRAINT "is b'oss" REFERENCES shop.customer DEFERRABLE INITIALLY DEFERRED,
    price numeric(10, 2) NOT NULL DEFAULT 0.00
);
ALTER TABLE shop.customer DROP COLUMN gone;
ALTER TABLE shop.customer ALTER COLUMN extra SET STORAGE EXTERNAL, ALTER COLUMN extra SET STATISTICS 300,
    ALTER COLUMN name SET (n_distinct = -0.5), ALTER COLUMN name SET COMPRESSION pglz;
ALTER TABLE shop.customer SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE shop.customer ADD CONSTRAINT later CHECK (price >= 0) NOT VALID;
CREATE INDEX customer_lower ON shop.customer (lower(name) text_pattern_ops DESC NULLS LAST) INCLUDE (born)
    WHERE price > 0;
CREATE INDEX customer_extra ON shop.customer USING gin (extra jsonb_path_ops) WITH (fastupdate = off);
CREATE UNIQUE INDEX "customer 'x" ON shop.customer (shop.double(twice), id);
ALTER TABLE shop.customer CLUSTER ON customer_pkey;
CREATE STATISTICS shop.customer_stats (ndistinct, dependencies) ON mood, born FROM shop.customer;
CREATE TABLE shop.booking (
    room int, during tsrange, keeper bigint REFERENCES shop.customer ON UPDATE CASCADE ON DELETE SET NULL,
    CONSTRAINT no_overlap EXCLUDE USING gist (room ext.gist_int4_ops WITH =, during WITH &&) WHERE (room > 0)
);
ALTER TABLE shop.booking REPLICA IDENTITY FULL;
CREATE TABLE shop.old (n serial, note text);
CREATE UNIQUE INDEX old_n ON shop.old (n); ALTER TABLE shop.old REPLICA IDENTITY USING INDEX old_n;
CREATE TABLE shop.event (id bigint, at date NOT NULL, kind text, who bigint, PRIMARY KEY (id, at, kind))
    PARTITION BY RANGE (at);
CREATE INDEX event_who ON shop.event (who);
CREATE TABLE shop.event_2025 PARTITION OF shop.event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY LIST (kind);
CREATE TABLE shop.event_2025_a PARTITION OF shop.event_2025 FOR VALUES IN ('a', 'b''c');
CREATE TABLE shop.event_2025_rest PARTITION OF shop.event_2025 DEFAULT;
CREATE TABLE shop.event_rest PARTITION OF shop.event DEFAULT;
ALTER TABLE shop.event_2025_a ALTER COLUMN who SET DEFAULT 7;
ALTER TABLE shop.event ADD CONSTRAINT event_who_fkey FOREIGN KEY (who) REFERENCES shop.customer;
CREATE TABLE shop.refers (event bigint, at date, kind text,
    FOREIGN KEY (event, at, kind) REFERENCES shop.event MATCH FULL);
CREATE VIEW shop.cheap WITH (security_barrier = true, check_option = cascaded) AS
    SELECT id, price FROM shop.customer WHERE price < 10;
CREATE VIEW shop.by_key AS SELECT c.*, count(*) AS bookings FROM shop.customer c
    JOIN shop.booking b ON b.keeper = c.id GROUP BY c.id;
CREATE VIEW shop.v1 AS SELECT c.id, (SELECT max(b.room) FROM shop.booking b WHERE b.keeper = c.id) AS room, c.born AS b
    FROM shop.customer c WHERE EXISTS (SELECT FROM shop.old WHERE n = c.id) ORDER BY born LIMIT 3;
CREATE VIEW shop.v2 AS WITH x AS (SELECT id FROM shop.customer) SELECT x.id, s.y
    FROM x, LATERAL (SELECT x.id + 1 AS y) s
    UNION SELECT id, n FROM shop.customer, shop.old WHERE id = n;
CREATE VIEW shop.v3 AS SELECT id, row_number() OVER w AS r, sum(price) FILTER (WHERE price > 1) OVER w AS s
    FROM shop.customer WINDOW w AS (PARTITION BY mood ORDER BY id);
CREATE VIEW shop.v4 AS SELECT c AS whole, (c.address).a, c.points[1] AS p, c.* FROM shop.customer c;
CREATE VIEW shop.v5 AS SELECT g.n, g.n + 1 AS m FROM generate_series(1, 3) g(n);
CREATE VIEW shop.v6 AS SELECT q.k FROM (SELECT id AS k FROM shop.customer WHERE id > 2) q WHERE k < 9;
CREATE VIEW shop.v7 AS VALUES (1, 'a'), (2, 'b');
CREATE VIEW shop.v8 AS SELECT DISTINCT ON (mood) mood, born, count(*) AS n FROM shop.customer
    GROUP BY GROUPING SETS ((mood, born), ()) HAVING count(*) > 0 ORDER BY mood, born DESC;
CREATE VIEW shop.v9 AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t;
CREATE VIEW shop.v10 AS SELECT n FROM ONLY shop.old TABLESAMPLE SYSTEM (10);
CREATE VIEW shop.v11 (a, b) AS SELECT id, extract(year FROM born) || (extra ->> 'x') COLLATE "C" FROM shop.customer
    WHERE mood = ANY ('{sad}') AND name LIKE 'a%' AND born BETWEEN '2000-01-01' AND current_date
    AND (born, id) > ('1999-01-01', 3) AND NOT (price IS DISTINCT FROM 3)
    AND CASE mood WHEN 'sad' THEN true ELSE id > 1 END;
CREATE VIEW shop.v12 AS SELECT id, born AT TIME ZONE 'UTC' AS t, coalesce(twice, 0) AS z, ARRAY[id, 2] AS arr,
    overlay(name PLACING 'x' FROM 1) AS o, trim(BOTH 'x' FROM email) AS tr
    FROM shop.customer FOR UPDATE;
CREATE MATERIALIZED VIEW shop.counted AS SELECT mood, count(*) AS n FROM shop.customer GROUP BY mood;
CREATE UNIQUE INDEX counted_mood ON shop.counted (mood);
CREATE MATERIALIZED VIEW shop.counted_twice AS SELECT n, count(*) FROM shop.counted GROUP BY n;
CREATE MATERIALIZED VIEW shop.by_key_kept AS SELECT id, name FROM shop.customer GROUP BY id WITH NO DATA;
CREATE INDEX by_key_kept_name ON shop.by_key_kept (name);
CREATE FUNCTION shop.whole() RETURNS SETOF shop.customer LANGUAGE sql
    BEGIN ATOMIC SELECT * FROM shop.customer GROUP BY id; END;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE OF price ON shop.customer FOR EACH ROW WHEN (NEW.price > 5)
    EXECUTE FUNCTION shop.touch('arg''1');
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON shop.customer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE TRIGGER moved AFTER INSERT ON shop.booking REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.booking DISABLE TRIGGER moved;
CREATE TRIGGER each_event BEFORE INSERT ON shop.event FOR EACH ROW EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.event_2025_a DISABLE TRIGGER each_event;
CREATE RULE keep AS ON DELETE TO shop.old WHERE OLD.n > 5 DO INSTEAD NOTHING;
ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.booking ENABLE ROW LEVEL SECURITY; ALTER TABLE shop.booking FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.customer AS RESTRICTIVE FOR UPDATE TO {app}, {ro} USING (boss IS NULL)
    WITH CHECK (EXISTS (SELECT FROM shop.old WHERE n = id));
CREATE POLICY "all ""of" ON shop.customer USING (true);
CREATE POLICY reads ON shop.booking FOR SELECT TO {reader}, {owner} USING (room < 3);
CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = pg_catalog.simple, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION shop.words (COPY = pg_catalog.english);
GRANT SELECT, INSERT ON shop.customer TO {app}; GRANT SELECT ON shop.customer TO {ro} WITH GRANT OPTION;
GRANT UPDATE (price, name), REFERENCES (id) ON shop.customer TO {app};
GRANT SELECT (id) ON shop.cheap TO {reader}, PUBLIC;
GRANT USAGE ON SEQUENCE shop.numbers TO {app};
REVOKE ALL ON FUNCTION shop.double(int), shop.loud(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.double(int) TO {app}; REVOKE EXECUTE ON PROCEDURE shop.go(int) FROM PUBLIC;
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC; GRANT USAGE ON TYPE shop.mood TO {ro};
REVOKE TRIGGER ON shop.old FROM {owner};
COMMENT ON TABLE shop.customer IS E'it''s\n-- "all"\n\\restrict x';
COMMENT ON COLUMN shop.customer.price IS 'gross';
COMMENT ON CONSTRAINT later ON shop.customer IS 'soon';
COMMENT ON CONSTRAINT "is b'oss" ON shop.customer IS 'a key';
COMMENT ON CONSTRAINT is_positive ON DOMAIN shop.positive IS 'of a domain';
COMMENT ON POLICY own ON shop.customer IS 'of a policy';
COMMENT ON TRIGGER touch ON shop.customer IS 'of a trigger';
COMMENT ON INDEX shop.customer_extra IS 'of an index';
COMMENT ON FUNCTION shop.double(int) IS 'of a function';
COMMENT ON TYPE shop.mood IS 'of a type'; COMMENT ON STATISTICS shop.customer_stats IS 'of statistics';
COMMENT ON MATERIALIZED VIEW shop.counted IS 'of a view';
CREATE TABLE {odd}.{odd} ({odd} int PRIMARY KEY, t text DEFAULT E'\\ '' \n', CONSTRAINT "c'" CHECK ({odd} <> 0));
CREATE SEQUENCE {odd}."n o";
ALTER TABLE {odd}.{odd} ADD m bigint DEFAULT nextval('{oddlit}."n o"');
CREATE VIEW {odd}."v""w" AS SELECT * FROM {odd}.{odd};
CREATE FUNCTION {odd}.{odd}({odd} shop.mood) RETURNS text LANGUAGE sql AS $$
SELECT '--
-- TOC entry 1 (class 0 OID 0)
-- Name: x; Type: TABLE; Schema: -; Owner: -
--

\restrict abc
\unrestrict abc
DROP TABLE shop.old;
' $$;
CREATE TRIGGER {odd} AFTER DELETE ON {odd}.{odd} FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE INDEX "i;--" ON {odd}.{odd} (t) WHERE t <> ';';
COMMENT ON TABLE {odd}.{odd} IS 'o''dd';
CREATE TYPE shop.typed AS (a int, "b c" text);
CREATE TABLE shop.of_pair OF shop.typed (a WITH OPTIONS NOT NULL DEFAULT 4, PRIMARY KEY (a));
CREATE TABLE shop.cut (n int, m int, x text) PARTITION BY HASH (n, (m + 1));
CREATE TABLE shop.cut_0 (x text, gone int, m int NOT NULL DEFAULT 8, n int, CHECK (m > -5));
ALTER TABLE shop.cut_0 DROP gone;
ALTER TABLE shop.cut ATTACH PARTITION shop.cut_0 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.cut_1 PARTITION OF shop.cut FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 50);
ALTER TABLE shop.cut_1 ENABLE ROW LEVEL SECURITY; CREATE POLICY on_part ON shop.cut_1 FOR INSERT WITH CHECK (n > 0);
CREATE INDEX cut_half ON ONLY shop.cut (m); CREATE INDEX cut_0_m ON shop.cut_0 (m);
ALTER INDEX shop.cut_half ATTACH PARTITION shop.cut_0_m;
CREATE TABLE shop.refs (a bigint, b bigint, note text, UNIQUE (a, b) INCLUDE (note),
    CONSTRAINT both_of FOREIGN KEY (a) REFERENCES shop.customer ON DELETE SET NULL (a),
    CONSTRAINT no_heir CHECK (a > 0) NO INHERIT);
ALTER TABLE shop.refs ADD CONSTRAINT unchecked FOREIGN KEY (b) REFERENCES shop.customer ON DELETE SET DEFAULT
    ON UPDATE RESTRICT NOT VALID;
ALTER TABLE shop.refs SET (toast.autovacuum_enabled = off, parallel_workers = 3);
COMMENT ON CONSTRAINT unchecked ON shop.refs IS 'not valid'; COMMENT ON CONSTRAINT no_heir ON shop.refs IS 'local';
CREATE FUNCTION shop.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER writes INSTEAD OF INSERT OR DELETE ON shop.v1 FOR EACH ROW EXECUTE FUNCTION shop.instead();
ALTER VIEW shop.v1 ALTER COLUMN room SET DEFAULT 12; COMMENT ON COLUMN shop.v1.room IS 'of a view';
CREATE RULE upon AS ON UPDATE TO shop.v2 DO INSTEAD (UPDATE shop.old SET n = 5; NOTIFY done);
COMMENT ON RULE upon ON shop.v2 IS 'of a rule'; COMMENT ON VIEW shop.v2 IS 'of a view';
CREATE VIEW shop.invoked WITH (security_invoker = true, check_option = local) AS SELECT n FROM shop.old WHERE n > 0;
ALTER MATERIALIZED VIEW shop.counted SET (fillfactor = 60); COMMENT ON COLUMN shop.counted.n IS 'of a kept view';
ALTER MATERIALIZED VIEW shop.counted CLUSTER ON counted_mood;
ALTER MATERIALIZED VIEW shop.counted ALTER n SET STATISTICS 7;
CREATE INDEX customer_sum ON shop.customer ((price + 1), (lower(name)));
ALTER INDEX shop.customer_sum ALTER COLUMN 2 SET STATISTICS 44;
CREATE FUNCTION shop.less(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION shop.twice(VARIADIC "a b" numeric[], OUT "x y" int, OUT z text) RETURNS SETOF record LANGUAGE sql
    ROWS 7 COST 2.5 STABLE AS 'SELECT 1, $$z$$';
CREATE FUNCTION shop.twice(int, text DEFAULT 'a,"b''') RETURNS TABLE (n int) LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR shop.<<< (FUNCTION = shop.less, LEFTARG = shop.pair, RIGHTARG = shop.pair, RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel, NEGATOR = OPERATOR(shop.>>>=));
COMMENT ON AGGREGATE shop.total(int) IS 'of an aggregate'; COMMENT ON OPERATOR shop.<+> (int, int) IS 'of an operator';
COMMENT ON PROCEDURE shop.go(int) IS 'of a procedure'; COMMENT ON SEQUENCE shop.numbers IS 'of a sequence';
COMMENT ON DOMAIN shop.positive IS 'of a domain'; COMMENT ON COLUMN shop.pair."b c" IS 'of an attribute';
COMMENT ON COLLATION shop.folded IS 'of a collation'; COMMENT ON TEXT SEARCH CONFIGURATION shop.words IS 'of words';
COMMENT ON TEXT SEARCH DICTIONARY shop.plain IS 'of a dictionary'; COMMENT ON TABLE shop.event_2025_a IS 'of a part';
COMMENT ON INDEX shop.customer_pkey IS 'of a key'; COMMENT ON COLUMN shop.event_2025_a.who IS 'in a part';
COMMENT ON CONSTRAINT customer_pkey ON shop.customer IS 'of a key as a constraint';
COMMENT ON SCHEMA shop IS 'of a schema'; COMMENT ON SCHEMA {odd} IS E'it''s\n';
GRANT USAGE ON SCHEMA {odd} TO {reader} WITH GRANT OPTION; GRANT CREATE ON SCHEMA shop TO {app};
GRANT TRUNCATE ON shop.event, shop.event_2025_a TO {reader}; GRANT SELECT ON shop.counted TO {ro};
GRANT SELECT ("b c") ON shop.of_pair TO {reader} WITH GRANT OPTION; REVOKE ALL ON shop.refs FROM {owner};
GRANT ALL ON SEQUENCE {odd}."n o" TO {reader}; GRANT EXECUTE ON FUNCTION shop.total(int) TO {ro} WITH GRANT OPTION;
REVOKE USAGE ON TYPE shop.positive FROM PUBLIC, {owner};
ALTER DEFAULT PRIVILEGES IN SCHEMA {odd} GRANT INSERT ON TABLES TO {reader} WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO {app};
RESET ROLE;
CREATE TABLE shop.of_reader (n int PRIMARY KEY); ALTER TABLE shop.of_reader OWNER TO {reader};
CREATE INDEX of_reader_index ON shop.of_reader ((n + 1));
CREATE TABLE shop.of_admin (n int DEFAULT 3);
GRANT SELECT ON shop.of_admin TO {ro};
CREATE FUNCTION shop.trusted() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1';
RESET search_path; RESET check_function_bodies;
"""

ROWS = r"""
INSERT INTO shop.customer (name, email, price) VALUES ('Ann', 'a@x', 3), ('ann', NULL, 0), ('Bo', 'b@x', 12);
INSERT INTO shop.customer (name, boss, price) SELECT 'c' || n, 10, n FROM generate_series(1, 20) n WHERE false;
INSERT INTO shop.old (note) VALUES ('x'), ('y');
INSERT INTO shop.event VALUES (1, '2025-02-03', 'a', 10), (2, '2025-02-03', 'z', NULL), (3, '2027-01-01', 'q', NULL);
INSERT INTO shop.booking VALUES (1, '[2026-01-01,2026-01-02)', 10);
REFRESH MATERIALIZED VIEW shop.counted; REFRESH MATERIALIZED VIEW shop.counted_twice;
"""


def made(owner: str, app: str, ro: str, reader: str) -> str:
    """The script, for an administrator; the schemas and roles must be there."""
    words = {"owner": owner, "app": app, "ro": ro, "reader": reader, "odd": ODD}
    text = _MADE.replace("{oddlit}", quote_ident(ODD).replace("'", "''"))
    for word, name in words.items():
        text = text.replace("{" + word + "}", quote_ident(name))
    return text
