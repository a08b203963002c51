"""A row security policy is for a role that the new home does not have.

The policy arrives without that role; a policy for no other role does not arrive at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import ident, quote_ident, sql


@check(Level.WARNING)
def policy_roles(facts: Facts) -> Iterator[Note]:
    for policy, role in facts.source.policy_roles:
        there = facts.move.role_on_target(role)
        if there not in facts.target.roles:
            yield Note(
                f"policy {policy}",
                f"it is for {quote_ident(role)}, and {instance(facts.target)} has no {quote_ident(there)}",
                sql("CREATE ROLE {}", ident(there)).shown(),
            )
