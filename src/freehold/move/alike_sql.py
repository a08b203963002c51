"""The query behind ``alike``. Its two places are the service's schemas and its roles."""

from __future__ import annotations

from typing import Final

ALIKE: Final = """\
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY (ARRAY[{}]::name[])
), relation AS MATERIALIZED (
  SELECT c.*, m.nspname, pg_catalog.format('%I.%I', m.nspname, c.relname) AS shown
    FROM pg_catalog.pg_class AS c JOIN mine AS m ON m.oid = c.relnamespace
   WHERE c.relkind <> 't' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x
       WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
), item (kind, name, catalog, object, owner, said) AS (
  SELECT CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
             WHEN 'c' THEN 'composite type' ELSE 'table' END, r.shown,
         CASE WHEN r.relkind = 'c' THEN 'pg_catalog.pg_type'::regclass ELSE 'pg_catalog.pg_class'::regclass END,
         CASE WHEN r.relkind = 'c' THEN r.reltype ELSE r.oid END, r.relowner,
         pg_catalog.jsonb_build_object(
           'partitioned', r.relkind = 'p', 'persistence', r.relpersistence,
           'partition key', pg_catalog.pg_get_partkeydef(r.oid),
           'partition bound', pg_catalog.pg_get_expr(r.relpartbound, r.oid),
           'parents', (SELECT pg_catalog.jsonb_agg(i.inhparent::regclass::text ORDER BY i.inhseqno)
               FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = r.oid),
           'settings', (SELECT pg_catalog.jsonb_agg(o ORDER BY o) FROM pg_catalog.unnest(r.reloptions) AS o),
           'toast settings', (SELECT pg_catalog.jsonb_agg(o ORDER BY o) FROM pg_catalog.pg_class AS t
               CROSS JOIN LATERAL pg_catalog.unnest(t.reloptions) AS o WHERE t.oid = r.reltoastrelid),
           'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace AS s WHERE s.oid = r.reltablespace),
           'access method', (SELECT a.amname FROM pg_catalog.pg_am AS a WHERE a.oid = r.relam),
           'row security', r.relrowsecurity, 'forced row security', r.relforcerowsecurity,
           'replica identity', r.relreplident,
           'has a key', EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = r.oid AND i.indisprimary),
           'of type', CASE WHEN r.reloftype <> 0 THEN r.reloftype::regtype::text END,
           'view definition', CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END)
    FROM relation AS r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
  UNION ALL
  SELECT 'column', pg_catalog.format('%s.%I', r.shown, a.attname), 'pg_catalog.pg_class'::regclass, NULL, NULL,
         pg_catalog.jsonb_build_object(
           'place', pg_catalog.row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
           'not null', a.attnotnull, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
           'generated', a.attgenerated, 'identity', a.attidentity,
           'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
           'storage', a.attstorage, 'compression', a.attcompression, 'inherited', a.attinhcount > 0,
           'statistics', nullif(a.attstattarget, -1),
           'settings', (SELECT pg_catalog.jsonb_agg(o ORDER BY o) FROM pg_catalog.unnest(a.attoptions) AS o
               WHERE NOT pg_catalog.starts_with(o, 'pg_attver=')),
           'comment', pg_catalog.col_description(r.oid, a.attnum))
    FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
   WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
  UNION ALL
  SELECT 'sequence', r.shown, 'pg_catalog.pg_class'::regclass, r.oid, r.relowner, pg_catalog.jsonb_build_object(
           'type', pg_catalog.format_type(q.seqtypid, NULL), 'start', q.seqstart, 'increment', q.seqincrement,
           'minimum', q.seqmin, 'maximum', q.seqmax, 'cache', q.seqcache, 'cycle', q.seqcycle,
           'persistence', r.relpersistence,
           'owned by', (SELECT pg_catalog.format('%s.%I', d.refobjid::regclass, a.attname)
               FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid
                   AND a.attnum = d.refobjsubid
               WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
                 AND d.refclassid = 'pg_catalog.pg_class'::regclass))
    FROM relation AS r JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = r.oid
  UNION ALL
  SELECT 'index', r.shown, 'pg_catalog.pg_class'::regclass, r.oid, NULL, pg_catalog.jsonb_build_object(
           'definition', pg_catalog.pg_get_indexdef(r.oid), 'valid', i.indisvalid, 'ready', i.indisready,
           'partitioned', r.relkind = 'I',
           'clustered', i.indisclustered, 'replica identity', i.indisreplident,
           'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace AS s WHERE s.oid = r.reltablespace),
           'parent', (SELECT h.inhparent::regclass::text FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = r.oid),
           'statistics', (SELECT pg_catalog.jsonb_agg(nullif(a.attstattarget, -1) ORDER BY a.attnum)
               FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.oid AND a.attnum > 0))
    FROM relation AS r JOIN pg_catalog.pg_index AS i ON i.indexrelid = r.oid
  UNION ALL
  SELECT 'constraint', pg_catalog.format('%I ON %s', k.conname,
             coalesce(r.shown, pg_catalog.format('DOMAIN %I.%I', m.nspname, t.typname))),
         'pg_catalog.pg_constraint'::regclass, k.oid, NULL, pg_catalog.jsonb_build_object(
           'kind', k.contype, 'definition', pg_catalog.pg_get_constraintdef(k.oid), 'validated', k.convalidated,
           'local', k.conislocal, 'inherited', k.coninhcount > 0,
           'not inheritable', k.contype = 'c' AND k.connoinherit,
           'triggers', (SELECT pg_catalog.jsonb_agg(pg_catalog.format('%s %s', g.tgfoid::regproc, g.tgenabled)
               ORDER BY g.tgfoid::regproc::text, g.tgenabled) FROM pg_catalog.pg_trigger AS g
               WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O'))
    FROM pg_catalog.pg_constraint AS k JOIN mine AS m ON m.oid = k.connamespace
    LEFT JOIN relation AS r ON r.oid = k.conrelid LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
    LEFT JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid
   WHERE k.contype <> 't' AND (k.contype <> 'f' OR (k.conparentid = 0 AND f.relnamespace IN (SELECT oid FROM mine)))
  UNION ALL
  SELECT 'trigger', pg_catalog.format('%I ON %s', g.tgname, r.shown), 'pg_catalog.pg_trigger'::regclass, g.oid, NULL,
         pg_catalog.jsonb_build_object('definition', pg_catalog.pg_get_triggerdef(g.oid), 'mode', g.tgenabled,
             'of its parent', g.tgparentid <> 0)
    FROM relation AS r JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = r.oid
   WHERE NOT g.tgisinternal AND g.tgname <> 'freehold_moved'
  UNION ALL
  SELECT 'rule', pg_catalog.format('%I ON %s', w.rulename, r.shown), 'pg_catalog.pg_rewrite'::regclass, w.oid, NULL,
         pg_catalog.jsonb_build_object('definition', pg_catalog.pg_get_ruledef(w.oid), 'mode', w.ev_enabled)
    FROM relation AS r JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid AND w.ev_type <> '1'
  UNION ALL
  SELECT 'function', pg_catalog.format('%I.%I(%s)', m.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)),
         'pg_catalog.pg_proc'::regclass, p.oid, p.proowner, pg_catalog.jsonb_build_object(
           'kind', p.prokind, 'language', l.lanname, 'source', p.prosrc, 'library', p.probin,
           'body', pg_catalog.pg_get_function_sqlbody(p.oid),
           'arguments', pg_catalog.pg_get_function_arguments(p.oid),
           'result', pg_catalog.pg_get_function_result(p.oid), 'volatility', p.provolatile, 'strict', p.proisstrict,
           'security definer', p.prosecdef, 'leakproof', p.proleakproof, 'parallel', p.proparallel,
           'cost', p.procost, 'rows', p.prorows, 'support', nullif(p.prosupport::oid, 0)::regproc::text,
           'settings', (SELECT pg_catalog.jsonb_agg(o ORDER BY o) FROM pg_catalog.unnest(p.proconfig) AS o),
           'transforms', (SELECT pg_catalog.jsonb_agg(o::regtype::text) FROM pg_catalog.unnest(p.protrftypes) AS o),
           'aggregate', CASE WHEN a.aggfnoid IS NOT NULL THEN pg_catalog.jsonb_build_array(a.aggkind,
               a.aggnumdirectargs, a.aggtransfn::text, a.aggfinalfn::text, a.aggcombinefn::text, a.aggserialfn::text,
               a.aggdeserialfn::text, a.aggmtransfn::text, a.aggminvtransfn::text, a.aggmfinalfn::text,
               a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, a.aggmfinalmodify, a.aggsortop::regoperator::text,
               a.aggtranstype::regtype::text, a.aggtransspace, a.aggmtranstype::regtype::text, a.agginitval,
               a.aggminitval) END)
    FROM pg_catalog.pg_proc AS p JOIN mine AS m ON m.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    LEFT JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = p.oid
  UNION ALL
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange'
             ELSE 'type' END, pg_catalog.format('%I.%I', m.nspname, t.typname), 'pg_catalog.pg_type'::regclass, t.oid,
         CASE WHEN t.typtype <> 'm' THEN t.typowner END, pg_catalog.jsonb_build_object(
           'labels', (SELECT pg_catalog.jsonb_agg(e.enumlabel ORDER BY e.enumsortorder)
               FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid),
           'base', CASE WHEN t.typbasetype <> 0 THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
           'default', coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault),
           'not null', t.typnotnull,
           'collation', CASE WHEN t.typbasetype <> 0 THEN nullif(t.typcollation, 0)::regcollation::text END,
           'range', (SELECT pg_catalog.jsonb_build_array(pg_catalog.format_type(g.rngsubtype, NULL),
                   nullif(g.rngcollation, 0)::regcollation::text, g.rngcanonical::text, g.rngsubdiff::text,
                   g.rngmultitypid::regtype::text, o.opcname, o.opcnamespace::regnamespace::text)
               FROM pg_catalog.pg_range AS g JOIN pg_catalog.pg_opclass AS o ON o.oid = g.rngsubopc
               WHERE g.rngtypid = t.oid),
           'base type', CASE WHEN t.typtype = 'b' THEN pg_catalog.jsonb_build_array(t.typlen, t.typbyval,
               t.typcategory, t.typispreferred, t.typdelim, t.typinput::text, t.typoutput::text, t.typreceive::text,
               t.typsend::text, t.typmodin::text, t.typmodout::text, t.typalign, t.typstorage) END)
    FROM pg_catalog.pg_type AS t JOIN mine AS m ON m.oid = t.typnamespace
   WHERE t.typrelid = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT 'statistics', pg_catalog.format('%I.%I', m.nspname, s.stxname), 'pg_catalog.pg_statistic_ext'::regclass,
         s.oid, s.stxowner, pg_catalog.jsonb_build_object(
           'definition', pg_catalog.pg_get_statisticsobjdef(s.oid), 'target', nullif(s.stxstattarget, -1))
    FROM pg_catalog.pg_statistic_ext AS s JOIN mine AS m ON m.oid = s.stxnamespace
  UNION ALL
  SELECT 'collation', pg_catalog.format('%I.%I', m.nspname, c.collname), 'pg_catalog.pg_collation'::regclass, c.oid,
         c.collowner, pg_catalog.jsonb_build_object('provider', c.collprovider, 'deterministic', c.collisdeterministic,
           'encoding', c.collencoding, 'locale', coalesce(pg_catalog.to_jsonb(c) ->> 'collocale',
               pg_catalog.to_jsonb(c) ->> 'colliculocale'), 'collate', c.collcollate, 'ctype', c.collctype,
           'rules', pg_catalog.to_jsonb(c) ->> 'collicurules')
    FROM pg_catalog.pg_collation AS c JOIN mine AS m ON m.oid = c.collnamespace
  UNION ALL
  SELECT 'operator', o.oid::regoperator::text, 'pg_catalog.pg_operator'::regclass, o.oid, o.oprowner,
         pg_catalog.jsonb_build_object('function', o.oprcode::text, 'result', nullif(o.oprresult, 0)::regtype::text,
           'merges', o.oprcanmerge, 'hashes', o.oprcanhash, 'restrict', o.oprrest::text, 'join', o.oprjoin::text,
           'commutator', nullif(o.oprcom, 0)::regoperator::text, 'negator', nullif(o.oprnegate, 0)::regoperator::text)
    FROM pg_catalog.pg_operator AS o JOIN mine AS m ON m.oid = o.oprnamespace
  UNION ALL
  SELECT 'operator class', pg_catalog.format('%I.%I USING %I', m.nspname, o.opcname, a.amname),
         'pg_catalog.pg_opclass'::regclass, o.oid, o.opcowner, pg_catalog.jsonb_build_object(
           'family', f.opfname, 'type', pg_catalog.format_type(o.opcintype, NULL), 'default', o.opcdefault,
           'key type', CASE WHEN o.opckeytype <> 0 THEN pg_catalog.format_type(o.opckeytype, NULL) END)
    FROM pg_catalog.pg_opclass AS o JOIN mine AS m ON m.oid = o.opcnamespace
    JOIN pg_catalog.pg_am AS a ON a.oid = o.opcmethod JOIN pg_catalog.pg_opfamily AS f ON f.oid = o.opcfamily
  UNION ALL
  SELECT 'operator family', pg_catalog.format('%I.%I USING %I', m.nspname, o.opfname, a.amname),
         'pg_catalog.pg_opfamily'::regclass, o.oid, o.opfowner, pg_catalog.jsonb_build_object(
           'operators', (SELECT pg_catalog.jsonb_agg(x.shown ORDER BY x.shown) FROM (SELECT pg_catalog.format(
               '%s %s %s %s', p.amopstrategy, p.amopopr::regoperator, p.amoppurpose, s.opfname) AS shown
               FROM pg_catalog.pg_amop AS p LEFT JOIN pg_catalog.pg_opfamily AS s ON s.oid = p.amopsortfamily
               WHERE p.amopfamily = o.oid) AS x),
           'functions', (SELECT pg_catalog.jsonb_agg(x.shown ORDER BY x.shown) FROM (SELECT pg_catalog.format(
               '%s %s %s %s', p.amprocnum, p.amproc::regprocedure, p.amproclefttype::regtype,
               p.amprocrighttype::regtype) AS shown
               FROM pg_catalog.pg_amproc AS p WHERE p.amprocfamily = o.oid) AS x))
    FROM pg_catalog.pg_opfamily AS o JOIN mine AS m ON m.oid = o.opfnamespace
    JOIN pg_catalog.pg_am AS a ON a.oid = o.opfmethod
  UNION ALL
  SELECT 'conversion', pg_catalog.format('%I.%I', m.nspname, c.conname), 'pg_catalog.pg_conversion'::regclass, c.oid,
         c.conowner, pg_catalog.jsonb_build_object('from', pg_catalog.pg_encoding_to_char(c.conforencoding),
           'to', pg_catalog.pg_encoding_to_char(c.contoencoding), 'function', c.conproc::text, 'default', c.condefault)
    FROM pg_catalog.pg_conversion AS c JOIN mine AS m ON m.oid = c.connamespace
  UNION ALL
  SELECT 'text search dictionary', pg_catalog.format('%I.%I', m.nspname, d.dictname),
         'pg_catalog.pg_ts_dict'::regclass, d.oid, d.dictowner, pg_catalog.jsonb_build_object(
           'template', t.tmplname, 'settings', d.dictinitoption)
    FROM pg_catalog.pg_ts_dict AS d JOIN mine AS m ON m.oid = d.dictnamespace
    JOIN pg_catalog.pg_ts_template AS t ON t.oid = d.dicttemplate
  UNION ALL
  SELECT 'text search configuration', pg_catalog.format('%I.%I', m.nspname, c.cfgname),
         'pg_catalog.pg_ts_config'::regclass, c.oid, c.cfgowner, pg_catalog.jsonb_build_object(
           'parser', p.prsname, 'mappings', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(x.maptokentype,
               x.mapseqno, x.mapdict::regdictionary::text) ORDER BY x.maptokentype, x.mapseqno)
               FROM pg_catalog.pg_ts_config_map AS x WHERE x.mapcfg = c.oid))
    FROM pg_catalog.pg_ts_config AS c JOIN mine AS m ON m.oid = c.cfgnamespace
    JOIN pg_catalog.pg_ts_parser AS p ON p.oid = c.cfgparser
  UNION ALL
  SELECT 'schema', pg_catalog.format('%I', m.nspname), 'pg_catalog.pg_namespace'::regclass, m.oid, NULL,
         pg_catalog.jsonb_build_object()
    FROM mine AS m
), setting AS (
  SELECT coalesce(o.rolname, '') AS role, s.setdatabase <> 0 AS here,
         (SELECT pg_catalog.jsonb_agg(c ORDER BY c) FROM pg_catalog.unnest(s.setconfig) AS c) AS said
    FROM pg_catalog.pg_db_role_setting AS s LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = s.setrole
   WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
           WHERE d.datname = pg_catalog.current_database()))
     AND (s.setrole = 0 OR o.rolname = ANY (ARRAY[{}]::name[]))
)
SELECT pg_catalog.json_build_object('version', pg_catalog.current_setting('server_version_num')::integer,
  'items', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(i.kind, i.name, o.rolname,
        CASE WHEN i.object IS NOT NULL THEN i.said || pg_catalog.jsonb_build_object('comment',
            pg_catalog.obj_description(i.object, i.catalog::text::name)) ELSE i.said END)), '[]')
      FROM item AS i LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = i.owner
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = i.catalog AND x.objid = i.object
          AND x.deptype = 'e')),
  'settings', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(s.role, s.here, s.said)), '[]')
      FROM setting AS s))::text"""
