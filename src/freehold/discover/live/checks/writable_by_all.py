"""Every role may write a table, or create objects in a schema.

Why: a grant to PUBLIC holds for all logins there are and all there will be. CREATE on a schema lets any role plant a
function or a table that another one then uses by its unqualified name.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, unread
from freehold.discover.live.resolve import readable
from freehold.discover.live.view import View
from freehold.spec.names import show_table
from freehold.sqltext import PUBLIC, ident, sql

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE"})


@check("nothing is writable by every role", "error")
def writable_by_all(view: View) -> Answer:
    wrong: list[Wrong] = []
    count = 0
    for database, contents in readable(view.live):
        where = f'in database "{database.name}"'
        for schema, acl in contents.schema_acls.items():
            count += 1
            if any(grant.grantee == PUBLIC and grant.privilege == "CREATE" for grant in acl):
                wrong.append(
                    Wrong(
                        f"schema {ident(database.name, schema)}",
                        f'every role may create objects in schema "{schema}" {where}',
                        "CREATE is granted to PUBLIC",
                        (f'nspacl of "{schema}" holds CREATE for PUBLIC',),
                        sql("REVOKE CREATE ON SCHEMA {} FROM PUBLIC;", ident(schema)).shown(),
                    )
                )
        for table in contents.tables:
            count += 1
            given = sorted({grant.privilege for grant in table.acl if grant.grantee == PUBLIC} & _WRITES)
            if given:
                wrong.append(
                    Wrong(
                        f"table {ident(database.name)}.{show_table(table.name)}",
                        f"every role may write {show_table(table.name)} {where}",
                        f"{', '.join(given)} is granted to PUBLIC",
                        (f"relacl of {show_table(table.name)} holds {', '.join(given)} for PUBLIC",),
                        sql("REVOKE ALL ON {} FROM PUBLIC;", ident(table.name.schema, table.name.table)).shown(),
                    )
                )
    return Answer(f"{count} schemas and tables", tuple(wrong), "" if wrong else unread(view))
