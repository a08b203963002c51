"""Take over a SECURITY DEFINER routine through its search_path.

Tried: where a login may create anything (temporary objects, or objects in some schema), it reads the source of each
SECURITY DEFINER routine that it may call, creates views, types, functions and operators of the names that the source
does not qualify, and calls the routine. The hijack is complete when code of the attacker says that it ran as the
routine's owner. The routine runs in a read-only transaction that is rolled back, and only where its search_path lets
the attacker in.

Why: with `SET search_path = s` a temporary table or type is still found before those of s, and without any the caller
chooses the path; the routine then works on the attacker's objects with its owner's rights.

Holds it off: a search_path that ends in pg_temp and names no schema that others may create in; no TEMPORARY on the
database. All layouts hold this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from freehold.prove import shadow
from freehold.prove.asking import Answer, Run
from freehold.prove.judge import WHERE, broken, evidence, held
from freehold.prove.model import Attack, Conversation, Login, Piece, Result, Scene, Tell, Verdict
from freehold.prove.pieces import everywhere
from freehold.prove.scene import Thing, owns, path_names, things
from freehold.prove.why import object_words
from freehold.sqltext import Sql, ident

_CODE = "security_definer_hijack"


@dataclass(frozen=True, slots=True)
class Way:
    """A place in which the attacker's objects are found. ``new``: a schema that it has to create; ``path``: the
    search_path that it sets, where the routine leaves it to the caller; ``earlier``: what is searched before it."""

    place: str
    new: bool
    path: tuple[str, ...]
    earlier: tuple[str, ...] = ()


def search_path(config: tuple[str, ...]) -> tuple[str, ...] | None:
    """The search_path a routine sets for itself, None when it leaves it to the caller."""
    for setting in config:
        name, _, value = setting.partition("=")
        if name == "search_path":
            return path_names(value)
    return None


def pinned(config: tuple[str, ...]) -> bool:
    """Whether a routine's settings pin a search_path that ends in pg_temp."""
    path = search_path(config)
    return path is not None and path[-1:] == ("pg_temp",)


def ways(thing: Thing, temporary: bool, create: bool, schemas: tuple[str, ...]) -> Iterator[Way]:
    """How a login with these rights can get before what the routine means."""
    path = search_path(thing.object.config)
    if path is None:
        writable = next(iter(schemas), shadow.NAME if create else "")
        if writable:
            yield Way(writable, writable not in schemas, (writable, "pg_catalog", thing.object.schema))
        if temporary:
            yield Way(shadow.TEMPORARY, False, ("pg_catalog", thing.object.schema))
        return
    for writable in path:
        if writable in schemas and writable != "pg_temp":
            yield Way(writable, False, (), before(path, writable))
            break
    if temporary and path[-1:] != ("pg_temp",):
        yield Way(shadow.TEMPORARY, False, (), before(path, shadow.TEMPORARY))


def before(path: tuple[str, ...], place: str) -> tuple[str, ...]:
    """The schemas in which PostgreSQL looks for a relation or a type before it looks into ``place``."""
    whole = path if "pg_catalog" in path else ("pg_catalog", *path)
    whole = whole if shadow.TEMPORARY in path else (shadow.TEMPORARY, *whole)
    return whole[: whole.index(place)]


def _split(scene: Scene) -> Iterator[Piece]:
    for piece in everywhere(scene):
        targets = tuple(
            thing
            for thing in things(scene, piece.instance, piece.database)
            if thing.object.security_definer and not thing.token and not _whole(scene, piece, thing)
        )
        yield Piece(piece.actor, piece.instance, piece.database, targets)


def _whole(scene: Scene, piece: Piece, thing: Thing) -> bool:
    # an application that owns its database owns its routines, too
    inside = scene.placements.within(piece.instance, piece.database)
    alone = not any(p.schemas for p in inside)
    return alone and piece.actor is not None and owns(scene, piece.actor, thing)


def _play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
    login, targets = piece.actor, piece.part
    assert login is not None
    assert isinstance(targets, tuple)
    if not targets:
        tell(held(login))
        return
    answer = (yield _as(login, piece, shadow.ask_places()))[0]
    if not answer.ok:
        tell(_doubt(login, piece, targets[0], answer.message or answer.sqlstate, answer, shadow.ask_places()))
        return
    temporary, create, schemas = answer.rows[0]
    for thing in targets:
        assert isinstance(thing, Thing)
        some = tuple(ways(thing, temporary == "t", create == "t", tuple(json.loads(schemas or "[]"))))
        if not some:
            tell(held(login, thing.service))
            continue
        answer = (yield _as(login, piece, shadow.ask_source(thing)))[0]
        source = shadow.source_from(answer)
        if source is None:
            tell(_doubt(login, piece, thing, "its source could not be read", answer, shadow.ask_source(thing)))
        elif not source.callable:
            tell(held(login, thing.service))
        else:
            yield from _take(login, piece, thing, source, some, tell)


def _take(
    login: Login, piece: Piece, thing: Thing, source: shadow.Source, some: tuple[Way, ...], tell: Tell
) -> Conversation:
    names = shadow.names_in(source.text)
    result = held(login, thing.service)
    for way in some:
        answer = (yield _as(login, piece, shadow.ask_shadows(names, thing, way.place, way.earlier)))[0]
        statements = [row[0] for row in answer.rows if row[0]]
        if not answer.ok:
            result = _doubt(login, piece, thing, "what it names could not be looked up", answer, source.call, way)
        if not statements:
            continue
        if source.trigger:
            why = "a trigger function is only called by its table"
            result = _doubt(login, piece, thing, why, answer, source.call, way)
            continue
        hijack = shadow.attempt(statements, source, way.place, way.new, way.path)
        answer = (yield _as(login, piece, hijack, soiled=True))[0]
        what, who = shadow.ran_as(answer)
        if who == thing.object.owner and who != login.role:
            shown = shadow.attempt(shadow.of(what, statements), source, way.place, way.new, way.path)
            tell(_taken(login, piece, thing, way, what, shown, answer))
            return
        why = "it was called and did not come to what was put in its way" if answer.ok else answer.message
        result = _doubt(login, piece, thing, why, answer, hijack, way)
    tell(result)


def _as(login: Login, piece: Piece, statement: Sql, *, soiled: bool = False) -> Run:
    return Run(piece.instance, piece.database, login.role, (statement,), soiled=soiled)


def _remedy(login: Login, piece: Piece, thing: Thing, way: Way | None) -> str:
    path = f"pg_catalog, {ident(thing.object.schema)}, pg_temp"
    lines = [f"{WHERE}{ident(piece.database)}", f"ALTER {object_words(thing.object)} SET search_path = {path};"]
    if way is not None:
        on, right = (
            (f"DATABASE {ident(piece.database)}", "TEMPORARY")
            if way.place == shadow.TEMPORARY
            else (f"DATABASE {ident(piece.database)}" if way.new else f"SCHEMA {ident(way.place)}", "CREATE")
        )
        lines.append(f"REVOKE {right} ON {on} FROM PUBLIC, {ident(login.role)};")
    return "\n".join(lines)


def _taken(login: Login, piece: Piece, thing: Thing, way: Way, what: str, hijack: Sql, answer: Answer) -> Result:
    where = "pg_temp" if way.place == shadow.TEMPORARY else f"schema {ident(way.place)}"
    return broken(
        _CODE,
        login,
        thing.service,
        thing.shown,
        f'role "{login.role}" runs its own code as "{thing.object.owner}" through {thing.shown}',
        f"It is SECURITY DEFINER, and the {what} that the role had put into {where} was found before the one it means.",
        evidence=(evidence(login, piece.instance, piece.database, hijack, answer),),
        remedy=_remedy(login, piece, thing, way),
    )


def _doubt(
    login: Login, piece: Piece, thing: Thing, why: str, answer: Answer, sent: Sql | str, way: Way | None = None
) -> Result:
    return broken(
        _CODE,
        login,
        thing.service,
        thing.shown,
        f'role "{login.role}" can put objects before what {thing.shown} means, and the hijack was not completed'[:200],
        f"It is SECURITY DEFINER, and its search_path lets the role in. It was not taken over: {why}.",
        evidence=(evidence(login, piece.instance, piece.database, sent, answer),),
        remedy=_remedy(login, piece, thing, way),
        verdict=Verdict.UNKNOWN,
    )


security_definer_hijack = Attack("I21", "take over a SECURITY DEFINER function", _split, _play)
