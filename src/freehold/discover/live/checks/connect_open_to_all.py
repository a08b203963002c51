"""Every role may connect to a database, although other services have databases beside it.

Why: PostgreSQL lets everybody in unless CONNECT is taken from PUBLIC. A service that may connect sees the names, the
source text and the statistics of the other, and whatever was granted to PUBLIC. The remedy first lets in who was seen;
a login that was not connected meanwhile must be added by hand.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check
from freehold.discover.live.view import View
from freehold.sqltext import PUBLIC, ident, sql


@check("databases are closed to the logins of others")
def connect_open_to_all(view: View) -> Answer:
    used = view.used
    if len(used) < 2:
        return Answer(f"{len(used)} database with tables: there is nothing to keep apart")
    wrong = tuple(
        Wrong(
            f"database {ident(database.name)}",
            f'every role may connect to database "{database.name}"',
            f"{len(used)} databases lie side by side here, and CONNECT is granted to PUBLIC",
            (f'datacl of "{database.name}" holds CONNECT for PUBLIC',),
            _remedy(view, database.name),
        )
        for database in used
        if any(grant.grantee == PUBLIC and grant.privilege == "CONNECT" for grant in database.acl)
    )
    return Answer(f"{len(used)} databases", wrong)


def _remedy(view: View, database: str) -> str:
    logins = sorted({one.login for one in view.live.seen if one.database == database})
    kept = [login for login in logins if not view.clients.superuser(login)]
    grant = "".join(
        sql("GRANT CONNECT ON DATABASE {} TO {}; ", ident(database), ident(login)).shown() for login in kept
    )
    return grant + sql("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", ident(database)).shown()
