"""Every role may connect to a database, although other services have databases beside it.

Why: PostgreSQL lets everybody in unless CONNECT is taken from PUBLIC. A service that may connect sees the names, the
source text and the statistics of the other, and whatever was granted to PUBLIC.
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
            sql("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", ident(database.name)).shown(),
        )
        for database in used
        if any(grant.grantee == PUBLIC and grant.privilege == "CONNECT" for grant in database.acl)
    )
    return Answer(f"{len(used)} databases", wrong)
