"""A login of the service has rights through another role, or somebody has rights through it, that do not go along.

Membership in a role, and the right to SET a parameter, are of a server and not of a database. Where the service gets
other logins, or goes to another instance, they are not there: Freehold makes only what the declaration asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.spec.names import service_logins
from freehold.sqltext import ident, quote_ident, sql, words


@check(Level.WARNING)
def role_rights(facts: Facts) -> Iterator[Note]:
    move, there = facts.move, facts.target
    known = {*facts.platform_roles, *service_logins(move.platform, move.service), facts.source.user}
    for group, member in facts.source.memberships:
        moved = (move.role_on_target(group), move.role_on_target(member))
        outside = group if member in _ours(facts) else member
        if outside in known or outside in _ours(facts) or outside.startswith("freehold_") or moved in there.memberships:
            continue
        yield Note(
            f"role {quote_ident(moved[1])} on {instance(there)}",
            f"it is no member of {quote_ident(moved[0])}, as {quote_ident(member)} is of {quote_ident(group)}",
            sql("GRANT {} TO {}", ident(moved[0]), ident(moved[1])).shown(),
        )
    for role, parameter, privilege in facts.source.parameters:
        new = move.role_on_target(role)
        if (new, parameter, privilege) not in there.parameters:
            yield Note(
                f"role {quote_ident(new)} on {instance(there)}",
                f"it has no right to {privilege} parameter {parameter}, as {quote_ident(role)} has",
                sql(
                    "GRANT {} ON PARAMETER {} TO {}", words(privilege), ident(*parameter.split(".")), ident(new)
                ).shown(),
            )


def _ours(facts: Facts) -> frozenset[str]:
    roles = facts.move.source_roles
    return frozenset((roles.owner, roles.app, roles.ro))
