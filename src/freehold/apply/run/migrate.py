"""Runs a service's migrations under its short-lived login, each with its ledger row or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from freehold.apply import deploy, resume
from freehold.apply.resume import Left, Next, Start
from freehold.apply.run.tidy import remove_login
from freehold.apply.run.world import World
from freehold.apply.script import Alone, Piece, inspect
from freehold.errors import MigrationError, ServerError, Unreachable
from freehold.found.locks import GIVING_WAY, backoff_ms, retriable
from freehold.plan.model import RunCommand, RunMigration
from freehold.ports import Session
from freehold.sqltext import keyword, raw

PIECEWISE_MOST = 500
"""Files of more statements are sent whole: an error then names the file only, and a large load stays fast."""


@dataclass(frozen=True)
class Deploy:
    """One service's login in one database, for as long as its migrations run."""

    world: World
    admin: Session
    instance: str
    database: str
    login: deploy.Login
    password: str = field(repr=False)

    def open(self) -> Session:
        return self.world.servers.login(self.instance, self.database, self.login.name, self.password)


@contextmanager
def deploying(
    world: World, admin: Session, instance: str, database: str, effect: RunMigration | RunCommand
) -> Iterator[Deploy]:
    """Makes the login, and drops it afterwards whatever happened. If the server is gone, the next run drops it."""
    login = deploy.login(world.run.platform, database, effect)
    superuser = bool(
        admin.query(keyword("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER"))[0][0]
    )
    expiry = str(admin.query(deploy.EXPIRY)[0][0])
    password, verifier = world.secrets.ephemeral(deploy.LIFETIME_MINUTES)
    with admin.transaction():
        for statement in deploy.create(login, expiry, superuser):
            admin.execute(statement, lambda _name: verifier)
    try:
        yield Deploy(world, admin, instance, database, login, password)
    finally:
        with suppress(ServerError):
            remove_login(world, admin, instance, login.name)


def migrate(here: Deploy, file: RunMigration) -> None:
    """Run one file and write its ledger row. Raises MigrationError; what stayed of the file, if anything, it says."""
    script = inspect(file.sql.shown(), file.transactional)
    for refusal in script.refusals:
        raise MigrationError(f"{_name(file)}, line {refusal.line}: {refusal.message}", hint=refusal.hint)
    units = (Piece(file.sql.shown(), 1),) if file.transactional else script.pieces
    begin = resume.start(file, units, _left(here, file))
    # the last unit is always reported, also when all of them were done before: the report writes the ledger row
    ready = min(begin.done, len(units) - 1)
    here.admin.execute(deploy.ticket(here.world.run, file, here.login.name, len(units), ready))
    session = here.open()
    try:
        if begin.done == len(units):
            _report(session, file, len(units))
        elif file.transactional:
            parts = script.pieces if script.parsed and len(script.pieces) <= PIECEWISE_MOST else units
            _committed(here, session, file, parts, 1)
        else:
            _one_by_one(here, session, file, units, begin)
    finally:
        session.close()


def command(here: Deploy, effect: RunCommand) -> None:
    """Run the service's own tool and write its ledger row. Raises MigrationError with the end of the tool's output."""
    began = here.world.clock.monotonic_ms()
    address = here.world.servers.addresses()[here.instance]
    environment = deploy.environment(
        effect.service,
        address.host,
        address.port,
        here.database,
        here.login.name,
        here.password,
        address.options,
    )
    status, output = here.world.commands.run(effect.command, effect.directory, environment)
    if status != 0:
        raise MigrationError(
            f'the migration command of service "{effect.service}" ended with status {status}: {_tail(output)}',
            hint=f'What it had committed by then stays. Correct the cause and apply again: "{effect.command}".',
        )
    here.admin.execute(deploy.ledger(here.world.run, effect, here.world.clock.monotonic_ms() - began))


def _one_by_one(here: Deploy, session: Session, file: RunMigration, units: tuple[Piece, ...], begin: Start) -> None:
    for number, piece in enumerate(units[begin.done :], begin.done + 1):
        if piece.alone is Alone.NO:
            _committed(here, session, file, (piece,), number)
            continue
        if number == begin.done + 1 and begin.how is Next.LOOK and _built(here, session, piece):
            _report(session, file, number)
            continue
        here.admin.execute(deploy.running(file, number))
        try:
            session.execute(raw(piece.text))
        except Unreachable:
            raise
        except ServerError as error:
            if piece.alone is not Alone.INDEX:
                here.admin.execute(deploy.running(file, None))
            raise MigrationError(
                f"{_name(file)} failed in line {piece.line}: {error.message}",
                hint=(error.hint + " " if error.hint else "")
                + f"The {number - 1} statements before it are committed; apply again goes on with this one.",
            ) from error
        _report(session, file, number)
    broken = [str(row[0]) for row in here.admin.query(resume.invalid_indexes(here.login.owner))]
    if broken:
        here.world.say(f"{_name(file)} is done; invalid indexes are left, drop them: {', '.join(broken)}")


def _built(here: Deploy, session: Session, piece: Piece) -> bool:
    """Whether the index of an interrupted build is there and valid; an invalid one is dropped."""
    assert piece.index is not None
    rows = session.query(resume.index_state(piece.index))
    if not rows:
        return False
    valid, schema = bool(rows[0][0]), str(rows[0][1])
    if not valid:
        here.world.say(f'dropping invalid index "{piece.index[1]}", which an interrupted run left')
        session.execute(resume.drop_index(schema, piece.index[1]))
    return valid


def _committed(here: Deploy, session: Session, file: RunMigration, parts: tuple[Piece, ...], number: int) -> None:
    """``parts`` and their report in one transaction, again and again while others hold the locks they need."""
    deadline = here.world.clock.monotonic_ms() + here.world.lock_wait_ms
    attempt = 0
    while True:
        try:
            with session.transaction():
                session.query(GIVING_WAY)
                before = session.query(deploy.TRANSACTION)
                for part in parts:
                    _send(session, file, part, many=len(parts) > 1)
                if session.query(deploy.TRANSACTION) != before:
                    raise MigrationError(
                        f"{_name(file)} ended the transaction it ran in; what came before that is committed",
                        hint="Remove its COMMIT or ROLLBACK, undo by hand what it did, and apply again.",
                    )
                for statement in deploy.report(file, number):
                    session.execute(statement)
            return
        except ServerError as error:
            if not retriable(error.sqlstate, error.message) or here.world.clock.monotonic_ms() >= deadline:
                raise MigrationError(
                    f"{_name(file)} failed: {error.message}", hint=error.hint or "Nothing of it stayed."
                ) from error
            here.world.say(f"{_name(file)} waits for a lock: {error.message}")
            here.world.clock.sleep_ms(backoff_ms(attempt, here.world.jitter()))
            attempt += 1


def _send(session: Session, file: RunMigration, part: Piece, *, many: bool) -> None:
    try:
        session.execute(raw(part.text))
    except ServerError as error:
        if retriable(error.sqlstate, error.message) or isinstance(error, Unreachable):
            raise
        place = f" in line {part.line}" if many or part.line > 1 else ""
        raise MigrationError(
            f"{_name(file)} failed{place}: {error.message}",
            hint=(error.hint + " " if error.hint else "") + "Nothing of it stayed. Correct it and apply again.",
        ) from error


def _report(session: Session, file: RunMigration, number: int) -> None:
    with session.transaction():
        for statement in deploy.report(file, number):
            session.execute(statement)


def _left(here: Deploy, file: RunMigration) -> Left | None:
    rows = here.admin.query(deploy.left(file))
    if not rows:
        return None
    sha256, total, done, running = rows[0]
    return Left(str(sha256), int(str(total)), int(str(done)), None if running is None else int(str(running)))


def _name(file: RunMigration) -> str:
    return f'migration "{file.name}" of service "{file.service}"'


def _tail(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-5:]) or "it said nothing"
