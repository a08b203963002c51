"""What names a role that the target does not have: told, since it cannot be made there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freehold.finding import Finding, Level
from freehold.move.defaults import Default
from freehold.move.grants import Right
from freehold.move.objects import Thing
from freehold.move.policies import Policy
from freehold.sqltext import quote_ident

_DETAIL = "The role does not exist there, or the server's version does not know the right."


def rights(service: str, left: Iterable[Right]) -> Iterator[Finding]:
    """One finding for each right that was not given."""
    for right in left:
        column = f" ({quote_ident(right.column)})" if right.column else ""
        yield Finding(
            "move_right_left_out",
            Level.WARNING,
            service,
            f"{right.kind.lower()} {right.name}",
            f'"{right.grantee}" has {right.privilege}{column} on it, and not at the new home',
            _DETAIL,
            remedy=f'Declare what "{right.grantee}" reads under reads:, or create the role there and grant it.',
        )


def defaults(service: str, left: Iterable[Default]) -> Iterator[Finding]:
    """One finding for each default privilege that was not made."""
    for one in left:
        yield Finding(
            "move_default_left_out",
            Level.WARNING,
            service,
            f"default privileges {one}",
            f'"{one.grantee}" gets {one.privilege} on {one.on.lower()} made later, and not at the new home',
            _DETAIL,
            remedy=f"Create the role there before the move, or run: {one.given().shown()}",
        )


def policies(service: str, left: Iterable[tuple[Policy, str]]) -> Iterator[Finding]:
    """One finding for each role that a policy no longer names."""
    for policy, role in left:
        yield Finding(
            "move_policy_role_left_out",
            Level.WARNING,
            service,
            f"policy {quote_ident(policy.name)} on {quote_ident(policy.schema)}.{quote_ident(policy.table)}",
            f'the policy is for "{role}", which does not exist at the new home',
            _DETAIL,
            remedy=f'Create the role "{role}" there before the move, or drop the policy.',
        )


def owners(service: str, left: Iterable[tuple[Thing, str]]) -> Iterator[Finding]:
    """One finding for each object whose owner is not there; the service's owner has it instead."""
    for thing, role in left:
        yield Finding(
            "move_owner_left_out",
            Level.WARNING,
            service,
            f"{thing.kind.lower()} {thing.name}",
            f'it belongs to "{role}", which does not exist at the new home; the service\'s owner has it there',
            _DETAIL,
            remedy=f'Create the role "{role}" there before the move, or give the object to the service\'s owner.',
        )
