"""A setting of the service does not exist on the server of its new home.

Settings come and go with versions. One that a function sets keeps the function from being made, one that is declared,
or that ALTER ROLE or ALTER DATABASE has set, keeps the service's logins from getting it.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import quote_ident


def _given(facts: Facts) -> Iterator[tuple[tuple[str, bool], str]]:
    for whose, lines in sorted(facts.source.given_settings.items()):
        for line in lines:
            yield whose, line.partition("=")[0]


@check()
def unknown_settings(facts: Facts) -> Iterator[Note]:
    version = facts.target.version // 10000
    there = {name.lower() for name in facts.target.settings_there}

    def known(setting: str) -> bool:
        # a name with a dot belongs to an extension, and every server takes it
        return "." in setting or setting.lower() in there

    for function, setting in facts.source.routine_settings:
        if not known(setting):
            yield Note(
                f"function {function}",
                f"it sets {quote_ident(setting)}, which PostgreSQL {version} does not have",
                f"ALTER ROUTINE {function} RESET {quote_ident(setting)}",
            )
    for (role, here), setting in _given(facts):
        if not known(setting):
            whose = f"ROLE {quote_ident(role)}" if role else "DATABASE" if here else "ROLE ALL"
            home = quote_ident(facts.source.side.database)
            place = ("" if whose == "DATABASE" else " IN DATABASE") + f" {home}" if here else ""
            yield Note(
                f"setting {quote_ident(setting)} of {f'role {quote_ident(role)}' if role else 'everybody'}",
                f"the old home sets it, and PostgreSQL {version} does not have it",
                f"ALTER {whose}{place} RESET {quote_ident(setting)}",
            )
    for setting in facts.settings:
        if not known(setting):
            yield Note(
                f"setting {quote_ident(setting)} on {instance(facts.target)}",
                f"the service declares it, and PostgreSQL {version} does not have it",
                f"-- take {setting} out of the service's settings in the declaration",
            )
