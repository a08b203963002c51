"""The conversation with one attack: what it asks is done in sessions that the next attack finds clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from freehold.errors import ServerError
from freehold.ports import Session
from freehold.prove import volleytext
from freehold.prove.asking import Answer, As, Ask, Batch, Flood, Notifications, Probe, Release, Run, Volley
from freehold.prove.model import Attack, Piece, Result, Scene
from freehold.prove.run.doors import Doors, answer_of
from freehold.sqltext import Sql, ident, keyword, sql

STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 200

_GUARD = sql(
    "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 60000;"
    " SET application_name = 'freehold prove'; SET default_transaction_read_only = off",
    STATEMENT_TIMEOUT_MS,
    LOCK_TIMEOUT_MS,
)


def converse(attack: Attack, scene: Scene, piece: Piece, sessions: Sessions) -> list[Result]:
    """Play one piece of an attack to its end."""
    results: list[Result] = []
    conversation = attack.play(scene, piece, results.append)
    try:
        ask = next(conversation)
        while True:
            ask = conversation.send(sessions.ask(ask))
    except StopIteration:
        return results
    finally:
        conversation.close()
        sessions.forget()


class Sessions:
    """The connections of one worker. The one named "a" of a room serves piece after piece while it stays clean."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._open: dict[tuple[str, str, str, str], Session] = {}
        self._touched: set[tuple[str, str, str, str]] = set()
        self._flood: list[Session] = []

    def ask(self, ask: Ask) -> tuple[Answer, ...]:
        match ask:
            case Probe():
                return (self._doors.probe(ask),)
            case Run():
                return self._run(ask)
            case Volley():
                return self._volley(ask)
            case As():
                return self._as(ask)
            case Notifications():
                return self._notifications(ask)
            case Flood():
                return self._flooded(ask)
            case Release():
                self._release()
                return (Answer(),)

    def _session(self, key: tuple[str, str, str, str]) -> Session:
        if key not in self._open:
            instance, database, login, _ = key
            session = self._doors.login(instance, database, login)
            session.execute(_GUARD)
            self._open[key] = session
        return self._open[key]

    def _attempt(self, key: tuple[str, str, str, str], text: Sql) -> Answer:
        try:
            return answer_of(self._session(key).attempt(text))
        except ServerError as error:
            lost = self._open.pop(key, None)
            if lost is not None:
                lost.close()
            return Answer(sqlstate=error.sqlstate or "08006", message=error.message)

    def _run(self, ask: Run) -> tuple[Answer, ...]:
        key = (ask.instance, ask.database, ask.login, ask.session)
        if ask.keep or ask.soiled or ask.session != "a":
            self._touched.add(key)
        if ask.keep:
            return tuple(self._attempt(key, statement) for statement in ask.statements)
        answers = tuple(self._attempt(key, sql("ROLLBACK; BEGIN; {}", statement)) for statement in ask.statements)
        if key in self._open:
            self._attempt(key, keyword("ROLLBACK"))
        return answers

    def _volley(self, ask: Volley) -> tuple[Answer, ...]:
        key = (ask.instance, ask.database, ask.login, ask.session)
        answers: list[Answer] = []
        for chunk in volleytext.chunks(ask.batches):
            count = sum(len(batch.statements) for batch in chunk)
            together = self._attempt(key, volleytext.text(chunk))
            some = volleytext.read(together, count)
            answers.extend(some if some is not None else self._singly(ask, chunk))
        if key in self._open:
            self._attempt(key, keyword("ROLLBACK"))
        return tuple(answers)

    def _singly(self, ask: Volley, chunk: Sequence[Batch]) -> tuple[Answer, ...]:
        # the DO block failed as a whole: the login may not use plpgsql, or it met the timeout
        statements = tuple(Sql((text,)) for batch in chunk for text in batch.statements)
        return self._run(Run(ask.instance, ask.database, ask.login, statements, ask.session))

    def _as(self, ask: As) -> tuple[Answer, ...]:
        try:
            session = self._doors.servers.admin(ask.instance, ask.database)
        except ServerError as error:
            return tuple(Answer(sqlstate=error.sqlstate or "08006", message=error.message) for _ in ask.statements)
        try:
            session.execute(_GUARD)
            return tuple(
                answer_of(session.attempt(sql("ROLLBACK; BEGIN; SET LOCAL ROLE {}; {}", ident(ask.role), statement)))
                for statement in ask.statements
            )
        finally:
            session.close()

    def _notifications(self, ask: Notifications) -> tuple[Answer, ...]:
        try:
            heard = [
                note
                for (_, _, login, name), session in self._open.items()
                if (login, name) == (ask.login, ask.session)
                for note in session.notifications(ask.timeout_ms)
            ]
        except ServerError as error:
            return (Answer(sqlstate=error.sqlstate or "08006", message=error.message),)
        return (Answer(rows=tuple(heard)),)

    def _flooded(self, ask: Flood) -> tuple[Answer, ...]:
        said = Answer()
        while len(self._flood) < ask.most and said.ok:
            try:
                self._flood.append(self._doors.once(ask.instance, ask.database, ask.login))
            except ServerError as error:
                said = Answer(sqlstate=error.sqlstate or "08006", message=error.message)
        return (replace(said, rows=((str(len(self._flood)),),)),)

    def _release(self) -> None:
        while self._flood:
            self._flood.pop().close()

    def forget(self) -> None:
        """Close what one attack may have changed, so that the next starts from nothing."""
        for key in self._touched:
            session = self._open.pop(key, None)
            if session is not None:
                session.close()
        self._touched.clear()
        self._release()

    def close(self) -> None:
        for session in self._open.values():
            session.close()
        self._open.clear()
        self._release()
