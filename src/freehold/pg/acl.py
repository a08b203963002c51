"""An aclitem as PostgreSQL writes it (``"na""me"=r*w/owner``), as grants."""

from __future__ import annotations

from functools import lru_cache

from freehold.found.model import Acl, Grant
from freehold.sqltext import PUBLIC

_PRIVILEGES = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "T": "TEMPORARY",
    "c": "CONNECT",
    "s": "SET",
    "A": "ALTER SYSTEM",
}


# most objects of a database share a handful of ACLs: parsed once, and one value in memory
@lru_cache(maxsize=65536)
def acl(items: tuple[str, ...]) -> Acl:
    """The grants of an ACL. Raises ValueError for text that is no aclitem."""
    return frozenset(grant for item in items for grant in _grants(item))


def _grants(item: str) -> list[Grant]:
    grantee, rest = _name(item)
    if not rest.startswith("="):
        raise ValueError(f"not an aclitem: {item!r}")
    letters, slash, tail = rest[1:].partition("/")
    grantor, left = _name(tail)
    if not slash or left:
        raise ValueError(f"not an aclitem: {item!r}")
    return [
        Grant(grantee or PUBLIC, _PRIVILEGES.get(letter, letter), grantor, letters[at + 1 : at + 2] == "*")
        for at, letter in enumerate(letters)
        if letter != "*"
    ]


def _name(text: str) -> tuple[str, str]:
    if not text.startswith('"'):
        end = next((at for at, letter in enumerate(text) if letter == "="), len(text))
        return text[:end], text[end:]
    at = 1
    while True:
        at = text.index('"', at)
        if text[at + 1 : at + 2] != '"':
            return text[1:at].replace('""', '"'), text[at + 1 :]
        at += 2
