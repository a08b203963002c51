"""Somebody has rights on what the service has, and may not come in at its new home.

Rights on tables and schemas go along for every role that the new home has. CONNECT, TEMPORARY and CREATE are of the
database: Freehold gives them to the logins of its services, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import ident, quote_ident, sql


@check(Level.WARNING)
def database_rights(facts: Facts) -> Iterator[Note]:
    place = f"database {quote_ident(facts.move.target.database)} on {instance(facts.target)}"
    ours = {facts.move.source_roles.owner, facts.move.source_roles.app, facts.move.source_roles.ro}
    for role in sorted({*facts.source.grantees} - facts.platform_roles - ours):
        if role.startswith("freehold_"):
            continue
        if role not in facts.target.roles:
            yield Note(
                f"role {quote_ident(role)}",
                f"it has rights on what the service has, and {instance(facts.target)} has no such role",
                f"CREATE ROLE {quote_ident(role)}",
                "Its rights are left out, and named when the definitions are made.",
            )
            continue
        lost = [
            name
            for name in ("CONNECT", "CREATE", "TEMPORARY")
            if (role, name) in facts.source.access and (role, name) not in facts.target.access
        ]
        if lost:
            grant = sql("ON DATABASE {} TO {}", ident(facts.move.target.database), ident(role)).shown()
            yield Note(
                f"role {quote_ident(role)}",
                f"it has rights on what the service has, and has no {', '.join(lost)} on {place} as on the old one",
                f"GRANT {', '.join(lost)} {grant}"
                if facts.target_there
                else f"-- then: GRANT {', '.join(lost)} {grant}",
                "Grant it when the database is there, or declare what the role reads.",
            )
