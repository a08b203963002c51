"""Plant the canaries, open every door, play every attack, clean up, and report what was seen."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from freehold.errors import Busy, ServerError
from freehold.family import members
from freehold.found.fingerprint import fingerprint
from freehold.found.model import Found
from freehold.layouts.model import Placements
from freehold.ports import Clock, Outcome, Progress, Secrets, Servers, Session
from freehold.prove import canary, matrix, trace, volleytext
from freehold.prove.judge import unknown
from freehold.prove.model import (
    Answer,
    As,
    Ask,
    Attack,
    Batch,
    Canary,
    Notifications,
    Piece,
    Probe,
    Report,
    Result,
    Run,
    Scene,
    Verdict,
    Volley,
)
from freehold.prove.scene import databases, logins, present
from freehold.spec.model import Platform
from freehold.sqltext import Sql, ident, keyword, literal, sql

ATTACKS = "freehold.prove.attacks"
STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 200
CROWDED = "53300"
"""PostgreSQL's too_many_connections, also when only the role's own limit is reached."""

CROWDED_TRIES = 200
CROWDED_WAIT_MS = 50

_GUARD = sql(
    "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 60000;"
    " SET application_name = 'freehold prove'",
    STATEMENT_TIMEOUT_MS,
    LOCK_TIMEOUT_MS,
)


def prove(
    platform: Platform,
    placements: Placements,
    servers: Servers,
    secrets: Secrets,
    clock: Clock,
    progress: Progress,
    *,
    services: Iterable[str] | None = None,
    attacks: Iterable[str] | None = None,
    workers: int = 8,
    now: str | None = None,
    migrations: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
) -> Report:
    """Attack the platform and report.

    ``services`` limits who attacks, ``attacks`` what is tried; ``migrations`` maps a service to its declared
    migrations as (name, sha256). Raises Busy while another proof of the platform runs, and what Servers raises.
    On any end, an interruption too, the canaries are dropped; those of a proof that was killed are dropped first.
    """
    started = clock.monotonic_ms()
    family = members(ATTACKS, Attack)
    chosen = {name: family[name] for name in (family if attacks is None else sorted(set(attacks)))}
    lock = _locked(servers, placements)
    try:
        proof = _Proof(platform, placements, servers, secrets, clock, progress, workers)
        results, scene = proof.all(chosen, None if services is None else frozenset(services), migrations)
    finally:
        # closing alone would leave the lock until the server notices
        lock.attempt(keyword("SELECT pg_catalog.pg_advisory_unlock_all()"))
        lock.close()
    every = [result for some in results.values() for result in some]
    told = matrix.findings(every)
    today = now or clock.now_iso()
    violations, ignored = matrix.split_ignored(told[Verdict.BROKEN], platform.ignores, today)
    limits, ignored_limits = matrix.split_ignored(told[Verdict.LIMIT], platform.ignores, today)
    doubts, ignored_doubts = matrix.split_ignored(told[Verdict.UNKNOWN], platform.ignores, today)
    return Report(
        platform=platform.name,
        layout=platform.layout.value,
        attempts=sum(result.attempts for result in every),
        violations=violations,
        limits=limits,
        unknown=doubts,
        matrix=matrix.cells([service.name for service in platform.services], every),
        by_attack=matrix.counts(results),
        versions={name: server.version for name, server in sorted(scene.found.servers.items())},
        duration_ms=clock.monotonic_ms() - started,
        ignored=(*ignored, *ignored_limits, *ignored_doubts),
    )


def _locked(servers: Servers, placements: Placements) -> Session:
    session = servers.admin(placements.home)
    name = literal(f"freehold prove {placements.platform}")
    if session.query(sql("SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended({}, 0))", name)) != [
        (True,)
    ]:
        session.close()
        raise Busy(
            f'another proof of platform "{placements.platform}" is running',
            hint="Wait until it has ended; two proofs would take each other's canaries away.",
        )
    return session


@dataclass
class _Proof:
    platform: Platform
    placements: Placements
    servers: Servers
    secrets: Secrets
    clock: Clock
    progress: Progress
    workers: int
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    doubts: list[Result] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def all(
        self,
        chosen: Mapping[str, Attack],
        attackers: frozenset[str] | None,
        migrations: Mapping[str, tuple[tuple[str, str], ...]] | None,
    ) -> tuple[dict[str, list[Result]], Scene]:
        places = self.placements.databases()
        with ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(lambda place: self._clean(*place), places))
            before = self._read()
            self.progress.event("read what is there", 0, 1)
            counted = dict(zip(places, pool.map(lambda p: self._count(before, *p), places), strict=True))
            try:
                scene = self._scene(pool, before, attackers, migrations)
                results = self._play(pool, scene, chosen)
            finally:
                list(pool.map(lambda place: self._clean(*place), places))
            after = self._read()
            counted_after = dict(zip(places, pool.map(lambda p: self._count(before, *p), places), strict=True))
        results["no_trace"] = self._traces(before, after, counted, counted_after)
        if self.doubts:
            results["prepare"] = self.doubts
        return results, scene

    def _read(self) -> Found:
        wanted: dict[str, list[str]] = {instance.name: [] for instance in self.placements.instances}
        for instance, database in self.placements.databases():
            wanted[instance].append(database)
        return self.servers.read(tuple(wanted), wanted)

    # the scene

    def _scene(
        self,
        pool: ThreadPoolExecutor,
        found: Found,
        attackers: frozenset[str] | None,
        migrations: Mapping[str, tuple[tuple[str, str], ...]] | None,
    ) -> Scene:
        canaries = dict(pool.map(self._plant, [p.service for p in self.placements.services]))
        scene = Scene(
            self.platform,
            self.placements,
            found,
            tuple(
                login
                for login in logins(self.platform, self.placements)
                if attackers is None or not login.service or login.service in attackers
            ),
            {name: one for name, one in canaries.items() if one is not None},
            migrations=migrations,
            addresses={name: (place.host, place.port) for name, place in self.servers.addresses().items()},
        )
        known = self.secrets.known()
        for login in scene.logins:
            if not present(scene, login):
                why = "The role does not exist; run `freehold apply`."
                self.doubts.append(
                    unknown("prepare", login, login.service, f"role {ident(login.role)}", Answer(), why=why)
                )
            elif login.role in known:
                self.passwords[login.role] = self.secrets.password(login.role)
            else:
                why = "No password of this role is in the secrets file; run `freehold apply`."
                self.doubts.append(
                    unknown("prepare", login, login.service, f"role {ident(login.role)}", Answer(), why=why)
                )
        asks = [
            (instance, database, login.role)
            for login in scene.logins
            if login.role in self.passwords
            for instance, _, database in databases(scene)
        ]
        self.progress.event(f"try {len(asks)} doors", 0, 1)
        answers = pool.map(lambda door: self._probe(Probe(*door)), asks)
        return replace(scene, doors=dict(zip(asks, answers, strict=True)))

    def _plant(self, service: str) -> tuple[str, Canary | None]:
        place = self.placements.of(service)
        token = self.secrets.ephemeral(10)[0]
        owner = canary.role_of(place.roles.owner, place.roles.app, place.schemas)
        one = Canary(
            service,
            place.instance,
            place.database,
            canary.first_schema(place.schemas),
            canary.name_from(token),
            token,
            owner,
        )
        try:
            session = self.servers.admin(place.instance, place.database)
            try:
                with session.transaction():
                    for statement in canary.plant(one):
                        session.execute(statement)
                    session.execute(sql("SET LOCAL ROLE {}", ident(owner)))
                    oid = int(str(session.query(canary.plant_large_object(one))[0][0]))
                    session.execute(canary.mark_large_object(oid))
            finally:
                session.close()
        except ServerError as error:
            why = "The canary could not be planted, so a leak of this service's data could not be seen."
            answer = Answer(sqlstate=error.sqlstate, message=error.message)
            with self.guard:
                self.doubts.append(unknown("prepare", None, service, f'canary of service "{service}"', answer, why=why))
            return service, None
        return service, replace(one, large_object=oid)

    def _clean(self, instance: str, database: str) -> None:
        try:
            session = self.servers.admin(instance, database)
        except ServerError as error:
            if error.sqlstate in ("3D000", "42501", "28000"):
                return
            raise
        try:
            for kind, schema, name, oid in session.query(canary.leftovers()):
                session.execute(canary.remove(str(kind), str(schema), str(name), int(str(oid))))
        finally:
            session.close()

    # no trace

    def _count(self, found: Found, instance: str, database: str) -> tuple[int, dict[str, str | None]]:
        there = found.servers[instance].databases.get(database)
        if there is None or there.contents is None:
            return 0, {}
        session = self.servers.admin(instance, database)
        try:
            outcome = session.attempt(trace.counting(there.contents))
            people = session.attempt(trace.others())
        finally:
            session.close()
        busy = int(people.rows[0][0] or 0) if people.ok and people.rows else 0
        return busy, {str(row[0]): row[1] for row in outcome.rows} if outcome.ok else {}

    def _traces(
        self,
        before: Found,
        after: Found,
        counted: Mapping[tuple[str, str], tuple[int, dict[str, str | None]]],
        again: Mapping[tuple[str, str], tuple[int, dict[str, str | None]]],
    ) -> list[Result]:
        results: list[Result] = []
        if fingerprint(before) == fingerprint(after):
            results.append(Result(Verdict.HELD, "", ""))
        else:
            results.append(trace.trace(self.placements.home, "", trace.changed(before, after)))
        for place, (people, values) in counted.items():
            people_after, values_after = again[place]
            seen = trace.differences(values, values_after)
            # a service at work writes rows; only on a quiet database is a difference the proof's own
            if seen and not people and not people_after:
                results.append(trace.trace(*place, seen))
            else:
                results.append(Result(Verdict.HELD, "", ""))
        return results

    # the attacks

    def _play(self, pool: ThreadPoolExecutor, scene: Scene, chosen: Mapping[str, Attack]) -> dict[str, list[Result]]:
        results: dict[str, list[Result]] = {name: [] for name in chosen}
        jobs: dict[tuple[str, str, str], list[tuple[str, Piece]]] = {}
        for name, attack in chosen.items():
            for piece in attack.split(scene):
                key = (piece.instance, piece.database, piece.actor.role) if piece.actor else ("", "", name)
                jobs.setdefault(key, []).append((name, piece))
        total = len(jobs)

        def work(pieces: Sequence[tuple[str, Piece]]) -> list[tuple[str, list[Result]]]:
            sessions = _Sessions(self)
            try:
                return [(name, _converse(chosen[name], scene, piece, sessions)) for name, piece in pieces]
            finally:
                sessions.close()

        futures = [pool.submit(work, pieces) for pieces in jobs.values()]
        try:
            for done, future in enumerate(futures, 1):
                for name, some in future.result():
                    results[name].extend(some)
                self.progress.event("attacks", done, total)
        finally:
            for future in futures:
                future.cancel()
        return results

    def _probe(self, ask: Probe) -> Answer:
        password = self.passwords.get(ask.login, "") if ask.password is None else ask.password
        for attempt in range(CROWDED_TRIES):
            try:
                answer = _answer(self.servers.probe(ask.instance, ask.database, ask.login, password))
            except ServerError as error:
                answer = Answer(sqlstate=error.sqlstate or "08006", message=error.message)
            if answer.sqlstate != CROWDED or attempt == CROWDED_TRIES - 1:
                return answer
            self.clock.sleep_ms(CROWDED_WAIT_MS)
        raise AssertionError("the last try returns")

    def _login(self, instance: str, database: str, login: str) -> Session:
        """A session of a login. Our own other sessions may fill its connection limit for a moment: then wait."""
        for attempt in range(CROWDED_TRIES):
            try:
                return self.servers.login(instance, database, login, self.passwords.get(login, ""))
            except ServerError as error:
                if error.sqlstate != CROWDED or attempt == CROWDED_TRIES - 1:
                    raise
            self.clock.sleep_ms(CROWDED_WAIT_MS)
        raise AssertionError("the last try returns or raises")


def _converse(attack: Attack, scene: Scene, piece: Piece, sessions: _Sessions) -> list[Result]:
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


class _Sessions:
    """The connections of one worker. The one named "a" of a room serves piece after piece while it stays clean."""

    def __init__(self, proof: _Proof) -> None:
        self._proof = proof
        self._open: dict[tuple[str, str, str, str], Session] = {}
        self._touched: set[tuple[str, str, str, str]] = set()

    def ask(self, ask: Ask) -> tuple[Answer, ...]:
        match ask:
            case Probe():
                return (self._proof._probe(ask),)
            case Run():
                return self._run(ask)
            case Volley():
                return self._volley(ask)
            case As():
                return self._as(ask)
            case Notifications():
                return self._notifications(ask)

    def _session(self, key: tuple[str, str, str, str]) -> Session:
        if key not in self._open:
            instance, database, login, _ = key
            session = self._proof._login(instance, database, login)
            session.execute(_GUARD)
            self._open[key] = session
        return self._open[key]

    def _attempt(self, key: tuple[str, str, str, str], text: Sql) -> Answer:
        try:
            return _answer(self._session(key).attempt(text))
        except ServerError as error:
            lost = self._open.pop(key, None)
            if lost is not None:
                lost.close()
            return Answer(sqlstate=error.sqlstate or "08006", message=error.message)

    def _run(self, ask: Run) -> tuple[Answer, ...]:
        key = (ask.instance, ask.database, ask.login, ask.session)
        if ask.keep or ask.session != "a":
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
            session = self._proof.servers.admin(ask.instance, ask.database)
        except ServerError as error:
            return tuple(Answer(sqlstate=error.sqlstate or "08006", message=error.message) for _ in ask.statements)
        try:
            session.execute(_GUARD)
            return tuple(
                _answer(session.attempt(sql("ROLLBACK; BEGIN; SET LOCAL ROLE {}; {}", ident(ask.role), statement)))
                for statement in ask.statements
            )
        finally:
            session.close()

    def _notifications(self, ask: Notifications) -> tuple[Answer, ...]:
        heard = [
            note
            for (_, _, login, name), session in self._open.items()
            if (login, name) == (ask.login, ask.session)
            for note in session.notifications(ask.timeout_ms)
        ]
        return (Answer(rows=tuple(heard)),)

    def forget(self) -> None:
        """Close what one attack may have changed, so that the next starts from nothing."""
        for key in self._touched:
            session = self._open.pop(key, None)
            if session is not None:
                session.close()
        self._touched.clear()

    def close(self) -> None:
        for session in self._open.values():
            session.close()
        self._open.clear()


def _answer(outcome: Outcome) -> Answer:
    return Answer(outcome.rows, outcome.sqlstate, outcome.message)
