"""Opens connections as the logins of the platform, and waits where only our own other sessions fill a limit."""

from __future__ import annotations

from dataclasses import dataclass, field

from freehold.errors import ServerError
from freehold.ports import Clock, Outcome, Servers, Session
from freehold.prove.asking import Answer, Probe

CROWDED = "53300"
"""PostgreSQL's too_many_connections, also when only the role's own limit is reached."""

CROWDED_TRIES = 200
CROWDED_WAIT_MS = 50


@dataclass(frozen=True, slots=True)
class Doors:
    """The servers, and the passwords of the logins that attack, by role."""

    servers: Servers
    clock: Clock
    passwords: dict[str, str] = field(default_factory=dict, repr=False)

    def probe(self, ask: Probe) -> Answer:
        """Only try to connect; what the server answered."""
        password = self.passwords.get(ask.login, "") if ask.password is None else ask.password
        for attempt in range(CROWDED_TRIES):
            try:
                answer = answer_of(self.servers.probe(ask.instance, ask.database, ask.login, password))
            except ServerError as error:
                answer = Answer(sqlstate=error.sqlstate or "08006", message=error.message)
            if answer.sqlstate != CROWDED or not ask.patient or attempt == CROWDED_TRIES - 1:
                return answer
            self.clock.sleep_ms(CROWDED_WAIT_MS)
        raise AssertionError("the last try returns")

    def once(self, instance: str, database: str, login: str) -> Session:
        """A session of a login, or the server's refusal."""
        return self.servers.login(instance, database, login, self.passwords.get(login, ""))

    def login(self, instance: str, database: str, login: str) -> Session:
        """A session of a login. Our own other sessions may fill its connection limit for a moment: then wait."""
        for attempt in range(CROWDED_TRIES):
            try:
                return self.once(instance, database, login)
            except ServerError as error:
                if error.sqlstate != CROWDED or attempt == CROWDED_TRIES - 1:
                    raise
            self.clock.sleep_ms(CROWDED_WAIT_MS)
        raise AssertionError("the last try returns or raises")


def answer_of(outcome: Outcome) -> Answer:
    """What an attack is told of an outcome."""
    return Answer(outcome.rows, outcome.sqlstate, outcome.message)
