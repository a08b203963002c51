"""The SQL that cuts an ordinary table by its time column, with everything it had, in one statement.

PostgreSQL cannot turn a table into a partitioned one, so a new table takes the name. What the old one had is read
from the catalog as PostgreSQL writes it, before anything is renamed: then it all names the new table. Views and SQL
functions are replaced by their own text and keep their identity, rights and dependents. An empty table is dropped;
one with rows becomes the first partition, under a bound that holds all its rows. Whatever this statement does not
know how to carry over makes it raise before it changes anything: nothing is lost silently.
"""

from __future__ import annotations

from typing import LiteralString

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

_BODY: LiteralString = """
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

    -- what cannot be carried over is refused, all of it before anything changes
    SELECT format_type(a.atttypid, NULL), a.attnotnull INTO item
        FROM pg_attribute AS a WHERE a.attrelid = old.oid AND a.attname = my_time AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table % has no column %', named, quote_ident(my_time)
            USING ERRCODE = 'undefined_column', HINT = 'Correct time: in the declaration, or add the column.';
    END IF;
    type := item.format_type;
    IF type NOT IN ('timestamp with time zone', 'timestamp without time zone', 'date') THEN
        RAISE EXCEPTION 'column % of table % is of type %, and time series are cut by timestamptz, timestamp or date',
            quote_ident(my_time), named, type
            USING ERRCODE = 'datatype_mismatch', HINT = 'Name another column, or change its type in a migration.';
    END IF;
    IF NOT item.attnotnull THEN
        RAISE EXCEPTION 'column % of table % may be NULL, and a row without a time belongs nowhere',
            quote_ident(my_time), named
            USING ERRCODE = 'not_null_violation', HINT = format(
                'In a new migration: ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', named, my_time);
    END IF;
    IF type = 'date' AND my_months = 0 AND my_seconds % 86400 <> 0 THEN
        RAISE EXCEPTION 'column % of table % is a date and cannot be cut into parts of a day', quote_ident(my_time),
            named
            USING ERRCODE = 'datatype_mismatch', HINT = 'Declare a chunk of whole days.';
    END IF;
    IF type = 'timestamp with time zone' THEN
        zone := '+00';
    END IF;
    IF my_space <> '' AND NOT EXISTS (SELECT FROM pg_attribute AS a
            WHERE a.attrelid = old.oid AND a.attname = my_space AND NOT a.attisdropped AND a.attnum > 0) THEN
        RAISE EXCEPTION 'table % has no column %', named, quote_ident(my_space)
            USING ERRCODE = 'undefined_column', HINT = 'Correct space: in the declaration, or add the column.';
    END IF;
    FOR item IN SELECT c.relname, k.conname, k.contype, i.indkey::int2[] AS columns, array_agg(quote_ident(a.attname)
                ORDER BY array_position(i.indkey::int2[], a.attnum)) AS names
            FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
            LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
            WHERE i.indrelid = old.oid AND (i.indisunique OR i.indisexclusion)
            GROUP BY c.relname, k.conname, k.contype, i.indkey ORDER BY 1 LOOP
        FOREACH text IN ARRAY array_remove(ARRAY[my_time, my_space], '') LOOP
            IF quote_ident(text) = ANY (item.names) THEN
                CONTINUE;
            END IF;
            RAISE EXCEPTION '% % (%) of table % does not contain %, and PostgreSQL keeps a key unique across'
                ' partitions only when it holds the columns they are cut by',
                CASE item.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint'
                    WHEN 'x' THEN 'exclusion constraint' ELSE 'unique index' END,
                quote_ident(item.relname), array_to_string(item.names, ', '), named, quote_ident(text)
                USING ERRCODE = 'feature_not_supported', HINT = CASE
                    WHEN item.contype IN ('p', 'u') THEN format('In a new migration: ALTER TABLE %s DROP CONSTRAINT %I,'
                        ' ADD CONSTRAINT %I %s (%s, %I);', named, item.conname, item.conname,
                        CASE item.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
                        array_to_string(item.names, ', '), text)
                    ELSE format('In a new migration: drop it, and make it again with %I among its columns.', text) END;
        END LOOP;
    END LOOP;
    SELECT string_agg(found.what, '; ') INTO text FROM (
        SELECT 'it is part of an inheritance tree' FROM pg_inherits WHERE old.oid IN (inhrelid, inhparent)
        UNION SELECT 'it is a table OF a type' WHERE old.reloftype <> 0
        UNION SELECT 'it is unlogged or temporary' WHERE old.relpersistence <> 'p'
        UNION SELECT 'it lies in a tablespace of its own' WHERE old.reltablespace <> 0
        UNION SELECT 'its replica identity is an index' WHERE old.relreplident = 'i'
        UNION SELECT format('it has rule %I', rulename) FROM pg_rewrite WHERE ev_class = old.oid
        UNION SELECT format('publication %I names it', p.pubname) FROM pg_publication_rel AS r
            JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = old.oid
        UNION SELECT format('constraint %I is NO INHERIT', conname) FROM pg_constraint
            WHERE conrelid = old.oid AND contype IN ('c', 'n') AND connoinherit
        UNION SELECT format('constraint %I is NOT VALID', conname) FROM pg_constraint
            WHERE conrelid = old.oid AND NOT convalidated
        UNION SELECT format('%s uses its row type', pg_describe_object(d.classid, d.objid, d.objsubid))
            FROM pg_depend AS d WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n' AND d.refobjid IN
                (old.reltype, (SELECT typarray FROM pg_type AS t WHERE t.oid = old.reltype))
        UNION SELECT format('%s depends on it', CASE WHEN v.oid IS NULL
                THEN pg_describe_object(d.classid, d.objid, d.objsubid)
                ELSE pg_describe_object('pg_class'::regclass, v.oid, 0) END)
            FROM pg_depend AS d
            LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
            LEFT JOIN pg_class AS v ON v.oid = w.ev_class
            LEFT JOIN pg_proc AS f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
            LEFT JOIN pg_policy AS y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
            LEFT JOIN pg_attrdef AS x ON d.classid = 'pg_attrdef'::regclass AND x.oid = d.objid
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = old.oid AND d.deptype = 'n'
                AND d.classid <> 'pg_constraint'::regclass AND d.classid <> 'pg_trigger'::regclass
                AND v.relkind IS DISTINCT FROM 'v' AND f.prosqlbody IS NULL
                AND y.polrelid IS DISTINCT FROM old.oid AND x.adrelid IS DISTINCT FROM old.oid
    ) AS found(what);
    IF text IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be partitioned in place: %', named, text
            USING ERRCODE = 'feature_not_supported', HINT = 'Remove that in a new migration and make it again in a'
                ' later one, or write PARTITION BY RANGE in the migration that makes the table.';
    END IF;
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

    -- everything the table has, as statements that make it again under the name it has now
    FOR item IN SELECT c.relname, i.indexrelid, k.oid AS constraint_oid, k.conname,
                pg_get_constraintdef(k.oid) AS body, pg_get_indexdef(i.indexrelid) AS whole
            FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = old.oid
                AND k.contype IN ('p', 'u', 'x')
            WHERE i.indrelid = old.oid ORDER BY k.contype = 'p' DESC NULLS LAST, c.relname LOOP
        serial := serial + 1;
        renames := renames || format('ALTER INDEX %I.%I RENAME TO %I', my_schema, item.relname,
            format('%s_i%s', my_past, serial));
        keys := keys || CASE WHEN item.constraint_oid IS NULL THEN item.whole
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', named, item.conname, item.body) END;
        text := COALESCE(obj_description(item.constraint_oid, 'pg_constraint'), '');
        IF text <> '' THEN
            rest := rest || format('COMMENT ON CONSTRAINT %I ON %s IS %L', item.conname, named, text);
        END IF;
        text := COALESCE(obj_description(item.indexrelid, 'pg_class'), '');
        IF text <> '' THEN
            rest := rest || format('COMMENT ON INDEX %I.%I IS %L', my_schema, item.relname, text);
        END IF;
    END LOOP;
    FOR item IN SELECT s.oid, s.stxname, pg_get_statisticsobjdef(s.oid) AS whole FROM pg_statistic_ext AS s
            WHERE s.stxrelid = old.oid ORDER BY 2 LOOP
        serial := serial + 1;
        renames := renames || format('ALTER STATISTICS %s RENAME TO %I',
            (SELECT format('%I.%I', n.nspname, s.stxname) FROM pg_statistic_ext AS s
                JOIN pg_namespace AS n ON n.oid = s.stxnamespace WHERE s.oid = item.oid),
            format('%s_s%s', my_past, serial));
        rest := rest || item.whole;
    END LOOP;
    FOR item IN SELECT k.oid, k.conname, k.conrelid, pg_get_constraintdef(k.oid) AS body,
                format('%I.%I', n.nspname, c.relname) AS referring
            FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.contype = 'f' AND old.oid IN (k.conrelid, k.confrelid) AND k.conparentid = 0 ORDER BY 2 LOOP
        IF item.conrelid <> old.oid THEN
            renames := renames || format('ALTER TABLE %s DROP CONSTRAINT %I', item.referring, item.conname);
        END IF;
        rest := rest || format('ALTER TABLE %s ADD CONSTRAINT %I %s', item.referring, item.conname, item.body);
        text := COALESCE(obj_description(item.oid, 'pg_constraint'), '');
        IF text <> '' THEN
            rest := rest || format('COMMENT ON CONSTRAINT %I ON %s IS %L', item.conname, item.referring, text);
        END IF;
    END LOOP;
    FOR item IN SELECT t.oid, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) AS whole FROM pg_trigger AS t
            WHERE t.tgrelid = old.oid AND NOT t.tgisinternal ORDER BY 2 LOOP
        renames := renames || format('DROP TRIGGER %I ON %s', item.tgname, named);
        rest := rest || item.whole;
        IF item.tgenabled <> 'O' THEN
            rest := rest || format('ALTER TABLE %s %s TRIGGER %I', named, CASE item.tgenabled WHEN 'D' THEN 'DISABLE'
                WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, item.tgname);
        END IF;
        text := COALESCE(obj_description(item.oid, 'pg_trigger'), '');
        IF text <> '' THEN
            rest := rest || format('COMMENT ON TRIGGER %I ON %s IS %L', item.tgname, named, text);
        END IF;
    END LOOP;
    FOR item IN SELECT p.oid, p.polname, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid) AS visible,
                pg_get_expr(p.polwithcheck, p.polrelid) AS checked,
                (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
                    FROM unnest(p.polroles) AS r) AS roles
            FROM pg_policy AS p WHERE p.polrelid = old.oid ORDER BY 2 LOOP
        rest := rest || concat(format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', item.polname, named,
            CASE WHEN item.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE item.polcmd WHEN 'r' THEN 'SELECT'
            WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, item.roles),
            ' USING (' || item.visible || ')', ' WITH CHECK (' || item.checked || ')');
        text := COALESCE(obj_description(item.oid, 'pg_policy'), '');
        IF text <> '' THEN
            rest := rest || format('COMMENT ON POLICY %I ON %s IS %L', item.polname, named, text);
        END IF;
    END LOOP;
    IF old.relrowsecurity THEN
        rest := rest || format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', named);
    END IF;
    IF old.relforcerowsecurity THEN
        rest := rest || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', named);
    END IF;
    IF old.relreplident <> 'd' THEN
        rest := rest || format('ALTER TABLE %s REPLICA IDENTITY %s', named,
            CASE old.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END);
    END IF;
    text := COALESCE(obj_description(old.oid, 'pg_class'), '');
    IF text <> '' THEN
        rest := rest || format('COMMENT ON TABLE %s IS %L', named, text);
    END IF;
    FOR item IN SELECT a.attname, a.attstattarget, a.attoptions FROM pg_attribute AS a
            WHERE a.attrelid = old.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LOOP
        IF item.attstattarget >= 0 THEN
            rest := rest || format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', named, item.attname,
                item.attstattarget);
        END IF;
        IF item.attoptions IS NOT NULL THEN
            rest := rest || format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', named, item.attname,
                array_to_string(item.attoptions, ', '));
        END IF;
    END LOOP;
    FOR item IN SELECT '' AS attname, e.* FROM aclexplode(old.relacl) AS e
            UNION ALL SELECT a.attname, e.* FROM pg_attribute AS a, aclexplode(a.attacl) AS e
            WHERE a.attrelid = old.oid AND NOT a.attisdropped LOOP
        rest := rest || format('GRANT %s%s ON TABLE %s TO %s%s', item.privilege_type,
            CASE WHEN item.attname <> '' THEN format(' (%I)', item.attname) ELSE '' END, named,
            CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(item.grantee)) END,
            CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
    FOR item IN SELECT DISTINCT v.oid, format('%I.%I', n.nspname, v.relname) AS name, v.reloptions,
                pg_get_viewdef(v.oid) AS body
            FROM pg_depend AS d JOIN pg_rewrite AS w ON w.oid = d.objid JOIN pg_class AS v ON v.oid = w.ev_class
            JOIN pg_namespace AS n ON n.oid = v.relnamespace
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = old.oid
                AND d.deptype = 'n' AND v.relkind = 'v' ORDER BY 2 LOOP
        views := views || format('CREATE OR REPLACE VIEW %s%s AS %s', item.name,
            ' WITH (' || array_to_string(item.reloptions, ', ') || ')', item.body);
    END LOOP;
    FOR item IN SELECT DISTINCT f.oid, pg_get_functiondef(f.oid) AS whole FROM pg_depend AS d
            JOIN pg_proc AS f ON f.oid = d.objid
            WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = old.oid
                AND d.deptype = 'n' ORDER BY 1 LOOP
        views := views || item.whole;
    END LOOP;
    FOR item IN SELECT a.attname, s.oid, s.relname, s.relacl, d.deptype, format('%I.%I', n.nspname, s.relname) AS name
            FROM pg_depend AS d JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_namespace AS n ON n.oid = s.relnamespace
            JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = old.oid
                AND d.deptype IN ('a', 'i') ORDER BY a.attnum LOOP
        IF item.deptype = 'a' THEN
            rest := format('ALTER SEQUENCE %s OWNED BY %s.%I', item.name, named, item.attname) || rest;
            -- before the old table goes, and the sequence with it
            keys := format('ALTER SEQUENCE %s OWNED BY %s.%I', item.name, named, item.attname) || keys;
            CONTINUE;
        END IF;
        serial := serial + 1;
        text := format('%s_q%s', my_past, serial);
        renames := renames || format('ALTER SEQUENCE %s RENAME TO %I', item.name, text);
        keys := keys || format($one$
            DO $two$ BEGIN
                IF pg_catalog.pg_get_serial_sequence(%1$L, %2$L)::pg_catalog.regclass
                        IS DISTINCT FROM pg_catalog.to_regclass(%3$L) THEN
                    EXECUTE pg_catalog.format('ALTER SEQUENCE %%s RENAME TO %%I',
                        pg_catalog.pg_get_serial_sequence(%1$L, %2$L), %4$L);
                END IF;
                PERFORM pg_catalog.setval(%3$L, last_value, is_called) FROM %5$I.%6$I;
            END $two$ $one$, named, item.attname, item.name, item.relname, my_schema, text);
        FOR text IN SELECT format('GRANT %s ON SEQUENCE %s TO %s%s', e.privilege_type, item.name,
                    CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                    CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM aclexplode(item.relacl) AS e LOOP
            rest := rest || text;
        END LOOP;
        IF filled THEN
            identities := identities || format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', past, item.attname);
        END IF;
    END LOOP;
    IF old.reloptions IS NOT NULL THEN
        options := format(' WITH (%s)', array_to_string(old.reloptions, ', '));
    END IF;

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
    return sql("DO {}", literal(head.shown() + keyword(_BODY).shown()))
