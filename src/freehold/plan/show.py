"""A plan as text: a script for psql, the JSON other programs read, and the counts. Same plan, same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.plan.login_settings import show_list
from freehold.plan.model import Action, Effect, Later, Plan, RunCommand, RunMigration, Statement, Step, WriteHba
from freehold.sqltext import comment, ident, keyword, quote_ident, sql


def script(plan: Plan) -> str:
    """The plan as psql would run it, each step under its sentence; what is not SQL stands as comments."""
    lines = [comment(f"plan for platform {quote_ident(plan.platform)}"), comment(f"fingerprint {plan.fingerprint}")]
    lines.extend(comment(f"note: {note}") for note in plan.notes)
    place: tuple[str, str | None] | None = None
    for step in plan.steps:
        if place != (step.instance, step.database):
            place = (step.instance, step.database)
            lines += ["", comment(f"instance {quote_ident(step.instance)}"), _connect(step.database)]
        lines += ["", comment(step.say() + (" (destructive)" if step.destructive else ""))]
        lines.extend(statements(step.do()))
    if plan.undeclared:
        lines += ["", comment("undeclared, and left as it is (--authoritative removes it):")]
        lines.extend(
            comment(
                f"instance {quote_ident(step.instance)}: {step.say()}" + (" (destructive)" if step.destructive else "")
            )
            for step in plan.undeclared
        )
    return "\n".join(lines) + "\n"


def statements(effects: tuple[Effect, ...]) -> list[str]:
    """Effects as lines of a script, secrets as ``<password>``."""
    return [line for effect in effects for line in _effect(effect)]


def changes(plan: Plan) -> list[dict[str, object]]:
    """The steps with the keys other programs rely on."""
    return [change(step) for step in plan.steps]


def change(step: Step) -> dict[str, object]:
    """One step as JSON."""
    return {
        "action": step.action.value,
        "kind": step.kind,
        "name": step.name,
        "service": step.service,
        "instance": step.instance,
        "database": step.database or "",
        "sql": statements(step.do()),
        "destructive": step.destructive,
        "lock": step.lock,
        "says": step.say(),
    }


def summary(plan: Plan) -> dict[str, int]:
    """How many steps create, alter and drop."""
    return {action.value: sum(step.action is action for step in plan.steps) for action in Action}


def _connect(database: str | None) -> str:
    if database is None:
        return comment("in the maintenance database")
    # psql reads a conninfo string here, so a database named like one or with a quote cannot lead elsewhere
    value = "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if not database.isprintable():
        return comment(f"connect to database {quote_ident(database)}")
    return "\\connect -reuse-previous=on " + quote_ident(value)


def _effect(effect: Effect) -> Iterator[str]:
    match effect:
        case Statement():
            yield effect.sql.shown().rstrip().rstrip(";") + ";"
        case WriteHba():
            yield comment("pg_hba.conf:")
            yield from (comment("  " + line) for line in effect.lines)
        case Later():
            yield comment("worked out when it is sent; for what is there now:")
            yield from (statement.shown().rstrip().rstrip(";") + ";" for statement in effect.planned)
        case RunMigration():
            yield comment(f"migration {effect.name} sha256 {effect.sha256}")
            yield sql("SET ROLE {}", ident(effect.owner)).shown() + ";"
            if effect.search_path:
                yield f"SET search_path = {show_list(effect.search_path)};"
            yield effect.sql.shown().rstrip()
            yield keyword("RESET ROLE").shown() + ";"
            yield keyword("RESET search_path").shown() + ";"
        case RunCommand():
            yield comment(f"as {quote_ident(effect.owner)}, in {effect.directory}: {effect.command}")
