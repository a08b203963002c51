"""Objects that stand in the way of a routine's unqualified names: what a hijack creates before it calls the routine.

Each raises an exception that says as whom it ran. It is an assert_failure, which ``EXCEPTION WHEN OTHERS`` of the
routine does not catch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.prove.asking import Answer
from freehold.prove.scene import Thing
from freehold.sqltext import Sql, ident, join, keyword, literal, quote_ident, sql

NAME: Final = "freehold_proof_intruder"
RAISED = "P0004"
TEMPORARY = "pg_temp"

_IDENTIFIER = re.compile(r'(?<![\w.$"])("(?:[^"]|"")+"|[^\W\d][\w$]*)(?!\s*\.|[\w$"])(\s*\()?')
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_MESSAGE = re.compile(r'^freehold proof: (?P<what>.+) ran as "(?P<who>.+)"$', re.S)
_NAMES_MAX = 200


@dataclass(frozen=True, slots=True)
class Names:
    """What a routine's source names without a schema: relations and types, routines that it calls, operators."""

    plain: frozenset[str]
    called: frozenset[str]
    operators: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """A routine as an attacker can read it in pg_proc. ``call`` calls it, with harmless values."""

    callable: bool
    trigger: bool
    text: str
    call: str


def names_in(source: str) -> Names:
    """Every identifier and operator that the source does not qualify; more than are names, and never fewer."""
    plain: set[str] = set()
    called: set[str] = set()
    for match in _IDENTIFIER.finditer(source):
        word, bracket = match.groups()
        name = word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        (called if bracket else plain).add(name)
    return Names(frozenset(plain | called), frozenset(called), frozenset(_OPERATOR.findall(source)))


def ask_places() -> Sql:
    """One row: TEMPORARY on the database, CREATE on it, and the schemas one may create in, as a JSON list."""
    return keyword(
        "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),"
        " pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),"
        " (SELECT pg_catalog.json_agg(nspname ORDER BY nspname) FROM pg_catalog.pg_namespace"
        " WHERE pg_catalog.has_schema_privilege(oid, 'CREATE') AND nspname !~ '^pg_')"
    )


def ask_source(thing: Thing) -> Sql:
    """The routine as in ``Source``; its arguments are found as the snapshot holds them."""
    return sql(_SOURCE, literal(thing.object.schema), literal(thing.object.name), literal(thing.object.arguments or ""))


def source_from(answer: Answer) -> Source | None:
    """What ``ask_source`` was answered; None when the routine was not found."""
    if not answer.ok or not answer.rows:
        return None
    may_call, trigger, text, call = answer.rows[0]
    return Source(may_call == "t", trigger == "t", text or "", call or "")


def ask_shadows(names: Names, thing: Thing, place: str, earlier: Sequence[str]) -> Sql:
    """One column of statements, as the server quotes them, that create what would be found before what is meant.

    ``earlier`` are the schemas that the routine searches first: what they have of a relation or a type is found there,
    and what the place itself has is what is meant. The same routine or operator is found there, too, but one whose
    arguments fit better is not, so those are always named. In ``pg_temp`` only relations and types are ever looked
    for; in a schema also routines and operators."""
    plain, called, operators = (_array(some) for some in (names.plain, names.called, names.operators))
    schema, where = literal(thing.object.schema), literal(_spelled(place))
    found = _array((*earlier, place))
    parts = [
        sql(_RELATIONS, where, plain, found, schema),
        sql(_TYPES, where, where, plain, found),
    ]
    if place != TEMPORARY:
        parts += [sql(_ROUTINES, where, where, called), sql(_OPERATORS, where, where, where, where, operators)]
    return join(" UNION ALL ", parts)


def attempt(statements: Sequence[str], source: Source, place: str, new: bool, path: Sequence[str]) -> Sql:
    """The hijack: create the shadows, set the search_path (when ``path`` has any), and call the routine read-only.

    Meant to be sent in a transaction that is rolled back."""
    where = _spelled(place)
    before = [sql("CREATE SCHEMA {}", ident(place)), sql("GRANT USAGE ON SCHEMA {} TO PUBLIC", ident(place))]
    created = join(", ", [literal(text) for text in (*_raisers(where), *statements)])
    call = [
        sql("DO {}", literal(_CREATE.replace("@", created.shown()))),
        *([sql("SET LOCAL search_path = {}", join(", ", [ident(name) for name in path]))] if path else []),
        # what the routine does on its way to the shadow must change nothing, and sequences are not rolled back
        keyword("SET TRANSACTION READ ONLY"),
        Sql((source.call,)),
    ]
    return join("; ", [*(before if new else []), *call])


def of(what: str, statements: Iterable[str]) -> tuple[str, ...]:
    """Those statements that make the shadow ``what``: enough for a person to see it happen again."""
    name = what.removeprefix("trigger of ").partition(" ")[2]
    return tuple(statement for statement in statements if name in statement)


def ran_as(answer: Answer) -> tuple[str, str]:
    """(which shadow ran, as whom), or two empty texts."""
    match = _MESSAGE.match(answer.message) if answer.sqlstate == RAISED else None
    return (match["what"], match["who"]) if match else ("", "")


def _spelled(place: str) -> str:
    return place if place == TEMPORARY else quote_ident(place)


def _array(names: Iterable[str]) -> Sql:
    some = join(", ", [literal(name) for name in sorted(names)[:_NAMES_MAX]])
    return sql("ARRAY[{}]::pg_catalog.text[]", some)


def _raisers(where: str) -> tuple[str, ...]:
    place, name, row = Sql((where,)), keyword(NAME), keyword("freehold_proof_intruder_row")
    made = (
        sql(
            "CREATE FUNCTION {}.{}(pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql AS {}",
            place,
            name,
            literal(_RAISES.format("$1")),
        ),
        sql(
            "CREATE FUNCTION {}.{}() RETURNS trigger LANGUAGE plpgsql AS {}",
            place,
            row,
            literal(_RAISES.format("TG_ARGV[0]")),
        ),
        sql("GRANT EXECUTE ON FUNCTION {}.{}(pg_catalog.text), {}.{}() TO PUBLIC", place, name, place, row),
    )
    return tuple(one.shown() for one in made)


_RAISES = (
    "BEGIN RAISE EXCEPTION USING ERRCODE = 'P0004',"
    " MESSAGE = pg_catalog.concat('freehold proof: ', {}, ' ran as \"', CURRENT_USER, '\"'); END"
)

# A shadow that cannot be made (a name twice, a type that cannot be a domain's) is left out.
_CREATE = """
DECLARE statement pg_catalog.text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[@]::pg_catalog.text[] LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END"""

_SOURCE = """\
SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE'),
  p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype, p.prosrc,
  pg_catalog.format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, n.nspname, p.proname,
    (SELECT pg_catalog.string_agg(CASE WHEN p.provariadic <> 0 AND a.k = p.pronargs THEN 'VARIADIC ' ELSE '' END
       || CASE t.typcategory WHEN 'N' THEN '''0''' WHEN 'S' THEN '''''' WHEN 'B' THEN '''false'''
          WHEN 'D' THEN '''2000-01-01 00:00''' ELSE 'NULL' END
       || pg_catalog.format('::%I.%I', tn.nspname, t.typname), ', ' ORDER BY a.k)
     FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY AS a(oid, k)
     JOIN pg_catalog.pg_type AS t ON t.oid = a.oid JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace))
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = {} AND p.proname = {} AND CASE
  WHEN (SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)) IS NOT NULL
  THEN pg_catalog.pg_get_function_identity_arguments(p.oid) = {} END"""

# A view answers reads with its columns and its WHERE, and writes with its trigger. It has the relation's own columns,
# where anybody may name their types, so that the routine's statements still mean something; none of them is a constant,
# with which a plan could end before it looks into the view.
_RELATIONS = """\
SELECT pg_catalog.unnest(ARRAY[
  pg_catalog.format('CREATE VIEW %1$s.%2$I AS SELECT %3$s WHERE %1$s.freehold_proof_intruder(%4$L)',
    r.place, r.relname, r.columns, 'view ' || r.relname),
  pg_catalog.format('GRANT ALL ON %s.%I TO PUBLIC', r.place, r.relname),
  pg_catalog.format('CREATE TRIGGER freehold_proof_intruder INSTEAD OF INSERT OR UPDATE OR DELETE ON %1$s.%2$I'
    ' FOR EACH ROW EXECUTE FUNCTION %1$s.freehold_proof_intruder_row(%3$L)',
    r.place, r.relname, 'trigger of view ' || r.relname)])
FROM (SELECT DISTINCT ON (c.relname) p.place, c.relname, COALESCE((SELECT pg_catalog.string_agg(
        pg_catalog.format('CASE WHEN %s.freehold_proof_intruder(%L) THEN NULL::%s END AS %I',
          p.place, 'view ' || c.relname, CASE tn.nspname WHEN 'pg_catalog'
          THEN pg_catalog.format('pg_catalog.%I', t.typname) ELSE 'pg_catalog.text' END, a.attname), ', '
        ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') AS columns
    FROM (SELECT {} AS place) AS p CROSS JOIN pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY ({}) AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS e JOIN pg_catalog.pg_namespace AS en ON en.oid = e.relnamespace
      WHERE e.relname = c.relname AND en.nspname = ANY ({}))
    ORDER BY c.relname, n.nspname <> {}, n.nspname) AS r"""

_TYPES = """\
SELECT pg_catalog.format('CREATE DOMAIN %1$s.%2$I AS pg_catalog.%2$I CHECK (%3$s.freehold_proof_intruder(%4$L))',
  {}, t.typname, {}, 'type ' || t.typname)
FROM pg_catalog.pg_type AS t WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
AND t.typtype = 'b' AND t.typelem = 0 AND t.typname = ANY ({}) AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_type AS e JOIN pg_catalog.pg_namespace AS en ON en.oid = e.typnamespace
  WHERE e.typname = t.typname AND en.nspname = ANY ({}))"""

_ROUTINES = """\
SELECT pg_catalog.format('CREATE FUNCTION %s.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', {}, p.proname,
  (SELECT COALESCE(pg_catalog.string_agg(pg_catalog.format('%I.%I', tn.nspname, t.typname), ', ' ORDER BY a.k), '')
   FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY AS a(oid, k)
   JOIN pg_catalog.pg_type AS t ON t.oid = a.oid JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace),
  pg_catalog.format('%I.%I', rn.nspname, r.typname),
  pg_catalog.format('BEGIN PERFORM %s.freehold_proof_intruder(%L); END', {}, 'function ' || p.proname))
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_type AS r ON r.oid = p.prorettype
JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.typnamespace
WHERE p.prokind = 'f' AND r.typtype <> 'p' AND p.proname = ANY ({}) AND NOT EXISTS (
  SELECT FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) AS a(oid)
  JOIN pg_catalog.pg_type AS t ON t.oid = a.oid WHERE t.typtype = 'p')"""

_OPERATORS = """\
SELECT pg_catalog.unnest(ARRAY[
  pg_catalog.format('CREATE FUNCTION %s.freehold_proof_%s(pg_catalog.%I, pg_catalog.%I) RETURNS pg_catalog.%I'
    ' LANGUAGE plpgsql AS %L', {}, o.oid, l.typname, r.typname, x.typname,
    pg_catalog.format('BEGIN PERFORM %s.freehold_proof_intruder(%L); END', {}, 'operator ' || o.oprname)),
  pg_catalog.format('CREATE OPERATOR %s.%s (FUNCTION = %s.freehold_proof_%s, LEFTARG = pg_catalog.%I,'
    ' RIGHTARG = pg_catalog.%I)', {}, o.oprname, {}, o.oid, l.typname, r.typname)])
FROM pg_catalog.pg_operator AS o JOIN pg_catalog.pg_type AS l ON l.oid = o.oprleft
JOIN pg_catalog.pg_type AS r ON r.oid = o.oprright JOIN pg_catalog.pg_type AS x ON x.oid = o.oprresult
WHERE o.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace AND o.oprname = ANY ({})
AND ARRAY[l.typname, r.typname]::pg_catalog.text[]
  <@ '{text,int2,int4,int8,numeric,float8,bool,uuid,date,timestamp,timestamptz,jsonb,bytea}'"""
