"""An attack on objects: the same hostile statements against every object of others, judged one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from freehold.prove.asking import Answer, Batch, Volley
from freehold.prove.judge import broken, evidence, held, in_database, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import everywhere
from freehold.prove.scene import Thing, contents, may_read, owns, things
from freehold.prove.why import of_thing, told
from freehold.sqltext import Sql, keyword, literal, sql


@dataclass(frozen=True, slots=True)
class Try:
    """One hostile statement against one object. ``privileges`` are those that would let it through; ``closed`` and
    ``opened`` are as in ``judge.verdict``; ``boolean`` says that the answer is a has_..._privilege to be read;
    ``read`` that a declared read permits it."""

    statement: Sql
    verb: str
    privileges: tuple[str, ...]
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    boolean: bool = False
    column: str = ""
    read: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One object with what is tried against it."""

    thing: Thing
    tries: tuple[Try, ...]
    batch: Batch


Tries = Callable[[Thing], Iterable[Try]]


def _pieces(
    scene: Scene, tries: Tries, spare: Callable[[Scene, Login, Thing], bool], *, locks: bool
) -> Iterator[Piece]:
    targets: dict[tuple[str, str], tuple[Target, ...]] = {}
    for piece in everywhere(scene):
        place = (piece.instance, piece.database)
        if place not in targets:
            targets[place] = tuple(_targets(things(scene, *place), tries))
        mine = tuple(t for t in targets[place] if piece.actor and not spare(scene, piece.actor, t.thing))
        if mine:
            # PostgreSQL refuses before it locks; TimescaleDB locks first, also where the table is none of its own
            alone = locks and contents(scene.found, *place).timescale is not None
            yield Piece(piece.actor, piece.instance, piece.database, mine, alone)


def _targets(all_things: Iterable[Thing], tries: Tries) -> Iterator[Target]:
    for thing in all_things:
        some = tuple(tries(thing))
        if some:
            yield Target(thing, some, Batch.of(attempt.statement for attempt in some))


def object_attack(
    code: str,
    number: str,
    title: str,
    tries: Tries,
    *,
    spare: Callable[[Scene, Login, Thing], bool] = owns,
    locks: bool = False,
) -> Attack:
    """The attack ``code`` that tries ``tries`` against every object for which ``spare`` is false. ``locks``: they would
    take ACCESS EXCLUSIVE."""

    def split(scene: Scene) -> Iterator[Piece]:
        return _pieces(scene, tries, spare, locks=locks)

    def play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
        login, targets = piece.actor, piece.part
        assert login is not None
        assert isinstance(targets, tuple)
        answers = yield Volley(piece.instance, piece.database, login.role, tuple(target.batch for target in targets))
        position = 0
        for target in targets:
            assert isinstance(target, Target)
            count = 0
            for attempt in target.tries:
                answer = answers[position]
                position += 1
                if answer.sqlstate == "42501" or (attempt.read and may_read(scene, login, target.thing)):
                    count += 1
                else:
                    _judge(scene, code, title, piece, target.thing, attempt, answer, tell)
            if count:
                tell(held(login, target.thing.service, count))

    return Attack(number, title, split, play)


def _judge(
    scene: Scene, code: str, title: str, piece: Piece, thing: Thing, attempt: Try, answer: Answer, tell: Tell
) -> None:
    login = piece.actor
    assert login is not None
    if attempt.boolean and answer.ok and answer.rows and answer.rows[0][0] in ("f", "false", None, ""):
        tell(held(login, thing.service))
        return
    match verdict(answer, opened=attempt.opened, closed=attempt.closed):
        case Verdict.HELD:
            tell(held(login, thing.service))
        case Verdict.UNKNOWN | Verdict.LIMIT:
            tell(unknown(code, login, thing.service, thing.shown, answer))
        case Verdict.BROKEN:
            detail, remedy, group = told(of_thing(scene, login.role, thing, attempt.privileges))
            leaked = bool(thing.token and answer.rows and answer.rows[0][0] == thing.token)
            column = f" column {attempt.column!r}" if attempt.column else ""
            tell(
                broken(
                    code,
                    login,
                    thing.service,
                    thing.shown,
                    f'role "{login.role}" can {attempt.verb} {thing.shown}{column}',
                    detail + (" The canary's secret was seen." if leaked else ""),
                    evidence=(evidence(login, piece.instance, piece.database, attempt.statement, answer),),
                    remedy=in_database(piece.database, remedy),
                    group=f"{code}:{thing.service}:{group}",
                )
            )


def privilege_check(function: str, thing: Thing, privilege: str) -> Sql:
    """A has_..._privilege call as the attacking role itself; used only where the real thing has side effects."""
    if function == "function":
        thing_is = (literal(thing.object.schema), literal(thing.object.name), literal(thing.object.arguments))
        return sql(_MAY_CALL, literal(privilege), *thing_is)
    names = {
        "sequence": keyword("pg_catalog.has_sequence_privilege"),
        "table": keyword("pg_catalog.has_table_privilege"),
    }
    return sql("SELECT {}({}, {})", names[function], literal(str(thing.name)), literal(privilege))


# By OID: names and modes of arguments, which the snapshot holds, cannot be read back as a regprocedure. Their text
# depends on the search_path, so that is set first, to what the snapshot was read with; CASE keeps the order.
# A routine that is not found is an error, and so unknown, never held.
_MAY_CALL = """\
SELECT CASE WHEN pg_catalog.count(*) = 0 THEN ('no such routine ' || pg_catalog.count(*))::pg_catalog.bool
  ELSE pg_catalog.bool_or(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_function_privilege(p.oid, {})) END
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = {} AND p.proname = {} AND CASE
  WHEN (SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)) IS NOT NULL
  THEN pg_catalog.pg_get_function_identity_arguments(p.oid) = {} END"""
