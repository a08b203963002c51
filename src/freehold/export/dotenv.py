"""Values of environment files, quoted so that every reader of such files takes them alike."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=?^\[\]-]+")


def quoted_value(value: str) -> str | None:
    """``value`` quoted so that a POSIX shell, systemd and the dotenv libraries read the same; None when none does.

    In single quotes a shell knows no escape and dotenv does; in double quotes they agree on ``\\\\`` and ``\\"``
    but not on ``$`` and the backquote. A line break is read alike by none but a shell.
    """
    if _PLAIN.fullmatch(value):
        return value
    if not value.isprintable():
        return None
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    if "$" not in value and "`" not in value:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return None


def lines(variables: dict[str, str]) -> str:
    """The variables as lines. What no quoting makes read alike is left out, and a comment says so."""
    found = []
    for name, value in variables.items():
        quoted = quoted_value(value)
        found.append(
            f"# {name} is left out: no quoting of it reads alike everywhere" if quoted is None else f"{name}={quoted}"
        )
    return "\n".join(found) + "\n"
