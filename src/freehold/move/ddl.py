"""The guard against changes to definitions while a service moves: event triggers in both its databases.

What PostgreSQL says of a command at its end names most objects. It does not say where an object came from that left its
schema, nor whose rights were changed. Therefore the beginning of such a command notes what is in the moved schemas, who
owns it and who has rights on it; the end compares. What somebody else has committed in between must refuse nothing:
rights count only where the transaction itself wrote a row.

Only a superuser's session may say that it is a move: the logins of services have no way past.
"""

from __future__ import annotations

from freehold.sqltext import Sql, join, keyword

_MOVED = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_moved() RETURNS TABLE (schema text, service text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $freehold$
BEGIN
    IF coalesce(current_setting('freehold.moving', true), '') = 'on'
        AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT s.schema, m.service FROM freehold.move AS m
        CROSS JOIN LATERAL jsonb_array_elements_text(m.plan -> 'schemas') AS s (schema)
        WHERE m.phase NOT IN ('completed', 'aborted');
END
$freehold$""")

_RIGHTS = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_rights(moved oid[]) RETURNS TABLE (said text, written xid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $freehold$
    SELECT format('%s %s %s', oid, nspowner, nspacl), xmin FROM pg_namespace WHERE oid = ANY (moved)
    UNION ALL SELECT format('%s %s %s', oid, relowner, relacl), xmin FROM pg_class WHERE relnamespace = ANY (moved)
    UNION ALL SELECT format('%s %s %s', a.attrelid, a.attnum, a.attacl), a.xmin FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relnamespace = ANY (moved) AND a.attnum > 0
    UNION ALL SELECT format('%s %s %s', oid, proowner, proacl), xmin FROM pg_proc WHERE pronamespace = ANY (moved)
    UNION ALL SELECT format('%s %s %s', oid, typowner, typacl), xmin FROM pg_type WHERE typnamespace = ANY (moved)
    UNION ALL SELECT format('%s %s %s', defaclrole, defaclobjtype, defaclacl), xmin FROM pg_default_acl
        WHERE defaclnamespace = ANY (moved)
$freehold$""")

_NOTE = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_note_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $freehold$
DECLARE
    moved oid[] := (SELECT array_agg(oid) FROM pg_namespace WHERE nspname IN (
        SELECT schema FROM freehold.move_moved()));
BEGIN
    IF tg_tag !~ '^(ALTER|GRANT|REVOKE|CREATE SCHEMA|DROP OWNED)' THEN
        RETURN;
    END IF;
    PERFORM set_config('freehold.before', CASE WHEN moved IS NULL THEN '' ELSE jsonb_build_object(
        'moved', to_jsonb(moved),
        'objects', (SELECT jsonb_object_agg(o.id, o.schema) FROM (
            SELECT format('%s %s', d.classid, d.objid) AS id, n.nspname AS schema FROM pg_depend AS d
                JOIN pg_namespace AS n ON n.oid = d.refobjid
                WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ANY (moved)
            UNION SELECT format('%s %s', 'pg_namespace'::regclass::oid, oid), nspname FROM pg_namespace
                WHERE oid = ANY (moved)) AS o),
        'rights', (SELECT md5(string_agg(said, ',' ORDER BY said)) FROM freehold.move_rights(moved)))::text END, true);
END
$freehold$""")

_REFUSE = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_no_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $freehold$
DECLARE
    found record;
    before jsonb := nullif(current_setting('freehold.before', true), '')::jsonb;
    moved oid[];
    own bigint;
BEGIN
    IF tg_tag = 'REFRESH MATERIALIZED VIEW' OR NOT EXISTS (SELECT FROM freehold.move_moved()) THEN
        RETURN;
    END IF;
    IF tg_event = 'sql_drop' THEN
        SELECT d.object_identity AS what, m.service INTO found FROM pg_event_trigger_dropped_objects() AS d
            JOIN freehold.move_moved() AS m ON m.schema = coalesce(d.schema_name, CASE
                WHEN d.object_type = 'schema' THEN d.object_name
                WHEN d.object_type IN ('trigger', 'policy', 'rule') THEN d.address_names[1] END)
            -- the triggers of a foreign key belong to the key, which may be another service's
            WHERE NOT d.is_temporary AND NOT (d.object_type = 'trigger'
                AND starts_with(d.address_names[3], 'RI_ConstraintTrigger_')) LIMIT 1;
    ELSE
        SELECT coalesce(d.object_identity, d.object_type) AS what, m.service INTO found
            FROM pg_event_trigger_ddl_commands() AS d
            CROSS JOIN LATERAL (VALUES (before -> 'objects' ->> format('%s %s', d.classid, d.objid)),
                (d.schema_name), ((SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = CASE d.classid
                    WHEN 'pg_namespace'::regclass THEN d.objid
                    WHEN 'pg_trigger'::regclass THEN (SELECT c.relnamespace FROM pg_trigger AS t
                        JOIN pg_class AS c ON c.oid = t.tgrelid WHERE t.oid = d.objid)
                    WHEN 'pg_policy'::regclass THEN (SELECT c.relnamespace FROM pg_policy AS t
                        JOIN pg_class AS c ON c.oid = t.polrelid WHERE t.oid = d.objid)
                    WHEN 'pg_rewrite'::regclass THEN (SELECT c.relnamespace FROM pg_rewrite AS t
                        JOIN pg_class AS c ON c.oid = t.ev_class WHERE t.oid = d.objid) END))) AS s (schema)
            JOIN freehold.move_moved() AS m ON m.schema = s.schema LIMIT 1;
        IF found.what IS NULL AND before IS NOT NULL THEN
            moved := ARRAY(SELECT o::oid FROM jsonb_array_elements_text(before -> 'moved') AS o);
            own := pg_current_xact_id()::text::bigint;
            IF before ->> 'rights' IS DISTINCT FROM (SELECT md5(string_agg(said, ',' ORDER BY said))
                FROM freehold.move_rights(moved))
                -- a row that is seen although its transaction has not ended is of this one, or of a part of it; a row
                -- that these two have deleted cannot be looked at
                AND (tg_tag IN ('ALTER DEFAULT PRIVILEGES', 'DROP OWNED') OR EXISTS (SELECT FROM (
                    SELECT (written::text::bigint - (own & 4294967295)) & 4294967295 AS later
                        FROM freehold.move_rights(moved)) AS r
                    WHERE CASE WHEN later < 1000000 THEN pg_xact_status((own + later)::text::xid8) = 'in progress'
                        ELSE false END)) THEN
                SELECT 'what rights there are' AS what, m.service INTO found FROM freehold.move_moved() AS m
                    JOIN pg_namespace AS n ON n.nspname = m.schema AND n.oid = ANY (moved) LIMIT 1;
            END IF;
        END IF;
        PERFORM set_config('freehold.before', '', true);
    END IF;
    IF found.what IS NOT NULL THEN
        RAISE EXCEPTION '% cannot be changed: service "%" is being moved', found.what, found.service
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Change it after `freehold move complete`, or give the move up with `freehold move abort`.';
    END IF;
END
$freehold$""")

_FUNCTIONS = (
    _MOVED,
    _RIGHTS,
    _NOTE,
    _REFUSE,
    keyword(
        "REVOKE ALL ON FUNCTION freehold.move_moved(), freehold.move_rights(oid[]), freehold.move_note_ddl(),"
        " freehold.move_no_ddl() FROM PUBLIC"
    ),
)


def no_ddl() -> tuple[Sql, ...]:
    """Refuse changes to objects in the schemas of services that are being moved; needs a superuser. May run again."""
    made = (
        keyword(
            "CREATE EVENT TRIGGER freehold_move_note ON ddl_command_start EXECUTE FUNCTION freehold.move_note_ddl()"
        ),
        keyword("CREATE EVENT TRIGGER freehold_move_ddl ON ddl_command_end EXECUTE FUNCTION freehold.move_no_ddl()"),
        keyword("CREATE EVENT TRIGGER freehold_move_drop ON sql_drop EXECUTE FUNCTION freehold.move_no_ddl()"),
    )
    # in one transaction: nothing may slip through where an earlier guard is made again
    return (*_FUNCTIONS, join("; ", [*any_ddl(), *made]))


def any_ddl() -> tuple[Sql, ...]:
    """Take the guard against DDL off, once no move of this database is left."""
    return (
        keyword("DROP EVENT TRIGGER IF EXISTS freehold_move_note"),
        keyword("DROP EVENT TRIGGER IF EXISTS freehold_move_ddl"),
        keyword("DROP EVENT TRIGGER IF EXISTS freehold_move_drop"),
    )
