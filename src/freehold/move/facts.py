"""What a move must know of both its servers before it begins, asked in one cheap query on each side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from freehold.move.facts_sql import FACTS
from freehold.move.model import Inventory, Move, Side
from freehold.move.newer import Newer, Refused
from freehold.move.texts import Near, Routine
from freehold.spec.model import TableName
from freehold.sqltext import Sql, join, keyword, literal, sql

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of a client, anywhere on the instance. ``writes`` says that it has an xid: slots wait for it."""

    pid: int
    database: str
    role: str
    state: str
    age_ms: int
    writes: bool


@dataclass(frozen=True, slots=True)
class Client:
    """A session of one of the service's roles in its database."""

    pid: int
    role: str
    application: str
    address: str


@dataclass(frozen=True, slots=True)
class SideFacts:
    """What one side's server says. Names of objects are quoted as SQL.

    ``free_slots`` and the like count what the settings leave; ``used_extensions`` are those that something of the
    service needs, ``named_extensions`` those that the text of one of its functions names something of,
    ``usable_extensions`` those whose schema its roles may use; ``contents`` are the first things found in the service's
    schemas, as (kind, name); ``no_equality`` are columns of tables without a key whose type has no equality, as (table,
    column, type); ``settings_there`` are all settings that the server knows, ``routine_settings`` those that functions
    of the service set, by function, ``given_settings`` those that its logins and the database have, as in
    ``freehold.move.settings``; ``comment`` is that of the database, ``grantees`` who has rights in the schemas,
    ``access`` who may do what in the database, as (role, privilege); ``foreign_servers`` are those that its roles may
    use, as (name, wrapper); ``memberships`` are as (role, member) where one of them is of the service, ``parameters``
    what its roles may do with settings, as (role, setting, privilege); ``logical_slots`` are those of somebody else, as
    (name, plugin, whether somebody reads it); ``key_triggers`` are those of constraints that do not fire as they were
    made to, as (constraint, table, trigger, mode); ``invalid_indexes`` are as (index, table, whether it is being
    built).
    """

    side: Side
    version: int
    superuser: bool
    user: str
    wal_level: str
    free_slots: int
    free_senders: int
    free_workers: int
    slot_wal_kept_mb: int
    encoding: str
    locale: tuple[str, str, str, str]
    locale_version: str
    locale_version_now: str
    extensions: Mapping[str, tuple[str, str]]
    available: Mapping[str, str]
    used_extensions: tuple[str, ...]
    usable_extensions: frozenset[str]
    named_extensions: frozenset[str]
    tablespaces: frozenset[str]
    used_tablespaces: tuple[tuple[str, str, str], ...]
    roles: frozenset[str]
    transactions: tuple[Transaction, ...]
    prepared: tuple[tuple[str, str, str, int], ...]
    vacuums: tuple[tuple[str, bool, bool], ...]
    event_triggers: tuple[str, ...]
    publications: tuple[tuple[str, bool], ...]
    subscriptions: tuple[tuple[str, str], ...]
    clients: tuple[Client, ...]
    last_values: Mapping[TableName, int]
    policy_roles: tuple[tuple[str, str], ...]
    large_objects: tuple[int, ...]
    no_equality: tuple[tuple[str, str, str], ...]
    inherited: tuple[tuple[str, str], ...]
    casts: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    contents: tuple[tuple[str, str], ...]
    settings_there: frozenset[str]
    routine_settings: tuple[tuple[str, str], ...]
    given_settings: Mapping[tuple[str, bool], tuple[str, ...]]
    comment: str
    grantees: tuple[str, ...]
    access: frozenset[tuple[str, str]]
    foreign_servers: tuple[tuple[str, str], ...]
    memberships: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str, str], ...]
    logical_slots: tuple[tuple[str, str, bool], ...]
    key_triggers: tuple[tuple[str, str, str, str], ...]
    invalid_indexes: tuple[tuple[str, str, bool], ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that preflight judges.

    ``moving`` are the schemas of other services that go, or live, at the same target under the same owner, each with
    its service; ``services`` are the schemas of all services. ``texts`` are the functions whose texts may touch what
    is on the other side of the edge, ``near`` the relations and types that are there. ``reads`` are what each service
    declares to read, ``replicas`` those of them that are copies; ``there`` are the schemas of services that live at
    the target, ``arriving`` of those that are on their way there; ``mirrored`` are the services that live at the
    target and read the service there through links.

    ``pooled`` are the pids on the source that a pool of the platform holds, ``has_pool`` whether the service has a pool
    at all, ``coming`` the extensions that will be made there before anything is copied, ``neighbours`` the other
    services that declare an extension which this one does not, by extension, ``accepted`` the keys of findings that the
    declaration accepts, ``target_there`` whether the target's database is there yet, ``platform_roles`` the roles of
    all services, ``links`` the names of the platform's own links, ``maintained`` its partitioned tables that Freehold
    makes partitions of, ``free_bytes`` what is free where the target (and the source) stores, None where nobody knows.
    ``newer`` is what the target's version does not have, ``refused`` what its server does not take for another reason;
    ``settings`` are those that the declaration gives the service.
    """

    move: Move
    inventory: Inventory
    source: SideFacts
    target: SideFacts
    has_pool: bool = True
    pooled: frozenset[int] = frozenset()
    coming: tuple[str, ...] = ()
    neighbours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    target_there: bool = True
    platform_roles: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    moving: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[Routine, ...] = ()
    near: Near = field(default_factory=Near)
    reads: Mapping[str, tuple[TableName, ...]] = field(default_factory=dict)
    replicas: Mapping[str, tuple[TableName, ...]] = field(default_factory=dict)
    there: frozenset[str] = frozenset()
    mirrored: tuple[str, ...] = ()
    arriving: Mapping[str, str] = field(default_factory=dict)
    maintained: tuple[TableName, ...] = ()
    newer: tuple[Newer, ...] = ()
    refused: tuple[Refused, ...] = ()
    settings: tuple[str, ...] = ()
    free_bytes_target: int | None = None
    free_bytes_source: int | None = None

    @property
    def sides(self) -> tuple[SideFacts, ...]:
        """Both, or one where both are the same instance: for what is said of a server as a whole."""
        return (self.source,) if self.source.side.instance == self.target.side.instance else (self.source, self.target)

    @property
    def same_instance(self) -> bool:
        return self.source.side.instance == self.target.side.instance


def question(schemas: Iterable[str], roles: Iterable[str]) -> Sql:
    """One row with one text, for ``side_facts``. Reads catalogs and statistics only."""
    return sql(FACTS, _names(schemas), _names(roles))


def _names(names: Iterable[str]) -> Sql:
    return join(", ", [literal(name) for name in names]) if names else keyword("")


def side_facts(side: Side, answer: str) -> SideFacts:
    """What the answer tells."""
    got = cast(Json, json.loads(answer))
    settings = cast("dict[str, str]", got["settings"])
    used = cast("dict[str, int]", got["used"])
    base = cast("list[str | None]", got["locale"])
    origins = int(settings.get("max_active_replication_origins") or settings["max_replication_slots"])
    workers = min(int(settings["max_logical_replication_workers"]) - used["workers"], origins - used["origins"])
    return SideFacts(
        side=side,
        version=_int(got["version"]),
        superuser=got["superuser"] is True,
        user=str(got["user"]),
        wal_level=settings["wal_level"],
        free_slots=int(settings["max_replication_slots"]) - used["slots"],
        free_senders=int(settings["max_wal_senders"]) - used["senders"],
        free_workers=workers,
        slot_wal_kept_mb=int(settings["max_slot_wal_keep_size"]),
        encoding=str(got["encoding"]),
        locale=(str(base[0]), str(base[1]), str(base[2]), str(base[3] or "")),
        locale_version=str(base[4] or ""),
        locale_version_now=str(base[5] or ""),
        extensions={str(n): (str(v), str(s)) for n, v, s in _rows(got["extensions"])},
        available={str(n): str(v) for n, v in _rows(got["available"])},
        used_extensions=tuple(cast("list[str] | None", got["used_extensions"]) or ()),
        usable_extensions=frozenset(cast("list[str] | None", got["usable_extensions"]) or ()),
        named_extensions=frozenset(cast("list[str] | None", got["named_extensions"]) or ()),
        tablespaces=frozenset(cast("list[str]", got["tablespaces"])),
        used_tablespaces=tuple((str(k), str(n), str(s)) for k, n, s in _rows(got["used_tablespaces"])),
        roles=frozenset(cast("list[str]", got["roles"])),
        transactions=tuple(
            Transaction(_int(p), str(d), str(r), str(s), _int(a), w is True)
            for p, d, r, s, a, w in _rows(got["transactions"])
        ),
        prepared=tuple((str(g), str(d), str(o), _int(a)) for g, d, o, a in _rows(got["prepared"])),
        vacuums=tuple((str(t), a is True, w is True) for t, a, w in _rows(got["vacuums"])),
        event_triggers=tuple(cast("list[str] | None", got["event_triggers"]) or ()),
        publications=tuple((str(n), a is True) for n, a in _rows(got["publications"])),
        subscriptions=tuple((str(n), str(t)) for n, t in _rows(got["subscriptions"])),
        clients=tuple(Client(_int(p), str(r), str(a), str(c)) for p, r, a, c in _rows(got["clients"])),
        last_values={TableName(str(s), str(n)): _int(v) for s, n, v in _rows(got["last_values"])},
        policy_roles=tuple((str(p), str(r)) for p, r in _rows(got["policy_roles"])),
        large_objects=tuple(cast("list[int] | None", got["large_objects"]) or ()),
        no_equality=tuple((str(t), str(c), str(y)) for t, c, y in _rows(got["no_equality"])),
        inherited=tuple((str(c), str(p)) for c, p in _rows(got["inherited"])),
        casts=tuple((str(a), str(b)) for a, b in _rows(got["casts"])),
        labels=tuple(cast("list[str] | None", got["labels"]) or ()),
        contents=tuple((str(k), str(n)) for k, n in _rows(got["contents"])),
        settings_there=frozenset(cast("list[str]", got["settings_there"])),
        routine_settings=tuple((str(f), str(s)) for f, s in _rows(got["routine_settings"])),
        given_settings={
            (str(r), h is True): tuple(map(str, cast("list[object]", c))) for r, h, c in _rows(got["given_settings"])
        },
        comment=str(got["comment"] or ""),
        grantees=tuple(cast("list[str] | None", got["grantees"]) or ()),
        access=frozenset((str(r), str(p)) for r, p in _rows(got["access"])),
        foreign_servers=tuple((str(n), str(w)) for n, w in _rows(got["foreign_servers"])),
        memberships=tuple((str(g), str(m)) for g, m in _rows(got["memberships"])),
        parameters=tuple((str(r), str(n), str(p)) for r, n, p in _rows(got["parameters"])),
        logical_slots=tuple((str(n), str(p), a is True) for n, p, a in _rows(got["logical_slots"])),
        key_triggers=tuple((str(k), str(t), str(g), str(m)) for k, t, g, m in _rows(got["key_triggers"])),
        invalid_indexes=tuple((str(i), str(t), b is True) for i, t, b in _rows(got["invalid_indexes"])),
        bytes=_int(got["bytes"]),
    )


def _rows(value: object) -> list[list[object]]:
    return cast("list[list[object]] | None", value) or []


def _int(value: object) -> int:
    return int(str(value))
