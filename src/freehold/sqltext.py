"""SQL as a value: identifiers and literals are quoted when it is built, secrets stay names until it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import LiteralString

PUBLIC = "public"
"""The pseudo-role PUBLIC. PostgreSQL forbids a real role of this name, so the plain word is unambiguous."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of a secret (for example a role's verifier). Its text exists only at the edge that sends it.

    With ``connection`` the literal is that connection string with the secret as its password.
    """

    name: str
    connection: str | None = None

    def __str__(self) -> str:
        return "<password>" if self.connection is None else f"{self.connection} password=<password>"

    def literal(self, resolve: Callable[[str], str]) -> str:
        """The literal that holds the secret itself."""
        text = resolve(self.name)
        return quote_literal(text if self.connection is None else f"{self.connection} {pair('password', text)}")


PASSWORD_OF = "\0"
"""Begins the name of a secret that is a role's password itself; without it, it is the role's verifier. No role's name
can begin so."""


def password_of(role: str, connection: str | None = None) -> Secret:
    """The password of a role, for the few statements that need it as it is."""
    return Secret(PASSWORD_OF + role, connection)


def resolver(password: Callable[[str], str], verifier: Callable[[str], str]) -> Callable[[str], str]:
    """What supplies the texts of secrets, from what knows the passwords and the verifiers of roles."""
    return lambda name: password(name[len(PASSWORD_OF) :]) if name.startswith(PASSWORD_OF) else verifier(name)


def pair(name: str, value: str) -> str:
    """``name='value'`` as libpq reads a connection string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement or fragment. ``shown()`` is safe to print; ``sent()`` is what the server gets."""

    parts: tuple[str | Secret, ...]

    def shown(self) -> str:
        """The text with each secret as ``'<password>'``."""
        return "".join(part if isinstance(part, str) else quote_literal(str(part)) for part in self.parts)

    def sent(self, resolve: Callable[[str], str]) -> str:
        """The text with each secret resolved by its name and quoted as a literal."""
        return "".join(part if isinstance(part, str) else part.literal(resolve) for part in self.parts)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Secret))

    def __str__(self) -> str:
        return self.shown()


def quote_ident(name: str) -> str:
    """``name`` as a double-quoted identifier. Raises ValueError for an empty name or one with a NUL."""
    if not name or "\0" in name:
        raise ValueError(f"not an identifier: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """``text`` as a literal that reads the same under any standard_conforming_strings. Raises ValueError on NUL."""
    if "\0" in text:
        raise ValueError("a string literal cannot hold a NUL")
    quoted = "'" + text.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def ident(*names: str) -> Sql:
    """A possibly qualified identifier: ``ident("s", "t")`` is ``"s"."t"``."""
    return Sql((".".join(quote_ident(name) for name in names),))


def role(name: str) -> Sql:
    """A grantee: the keyword PUBLIC for the pseudo-role, else the quoted name."""
    return Sql(("PUBLIC",)) if name == PUBLIC else ident(name)


def literal(text: str) -> Sql:
    """A string literal."""
    return Sql((quote_literal(text),))


def keyword(text: LiteralString) -> Sql:
    """Words of SQL itself, written in the program and never taken from input."""
    return Sql((text,))


def words(text: str) -> Sql:
    """SQL keywords that arrive as data from a closed set (privileges, kinds). Raises ValueError for anything else."""
    if not text or not all(part.isascii() and part.isalpha() and part.isupper() for part in text.split(" ")):
        raise ValueError(f"not SQL keywords: {text!r}")
    return Sql((text,))


def join(separator: LiteralString, items: Iterable[Sql]) -> Sql:
    """The items with ``separator`` between them."""
    parts: list[str | Secret] = []
    for item in items:
        if parts:
            parts.append(separator)
        parts.extend(item.parts)
    return Sql(tuple(parts))


def sql(template: LiteralString, *values: Sql | Secret | int) -> Sql:
    """``template`` with each ``{}`` replaced by the next value. Raises ValueError when the counts differ."""
    pieces = template.split("{}")
    if len(pieces) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {len(pieces) - 1} places in {template!r}")
    parts: list[str | Secret] = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        match value:
            case Sql():
                parts.extend(value.parts)
            case Secret():
                parts.append(value)
            case int():
                parts.append(str(value))
        parts.append(piece)
    return Sql(_merged(parts))


def raw(text: str) -> Sql:
    """A whole script that a user wrote (a migration file). The only door for text Freehold did not build."""
    return Sql((text,))


def comment(text: str) -> str:
    """``text`` as one ``--`` line of a script; nothing in it can end the line."""
    escaped = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return f"-- {escaped}"


def _merged(parts: list[str | Secret]) -> tuple[str | Secret, ...]:
    merged: list[str | Secret] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged)
