"""Who may advance the sequences of a service: taken away while its home is closed, given back exactly when it opens.

No lock keeps ``nextval`` out, so the right itself is taken, from the owner too: a function of the owner's could draw
numbers otherwise. Who passed a right on is kept with it, and passes it on again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from freehold.spec.model import TableName
from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, literal, role, sql

Row = tuple[object, ...]

SEQUENCE_GRANT = "sequence grant"
"""The kind under which it is kept."""


@dataclass(frozen=True, slots=True)
class SequenceGrant:
    """A right to advance a sequence, given by ``grantor``; ``grantee`` is ``public`` for PUBLIC. ``depth`` is how often
    it was passed on: the owner's own rights, and what the owner gave, have 0."""

    sequence: TableName
    grantee: str
    privilege: str
    grantable: bool
    grantor: str
    depth: int

    @property
    def name(self) -> str:
        """What it is kept as; by name, a right comes after those that it was passed on from."""
        whose = PUBLIC if self.grantee == PUBLIC else ident(self.grantee).shown()
        by = ident(self.grantor).shown()
        return f"{self.depth:04} {_name(self.sequence).shown()} {self.privilege} {whose} by {by}"


def question(schemas: Iterable[str]) -> Sql:
    """Schema, sequence, grantee (PUBLIC as ``public``), privilege, whether it may be passed on, grantor and whether
    that is the owner, for everybody who may advance a sequence."""
    return sql(
        "SELECT n.nspname, c.relname, CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(a.grantee)"
        " END, a.privilege_type, a.is_grantable, pg_catalog.pg_get_userbyid(a.grantor), a.grantor = c.relowner"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('s', c.relowner))) AS a"
        " WHERE c.relkind = 'S' AND n.nspname = ANY (ARRAY[{}]::name[])"
        " AND a.privilege_type IN ('USAGE', 'UPDATE') ORDER BY 1, 2, 3, 4, 6",
        join(", ", [literal(schema) for schema in schemas]),
    )


def grants(rows: Iterable[Row]) -> tuple[SequenceGrant, ...]:
    """What the answer to ``question`` tells, each after what it was passed on from."""
    found: list[SequenceGrant] = []
    left = list(rows)
    reach: dict[tuple[str, str, str, str], int] = {}  # who may pass a right on, and at which depth the right is
    while left:
        later: list[Row] = []
        for row in left:
            schema, name, who, privilege, by = (str(row[n]) for n in (0, 1, 2, 3, 5))
            from_depth = -1 if row[6] is True else reach.get((schema, name, privilege, by))
            if from_depth is None:
                later.append(row)
                continue
            one = SequenceGrant(TableName(schema, name), who, privilege, row[4] is True, by, from_depth + 1)
            found.append(one)
            if one.grantable:
                key = (schema, name, privilege, who)
                reach[key] = min(one.depth, reach.get(key, one.depth))
        if len(later) == len(left):
            raise AssertionError(f"rights that nobody can have passed on: {later}")
        left = later
    return tuple(sorted(found, key=lambda one: one.name))


def take(rights: Iterable[SequenceGrant]) -> tuple[Sql, ...]:
    """Take the rights away; what was passed on goes with that from which it came."""
    pairs = dict.fromkeys((one.sequence, one.grantee) for one in rights if not one.depth)
    return tuple(
        sql("REVOKE USAGE, UPDATE ON SEQUENCE {} FROM {} CASCADE", _name(sequence), role(grantee))
        for sequence, grantee in pairs
    )


def give(one: SequenceGrant) -> Sql:
    """Give a right back as who gave it. A role that is gone is left out, and where who passed it on cannot any more,
    the owner gives it."""
    return sql(
        "SELECT freehold.move_grant({}, {}, {}, {}, {})",
        literal(_name(one.sequence).shown()),
        literal(one.privilege),
        literal(one.grantee),
        literal(one.grantor),
        keyword("true") if one.grantable else keyword("false"),
    )


def _name(name: TableName) -> Sql:
    return ident(name.schema, name.table)


FUNCTION = keyword("""\
CREATE OR REPLACE FUNCTION freehold.move_grant(
    sequence text, privilege text, grantee text, grantor text, pass_on boolean
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $freehold$
DECLARE
    space name;
    mine name;
    shut boolean;
    given text := format('GRANT %s ON SEQUENCE %s TO %s%s', privilege, sequence,
        CASE grantee WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(grantee) END,
        CASE WHEN pass_on THEN ' WITH GRANT OPTION' ELSE '' END);
BEGIN
    SELECT n.nspname, pg_get_userbyid(c.relowner) INTO space, mine FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(sequence);
    IF NOT FOUND OR (grantee <> 'public' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantee)) THEN
        RETURN;
    END IF;
    IF grantor = mine OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantor AND NOT rolsuper)
        OR NOT has_sequence_privilege(grantor, sequence, privilege || ' WITH GRANT OPTION') THEN
        EXECUTE given;
        RETURN;
    END IF;
    shut := NOT has_schema_privilege(grantor, space, 'USAGE');
    IF shut THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', space, grantor);
    END IF;
    EXECUTE format('SET LOCAL ROLE %I', grantor);
    EXECUTE given;
    SET LOCAL ROLE NONE;
    IF shut THEN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %I', space, grantor);
    END IF;
END
$freehold$""")
"""Gives a right on a sequence in the name of who gave it: PostgreSQL takes GRANTED BY from nobody but that role."""
