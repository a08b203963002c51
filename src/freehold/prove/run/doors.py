"""Opens connections as the logins of the platform, and waits where the answer is only one of this moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from freehold.errors import ServerError
from freehold.ports import Clock, Outcome, Servers, Session
from freehold.prove.asking import Answer, Probe

CROWDED = "53300"
"""PostgreSQL's too_many_connections, also when only the role's own limit is reached."""

RESTING = "server_login_retry"
"""What a PgBouncer says whose last connection to its server failed: it lets nobody in until it tries again."""

CROWDED_TRIES = 200
RESTING_TRIES = 60
WAIT_MS = 50


def tries(sqlstate: str, message: str) -> int:
    """How often to try, ``WAIT_MS`` apart, before this refusal is taken for the answer."""
    if sqlstate == CROWDED:
        return CROWDED_TRIES
    return RESTING_TRIES if RESTING in message else 1


@dataclass(frozen=True, slots=True)
class Doors:
    """The servers, and the passwords of the logins that attack, by role."""

    servers: Servers
    clock: Clock
    passwords: dict[str, str] = field(default_factory=dict, repr=False)

    def probe(self, ask: Probe) -> Answer:
        """Only try to connect; what the server answered."""
        password = self.passwords.get(ask.login, "") if ask.password is None else ask.password
        for attempt in count(1):
            try:
                answer = answer_of(self.servers.probe(ask.instance, ask.database, ask.login, password))
            except ServerError as error:
                answer = Answer(sqlstate=error.sqlstate or "08006", message=error.message)
            if not ask.patient or attempt >= tries(answer.sqlstate, answer.message):
                return answer
            self.clock.sleep_ms(WAIT_MS)
        raise AssertionError("the last try returns")

    def once(self, instance: str, database: str, login: str) -> Session:
        """A session of a login, or the server's refusal."""
        return self.servers.login(instance, database, login, self.passwords.get(login, ""))

    def login(self, instance: str, database: str, login: str) -> Session:
        """A session of a login. Our own other sessions may fill its connection limit for a moment, and a pool may rest
        after its server was gone: then wait."""
        for attempt in count(1):
            try:
                return self.once(instance, database, login)
            except ServerError as error:
                if attempt >= tries(error.sqlstate, error.message):
                    raise
            self.clock.sleep_ms(WAIT_MS)
        raise AssertionError("the last try returns or raises")


def answer_of(outcome: Outcome) -> Answer:
    """What an attack is told of an outcome."""
    return Answer(outcome.rows, outcome.sqlstate, outcome.message)
