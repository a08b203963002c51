"""The SQL that reads what a table has as statements that make it again, before the table gets another name."""

from __future__ import annotations

from typing import LiteralString

COPIES: LiteralString = """\
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

"""
