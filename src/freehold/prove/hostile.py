"""An attack of a few hostile statements in the attacker's own database, each of which must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from freehold.found.model import Server
from freehold.prove.asking import Answer, Run
from freehold.prove.judge import broken, evidence, held, in_database, unknown, verdict
from freehold.prove.model import Attack, Conversation, Login, Piece, Scene, Tell, Verdict
from freehold.prove.pieces import at_home
from freehold.prove.why import Ground, of_membership, told
from freehold.sqltext import Sql, ident


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hostile statement; ``grounds`` say why it went through and how to end that. ``boolean``: the first value of
    the answer says whether it would. ``instead`` is such a question, asked where the statement met somebody else's
    before the server looked at any privilege."""

    statement: Sql
    object: str
    title: str
    grounds: tuple[Ground, ...]
    target: str = ""
    boolean: bool = False
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    instead: Sql | None = None


MET = frozenset({"55P03", "42710", "23505"})
"""Codes that say that somebody else holds the name at this moment, or has it already."""

Attempts = Callable[[Scene, Login, Piece], Iterable[Attempt]]


def hostile_attack(
    code: str,
    number: str,
    title: str,
    attempts: Attempts,
    *,
    pieces: Callable[[Scene], Iterator[Piece]] = at_home,
    prevented_by: tuple[str, ...] = (),
) -> Attack:
    """The attack ``code``: run each attempt as the login, expect a refusal."""

    def play(scene: Scene, piece: Piece, tell: Tell) -> Conversation:
        login = piece.actor
        assert login is not None
        some = tuple(attempts(scene, login, piece))
        answers = yield Run(piece.instance, piece.database, login.role, tuple(a.statement for a in some))
        met = {n: some[n].instead for n, answer in enumerate(answers) if answer.sqlstate in MET}
        questions = {n: question for n, question in met.items() if question is not None}
        if questions:
            replies = yield Run(piece.instance, piece.database, login.role, tuple(questions.values()))
            some, answers = _replaced(some, answers, questions, dict(zip(questions, replies, strict=True)))
        for attempt, answer in zip(some, answers, strict=True):
            if attempt.boolean and answer.ok and answer.rows and answer.rows[0][0] in ("f", "false", None):
                tell(held(login, attempt.target))
                continue
            match verdict(answer, opened=attempt.opened, closed=attempt.closed):
                case Verdict.HELD:
                    tell(held(login, attempt.target))
                case Verdict.BROKEN:
                    detail, remedy, group = told(attempt.grounds)
                    tell(
                        broken(
                            code,
                            login,
                            attempt.target,
                            attempt.object,
                            f'role "{login.role}" {attempt.title}',
                            detail,
                            evidence=(evidence(login, piece.instance, piece.database, attempt.statement, answer),),
                            remedy=in_database(piece.database, remedy),
                            group=f"{attempt.object}:{group}",
                        )
                    )
                case _:
                    tell(unknown(code, login, attempt.target, attempt.object, answer))

    return Attack(number, title, pieces, play, prevented_by)


def _replaced(
    some: Sequence[Attempt], answers: Sequence[Answer], questions: Mapping[int, Sql], replies: Mapping[int, Answer]
) -> tuple[tuple[Attempt, ...], tuple[Answer, ...]]:
    """The attempts and answers, those with a question of the same number as that question and its reply."""
    asked = (
        replace(attempt, statement=questions[n], boolean=True) if n in questions else attempt
        for n, attempt in enumerate(some)
    )
    return tuple(asked), tuple(replies.get(n, answer) for n, answer in enumerate(answers))


def by_role(server: Server, who: str, *roles: str) -> tuple[Ground, ...]:
    """The grounds for something only superusers and members of ``roles`` may do."""
    role = server.roles.get(who)
    grounds: list[Ground] = []
    if role is not None and role.superuser:
        grounds.append(
            Ground(f'role "{who}" is a superuser', f"ALTER ROLE {ident(who)} NOSUPERUSER;", f"superuser:{who}")
        )
    for name in roles:
        grounds.extend(of_membership(server, who, name))
    return tuple(grounds)


def by_attribute(server: Server, who: str, attribute: str) -> tuple[Ground, ...]:
    """The grounds for something only superusers and roles with an attribute may do."""
    role = server.roles.get(who)
    if role is not None and getattr(role, attribute):
        word = attribute.upper()
        return (Ground(f'role "{who}" is {word}', f"ALTER ROLE {ident(who)} NO{word};", f"{attribute}:{who}"),)
    return by_role(server, who)
