"""Every replica follows its source, and holds exactly what the source holds.

Tried: whether the subscription is there and running; whether it has seen everything that was written at the source up
to now; then all rows of both, hashed in the servers and compared bucket by bucket without locking anything. A bucket
that was written meanwhile is compared again; one that stays the same at the source and differs in the replica is a
difference. Also read: where the subscription leads, and that the publication names declared tables and no others.

Why: a copy that silently stands still, or was changed by hand, is worse than none: it is believed.

Holds it: `freehold apply`; the readers' logins may SELECT from a replica and nothing else.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from freehold.finding import Evidence
from freehold.found.links import Shape
from freehold.layouts.model import Link
from freehold.prove.asking import Answer, As, Ask
from freehold.prove.content import BUCKETS, Rows, difference, differing, read_sums
from freehold.prove.judge import broken, held, in_database, unknown
from freehold.prove.model import Attack, Conversation, Piece, Result, Scene, Tell
from freehold.prove.scene import contents
from freehold.spec.model import TableName, Via
from freehold.sqltext import ident, keyword, literal, pair, sql

_CODE = "replicas_follow"
_POLLS = 50
_ROUNDS = 6
_PAUSE = keyword("SELECT pg_catalog.pg_sleep(0.2)")
Talk = Generator[Ask, tuple[Answer, ...], bool]
_NOW = keyword(
    "SET LOCAL synchronous_commit = on; SELECT pg_catalog.pg_logical_emit_message(true, 'freehold', ''); COMMIT;"
    " SELECT pg_catalog.pg_current_wal_flush_lsn()"
)
"""How far the log is, with all that was committed before on disk: nothing else is sent to a replica. An empty message
to nobody is written, so that there is a commit to wait for, and so that an idle server sends something at all."""


@dataclass(frozen=True, slots=True)
class _Replica:
    link: Link
    table: TableName

    @property
    def shown(self) -> str:
        return f"replica {ident(self.table.schema, self.table.table)}"


def _split(scene: Scene) -> Iterator[Piece]:
    for link in scene.placements.links:
        if link.replica_login and link.source[0] in scene.found.servers:
            yield Piece(None, *link.reader, part=link)
            for table in link.through(Via.REPLICA):
                yield Piece(None, *link.reader, part=_Replica(link, table.name))


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    if isinstance(piece.part, Link):
        _judge(scene, piece, piece.part, tell)
        return
    assert isinstance(piece.part, _Replica)
    link, table = piece.part.link, piece.part.table
    target = next(t.owner for t in link.tables if t.name == table)
    shape = _shape(scene, link.source, table)
    subscription = next((s for s in contents(scene.found, *link.reader).subscriptions if s.name == link.name), None)
    there = _shape(scene, link.reader, table)
    if shape is None:
        nothing = Answer(sqlstate="42P01", message="no such table")
        tell(unknown(_CODE, None, target, piece.part.shown, nothing, why="The table does not exist at the source."))
        return
    if subscription is None or there is None or (table.schema, table.table) not in subscription.tables:
        detail = "Its table, its subscription or its place in the subscription is missing."
        tell(_bad(piece, target, "is declared and does not follow its source", detail, "freehold apply"))
        return
    stands = yield from _follows(scene, piece, target, tell)
    if stands:
        yield from _compares(scene, piece, target, shape, tell)


def _shape(scene: Scene, place: tuple[str, str], table: TableName) -> Shape | None:
    shapes = contents(scene.found, *place).shapes
    return next((s for s in shapes if (s.schema, s.name) == (table.schema, table.table)), None)


def _owner(scene: Scene, place: tuple[str, str], table: TableName) -> str:
    """The role that owns the table there, and so may read all of it."""
    objects = contents(scene.found, *place).objects
    return next(o.owner for o in objects if (o.schema, o.name) == (table.schema, table.table) and o.columns)


def _follows(scene: Scene, piece: Piece, target: str, tell: Tell) -> Talk:
    """Whether the replica has seen everything up to now; tells what is wrong, and then answers False."""
    assert isinstance(piece.part, _Replica)
    link, table = piece.part.link, piece.part.table
    at, here = _owner(scene, link.source, table), _owner(scene, link.reader, table)
    state = sql(_STATE, literal(f"{ident(table.schema, table.table)}"), literal(link.name))
    now = (yield As(*link.source, at, (_NOW,)))[0]
    upto = now.rows[0][0] if now.ok and now.rows else ""
    slot = sql(_SLOT, literal(upto or "0/0"), literal(upto or "0/0"), literal(link.name))
    active = False
    errors: list[str] = []
    seen = slots = Answer()
    for _ in range(_POLLS):
        seen = (yield As(*link.reader, here, (state,)))[0]
        slots = (yield As(*link.source, at, (slot,)))[0]
        if not (seen.ok and seen.rows and slots.ok and slots.rows and upto):
            break
        errors.append(seen.rows[0][2] or "0")
        active = active or slots.rows[0][0] == "t"
        if seen.rows[0][1] == "f":
            remedy = f"ALTER SUBSCRIPTION {ident(link.name)} ENABLE;"
            tell(
                _bad(
                    piece, target, "stands still", "Its subscription is disabled.", in_database(link.reader[1], remedy)
                )
            )
            return False
        if seen.rows[0][0] == "r" and slots.rows[0][1] == "t":
            tell(held(None, target))
            return True
        yield As(*link.reader, here, (_PAUSE,))
    if upto and slots.ok and not slots.rows:
        detail = "Its replication slot is gone, and with it what was written since."
        tell(_bad(piece, target, "stands still", detail, "freehold apply"))
    elif not (seen.ok and seen.rows and slots.ok and slots.rows and upto):
        failed = next((a for a in (now, seen, slots) if not a.ok or not a.rows), seen)
        tell(unknown(_CODE, None, target, piece.part.shown, failed))
    elif errors[0] != errors[-1] or not active:
        behind = f"It is {slots.rows[0][2]} bytes behind, and "
        why = "what it is to apply is refused" if errors[0] != errors[-1] else "nobody follows its replication slot"
        remedy = "freehold apply\n-- if nothing is left to apply, the server log of the reader says what stops it"
        if errors[0] != errors[-1]:
            remedy = in_database(link.reader[1], _again(table))
        tell(_bad(piece, target, "does not follow its source", behind + why + ".", remedy))
    else:
        still = "is still being copied" if seen.rows[0][0] != "r" else "has not seen what was written ten seconds ago"
        why = f"It {still}; {slots.rows[0][2]} bytes of the source's log are left to it."
        tell(unknown(_CODE, None, target, piece.part.shown, Answer(message=f"the replica {still}"), why=why))
    return False


def _compares(scene: Scene, piece: Piece, target: str, shape: Shape, tell: Tell) -> Conversation:
    """All rows of both sides, bucket by bucket, until every bucket was the same once or is known to differ."""
    assert isinstance(piece.part, _Replica)
    link, table = piece.part.link, piece.part.table
    at, here = _owner(scene, link.source, table), _owner(scene, link.reader, table)
    table_rows = Rows.of(shape)
    left = frozenset(range(BUCKETS))
    before = None
    for _ in range(_ROUNDS):
        source = (yield As(*link.source, at, (table_rows.sums(),)))[0]
        if not (yield from _follows(scene, piece, target, lambda result: None)):
            break
        replica = (yield As(*link.reader, here, (table_rows.sums(),)))[0]
        failed = next((answer for answer in (source, replica) if not answer.ok), None)
        if failed is not None:
            tell(unknown(_CODE, None, target, piece.part.shown, failed))
            return
        now = read_sums(source)
        left = differing(now, read_sums(replica), left)
        if not left:
            tell(held(None, target, sum(rows for rows, _, _ in now.values()) or 1))
            return
        # the source did not change in between, and the replica had seen it all: no more waiting makes them the same
        stable = left - differing(now, before, left) if before is not None else frozenset[int]()
        if stable:
            bucket = min(stable)
            ours = (yield As(*link.source, at, (table_rows.keys(bucket),)))[0]
            theirs = (yield As(*link.reader, here, (table_rows.keys(bucket),)))[0]
            said = difference(ours, theirs) or (f"{len(stable)} of {BUCKETS} buckets of rows differ",)
            tell(
                _bad(
                    piece,
                    target,
                    "does not hold what its source holds",
                    "; ".join(said) + ".",
                    in_database(link.reader[1], _again(table)),
                )
            )
            return
        before = now
    why = f"{len(left)} of {BUCKETS} buckets of rows changed each time they were compared; the others are the same."
    changing = Answer(message="the table is written faster than it can be compared")
    tell(unknown(_CODE, None, target, piece.part.shown, changing, why=why))


def _again(table: TableName) -> str:
    return f"DROP TABLE {ident(table.schema, table.table)};\n-- then: freehold apply, which copies it again"


def _judge(scene: Scene, piece: Piece, link: Link, tell: Tell) -> None:
    """Subscription and publication of one link, as the catalogs show them."""
    subscription = next((s for s in contents(scene.found, *link.reader).subscriptions if s.name == link.name), None)
    publication = next((p for p in contents(scene.found, *link.source).publications if p.name == link.name), None)
    address = scene.addresses.get(link.source[0])
    if subscription is not None and subscription.connection is not None and address is not None:
        place = {"host": address[0], "port": str(address[1]), "dbname": link.source[1], "user": link.replica_login}
        wrong = [pair(key, value) for key, value in place.items() if pair(key, value) not in subscription.connection]
        if wrong:
            detail = f"It is to say {', '.join(wrong)}."
            tell(_bad(piece, "", "leads to another place than declared", detail, "freehold apply"))
        else:
            tell(held(None))
    if publication is None:
        return
    declared = {(t.name.schema, t.name.table) for t in link.through(Via.REPLICA)}
    extra = sorted(set(publication.tables) - declared)
    if publication.all_tables or extra:
        names = ", ".join(str(ident(*one)) for one in extra) or "every table"
        remedy = f"ALTER PUBLICATION {ident(link.name)} DROP TABLE {', '.join(str(ident(*one)) for one in extra)};"
        if publication.all_tables:
            remedy = f"DROP PUBLICATION {ident(link.name)};\n-- then: freehold apply"
        detail = f"Its publication names {names}."
        fix = in_database(link.source[1], remedy)
        tell(_bad(piece, "", "could be given tables that nobody declared", detail, fix))
    else:
        tell(held(None))


def _bad(piece: Piece, target: str, title: str, detail: str, remedy: str) -> Result:
    part = piece.part
    assert isinstance(part, _Replica | Link)
    shown = part.shown if isinstance(part, _Replica) else f"subscription {ident(part.name)}"
    place = f'database "{piece.database}" of instance "{piece.instance}"'
    seen = (Evidence(f"{shown} in {place}: {detail}"),)
    return broken(
        _CODE, None, target, shown, f"{shown} {title}", detail, evidence=seen, remedy=remedy, group=f"{shown}{title}"
    )


_STATE = """\
SELECT r.srsubstate, s.subenabled, coalesce(t.apply_error_count, 0) + coalesce(t.sync_error_count, 0)
FROM pg_catalog.pg_subscription AS s
LEFT JOIN pg_catalog.pg_subscription_rel AS r ON r.srsubid = s.oid AND r.srrelid = pg_catalog.to_regclass({})
LEFT JOIN pg_catalog.pg_stat_subscription_stats AS t ON t.subid = s.oid
WHERE s.subname = {} AND s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d
  WHERE d.datname = pg_catalog.current_database())"""
_SLOT = """\
SELECT s.active, s.confirmed_flush_lsn >= {}, pg_catalog.pg_wal_lsn_diff({}, s.confirmed_flush_lsn)
FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_name = {}"""

replicas_follow = Attack("", "follow the source, row for row (positive control)", _split, _play)
