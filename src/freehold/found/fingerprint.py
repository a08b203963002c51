"""The fingerprint of what is there: equal when, and only when, nothing changed that a plan depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from freehold.found.links import Shape, Subscription
from freehold.found.model import Contents, Found, Grant, Object, Role, Server, Setting


def fingerprint(found: Found) -> str:
    """SHA-256 of the canonical JSON of ``found``, in hexadecimal.

    Left out, because they change by themselves or say nothing of the state: where a setting came from, whether a
    restart is pending, other programs' replication slots, who looked, whether the control schema is there, and
    partitions. A verifier takes part as its own hash only.
    """
    digest = hashlib.sha256()
    for name in sorted(found.servers):
        digest.update(canonical(found.servers[name]).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def canonical(server: Server) -> str:
    """One server as JSON: keys and everything without an order of its own are sorted."""
    # of slots and subscriptions only those that a plan knows; others come and go with whoever copies the server
    own = [_plain(slot) for slot in server.replication_slots if slot.name.startswith("freehold_")]
    own += [list(one) for one in server.subscriptions if one[1].startswith("freehold_")]
    return json.dumps([_plain(server), own], sort_keys=True, separators=(",", ":"))


_LEFT_OUT = {
    Server: frozenset(
        {"replication_slots", "subscriptions", "user", "superuser", "reads_verifiers", "extensions_available"}
    ),
    # an apply makes the control schema first and an undo keeps it
    Contents: frozenset({"has_control"}),
    Setting: frozenset({"source", "pending_restart"}),
    # what TimescaleDB has in the database says it
    Shape: frozenset({"chunked"}),
    Subscription: frozenset({"syncing"}),
    # of a partition the whole object is left out
    Object: frozenset({"partition_of", "default_partition"}),
}
_FIELDS: dict[type, tuple[str, ...]] = {}


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Role):
        plain = {name: _plain(getattr(value, name)) for name in _names(Role) if name != "verifier"}
        plain["verifier"] = value.verifier and hashlib.sha256(value.verifier.encode()).hexdigest()
        return plain
    if isinstance(value, frozenset):
        return _sorted_set(value)
    if isinstance(value, tuple):
        # partitions come and go by themselves; what they are partitions of tells the state
        return [_plain(item) for item in value if not (isinstance(item, Object) and item.partition_of)]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_dataclass(value):
        plain = {name: _plain(getattr(value, name)) for name in _names(type(value))}
        if not plain.get("partition_key", True):
            del plain["partition_key"]
        if plain.get("timescale", "") is None:
            del plain["timescale"]
        return plain
    raise TypeError(f"cannot fingerprint a {type(value).__name__}")


def _sorted_set(items: frozenset[object]) -> list[str]:
    """Grants as aclitem-like text: shorter and several times faster than a JSON object for each."""
    return sorted(
        f"{item.grantee!r}={item.privilege}{'*' if item.grantable else ''}/{item.grantor!r}"
        if isinstance(item, Grant)
        else str(item)
        for item in items
    )


def _names(kind: type) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        left_out = _LEFT_OUT.get(kind, frozenset())
        names = tuple(field.name for field in fields(kind) if field.name not in left_out)
        _FIELDS[kind] = names
    return names
