"""The SQL that cuts an ordinary table by its time column, with everything it had, in one statement.

PostgreSQL cannot turn a table into a partitioned one, so a new table takes the name. What the old one had is read
from the catalog as PostgreSQL writes it, before anything is renamed: then it all names the new table. Views and SQL
functions are replaced by their own text and keep their identity, rights and dependents. An empty table is dropped;
one with rows becomes the first partition, under a bound that holds all its rows. Whatever this statement does not
know how to carry over makes it raise before it changes anything: nothing is lost silently.

The statement is one block of PL/pgSQL in four parts: refusals (``partition_refusals``), the bound of the rows that are
there, copies (``partition_copy``), and the change itself.
"""

from __future__ import annotations

from typing import LiteralString

from freehold.plan.partition_copy import COPIES
from freehold.plan.partition_refusals import COLUMNS, WHOLE
from freehold.plan.partitions import default_name, old_name
from freehold.spec.series import TimeSeries
from freehold.sqltext import Sql, keyword, literal, sql

_DECLARE: LiteralString = """
DECLARE
    my_schema constant pg_catalog.text := {};
    my_table constant pg_catalog.text := {};
    my_time constant pg_catalog.text := {};
    my_space constant pg_catalog.text := {};
    my_default constant pg_catalog.text := {};
    my_past constant pg_catalog.text := {};
    my_months constant pg_catalog.int4 := {};
    my_seconds constant pg_catalog.int8 := {};
"""

_BEGIN: LiteralString = """
    wanted constant pg_catalog.text := pg_catalog.format('RANGE (%I)', my_time);
    named constant pg_catalog.text := pg_catalog.format('%I.%I', my_schema, my_table);
    past constant pg_catalog.text := pg_catalog.format('%I.%I', my_schema, my_past);
    actor constant pg_catalog.text := pg_catalog.current_setting('role');
    old pg_catalog.pg_class;
    type pg_catalog.text;
    zone pg_catalog.text := '';
    item record;
    text pg_catalog.text;
    renames pg_catalog.text[] := '{}';
    keys pg_catalog.text[] := '{}';
    rest pg_catalog.text[] := '{}';
    views pg_catalog.text[] := '{}';
    identities pg_catalog.text[] := '{}';
    options pg_catalog.text := '';
    serial pg_catalog.int4 := 0;
    filled pg_catalog.bool;
    lowest pg_catalog.timestamp;
    highest pg_catalog.timestamp;
    month pg_catalog.int4;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- a policy that hid rows would make a full table look empty; like this it is an error instead
    PERFORM pg_catalog.set_config('row_security', 'off', true);
    SELECT c.* INTO old FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = my_schema AND c.relname = my_table;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF old.relkind = 'p' THEN
        IF pg_get_partkeydef(old.oid) <> wanted THEN
            RAISE EXCEPTION 'table % is partitioned by %, and not by %', named, pg_get_partkeydef(old.oid), wanted
                USING ERRCODE = 'feature_not_supported', HINT = 'Declare the column it is partitioned by, or make the'
                    ' table anew in a migration.';
        END IF;
        IF my_default <> '' AND NOT EXISTS (SELECT FROM pg_partitioned_table
                WHERE partrelid = old.oid AND partdefid <> 0) THEN
            PERFORM set_config('role', pg_get_userbyid(old.relowner), true);
            EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', my_schema, my_default, named);
            PERFORM set_config('role', actor, true);
            IF old.relrowsecurity THEN
                EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', my_schema, my_default);
            END IF;
        END IF;
        RETURN;
    END IF;
    IF old.relkind <> 'r' THEN
        RAISE EXCEPTION '% is no table', named
            USING ERRCODE = 'wrong_object_type', HINT = 'Declare a table, or remove it from timeseries:.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', named);

"""

_BOUND: LiteralString = """\
    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', named) INTO filled;
    IF filled THEN
        IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = old.oid AND confrelid = old.oid) THEN
            RAISE EXCEPTION 'table % holds rows and refers to itself', named USING ERRCODE = 'feature_not_supported',
                HINT = 'Drop the foreign key in a new migration, and make it again in a later one.';
        END IF;
        EXECUTE format('SELECT min(%1$I)::timestamp, max(%1$I)::timestamp FROM ONLY %2$s', my_time, named)
            INTO lowest, highest;
        IF type = 'timestamp with time zone' THEN
            EXECUTE format('SELECT min(%1$I) AT TIME ZONE ''UTC'', max(%1$I) AT TIME ZONE ''UTC'' FROM ONLY %2$s',
                my_time, named) INTO lowest, highest;
        END IF;
        IF NOT isfinite(lowest) OR NOT isfinite(highest) THEN
            RAISE EXCEPTION 'table % holds rows whose % is infinite', named, quote_ident(my_time)
                USING ERRCODE = 'datetime_field_overflow', HINT = 'Correct these rows, then apply again.';
        END IF;
        IF my_months > 0 THEN
            month := (extract(year FROM lowest)::int4 - 2000) * 12 + extract(month FROM lowest)::int4 - 1;
            month := month - ((month % my_months) + my_months) % my_months;
            lowest := timestamp '2000-01-01' + make_interval(months => month);
            month := (extract(year FROM highest)::int4 - 2000) * 12 + extract(month FROM highest)::int4 - 1;
            month := month - ((month % my_months) + my_months) % my_months + my_months;
            highest := timestamp '2000-01-01' + make_interval(months => month);
        ELSE
            lowest := date_bin(make_interval(secs => my_seconds), lowest, timestamp '2000-01-03');
            highest := date_bin(make_interval(secs => my_seconds), highest, timestamp '2000-01-03')
                + make_interval(secs => my_seconds);
        END IF;
    END IF;

"""

_CHANGE: LiteralString = """\
    -- the change itself
    FOREACH text IN ARRAY renames || format('ALTER TABLE %s RENAME TO %I', named, my_past) LOOP
        EXECUTE text;
    END LOOP;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY'
        ' INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING COMMENTS) PARTITION BY %s',
        named, past, wanted);
    EXECUTE format('ALTER TABLE %s OWNER TO %I', named, pg_get_userbyid(old.relowner));
    FOR item IN SELECT DISTINCT e.grantee FROM pg_class AS c, aclexplode(c.relacl) AS e
            WHERE c.oid = named::regclass AND e.grantee <> c.relowner LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', named,
            CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(item.grantee)) END);
    END LOOP;
    FOREACH text IN ARRAY keys || views || identities LOOP
        EXECUTE text;
    END LOOP;
    IF filled THEN
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', named, past,
            lowest::text || zone, highest::text || zone);
    ELSE
        EXECUTE format('DROP TABLE %s', past);
    END IF;
    FOREACH text IN ARRAY rest LOOP
        EXECUTE text;
    END LOOP;
    IF my_default <> '' THEN
        -- as the owner, so that it gets what every table of the owner gets
        PERFORM set_config('role', pg_get_userbyid(old.relowner), true);
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT%s', my_schema, my_default, named, options);
        PERFORM set_config('role', actor, true);
        IF old.relrowsecurity THEN
            EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', my_schema, my_default);
        END IF;
    END IF;
END
"""


def partition_table(series: TimeSeries) -> Sql:
    """One statement that makes the table partitioned by range of its time column; does nothing where there is no table.

    Takes ACCESS EXCLUSIVE on the table and on tables that refer to it, and reads a table that holds rows.
    """
    table = series.table
    head = sql(
        _DECLARE,
        literal(table.schema),
        literal(table.table),
        literal(series.column),
        literal(series.space.column if series.space else ""),
        literal(default_name(table.table) if series.default_partition else ""),
        literal(old_name(table.table)),
        series.chunk.months,
        series.chunk.seconds,
    )
    return sql("DO {}", literal(head.shown() + keyword(_BEGIN + COLUMNS + WHOLE + _BOUND + COPIES + _CHANGE).shown()))
