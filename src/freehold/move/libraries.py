"""Loads the libraries of extensions, so that a session knows the settings that they bring."""

from __future__ import annotations

from freehold.sqltext import Sql, keyword


def load() -> Sql:
    """Load what the extensions of this database are made of. Only a superuser may give a function a setting that the
    server has never heard of, and it hears of those of an extension when its library is loaded. What only loads
    when the server starts is passed over."""
    return _LOAD


_LOAD = keyword(
    "DO $freehold$ DECLARE library text; BEGIN"
    " FOR library IN SELECT DISTINCT p.probin FROM pg_catalog.pg_proc AS p"
    " JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid"
    " AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'"
    " WHERE p.probin IS NOT NULL ORDER BY 1"
    " LOOP BEGIN EXECUTE pg_catalog.format('LOAD %L', library); EXCEPTION WHEN OTHERS THEN NULL; END;"
    " END LOOP; END $freehold$"
)
