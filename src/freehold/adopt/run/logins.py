"""Keeps the logins of old clients in: a plan makes the admin the owner of the database and takes from PUBLIC what they
live on, so each gets by name what it has now. Its rights end with `freehold apply --authoritative`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from freehold.adopt import record
from freehold.adopt.model import Share
from freehold.ports import Session
from freehold.sqltext import PUBLIC, Sql, ident, join, keyword, literal, sql, words

_OWNER = "OWNER"

_HAS = """\
SELECT r.rolname, p.privilege FROM pg_catalog.pg_roles AS r
 CROSS JOIN (VALUES ('CONNECT'), ('TEMPORARY'), ('OWNER')) AS p(privilege)
  JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
 WHERE r.rolname = ANY (ARRAY[{}]::name[]) AND NOT r.rolsuper AND r.rolname NOT LIKE 'pg\\_%'
   AND CASE p.privilege WHEN 'OWNER' THEN d.datdba = r.oid
            ELSE pg_catalog.has_database_privilege(r.oid, d.oid, p.privilege) AND (d.datdba = r.oid OR NOT EXISTS (
              SELECT FROM pg_catalog.aclexplode(d.datacl) AS a
               WHERE a.grantee = r.oid AND a.privilege_type = p.privilege)) END
 ORDER BY 1, 2"""

_EVERYBODY = keyword(
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_database AS d CROSS JOIN LATERAL pg_catalog.aclexplode("
    "coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS a WHERE a.grantee = 0"
    " AND a.privilege_type = 'CONNECT' AND d.datname = pg_catalog.current_database())"
)


def keep_in(
    session: Session, database: str, share: Share, clients: Iterable[str], ours: frozenset[str]
) -> tuple[Sql, ...]:
    """What lets everybody go on who owns, or may use, what a service adopts, or is connected. The record counts by
    service: a login is let go with the last one."""
    owners = {one.owner for one in share.things}
    known = {right.grantee for one in share.things for right in one.rights if right.grantee != PUBLIC}
    names = sorted((owners | known | set(clients)) - ours)
    if not names:
        return ()
    given: dict[str, set[str]] = {}
    for login, privilege in session.query(sql(_HAS, join(", ", [literal(name) for name in names]))):
        given.setdefault(str(login), set()).add(str(privilege))
    found: list[Sql] = []
    for login, rights in sorted(given.items()):
        if _OWNER in rights:
            # an owner's grants to itself go to the next owner
            found.append(sql("ALTER DATABASE {} OWNER TO CURRENT_USER", ident(database)))
        found.append(sql("GRANT {} ON DATABASE {} TO {}", _what(rights), ident(database), ident(login)))
    for login, kept in session.query(record.LOGINS):
        if login in names:
            given.setdefault(str(login), set()).update(cast("list[str]", json.loads(str(kept))))
    return (*found, *(record.remember_login(share.service, login, rights) for login, rights in sorted(given.items())))


def dismiss(session: Session, database: str, service: str) -> tuple[Sql, ...]:
    """What takes that back from logins that no other service keeps; where PUBLIC lost its rights meanwhile, a login
    has its own again, or it would be shut out."""
    everybody = session.query(_EVERYBODY)[0][0] is True
    found: list[Sql] = []
    for login, kept in session.query(record.logins(service)):
        rights = set(cast("list[str]", json.loads(str(kept))))
        template = "REVOKE {} ON DATABASE {} FROM {}" if everybody else "GRANT {} ON DATABASE {} TO {}"
        found.append(sql(template, _what(rights), ident(database), ident(str(login))))
        if _OWNER in rights:
            found.append(sql("ALTER DATABASE {} OWNER TO {}", ident(database), ident(str(login))))
    return (*found, record.forget_logins(service))


def _what(rights: Iterable[str]) -> Sql:
    return join(", ", [words(one) for one in sorted(rights) if one != _OWNER])
