"""The SQL that refuses to cut a table by time, before anything changes: each reason with its remedy."""

from __future__ import annotations

from typing import LiteralString

COLUMNS: LiteralString = """\
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
"""
"""The time column, the column of ``space`` and the keys; the same for partitions and for hypertables."""

WHOLE: LiteralString = """\
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
"""
"""What a partitioned table that is made anew could not take over."""
