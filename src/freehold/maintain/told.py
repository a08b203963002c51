"""How what was done and what is wrong is told: the same words in a dry run, a run and a finding."""

from __future__ import annotations

from freehold.finding import Evidence, Finding, Level
from freehold.maintain.model import Action, Done, Kind, State, Task
from freehold.spans import shown
from freehold.spec.names import show_table
from freehold.spec.tables import TableName
from freehold.sqltext import ident, sql


def done(
    task: Task,
    what: str,
    action: Action,
    partition: TableName | None = None,
    rows: int | None = None,
    size: int | None = None,
    *,
    about: bool = False,
) -> Done:
    """Something that was done for a task; ``what`` is create, move, detach, drop, delete, refresh or
    compress."""
    name = show_table(partition) if partition is not None else ""
    instance, database = task.place
    return Done(what, task.service, instance, database, task.shown, name, rows, size, about, action.say())


def finding(task: Task, code: str, title: str, detail: str = "", *, remedy: str = "", evidence: str = "") -> Finding:
    """Something a person must look at."""
    seen = (Evidence(evidence),) if evidence else ()
    return Finding(code, Level.ERROR, task.service, f"table {task.shown}", title, detail, seen, remedy)


def absent(task: Task, state: State) -> Finding | None:
    """Why nothing can be maintained, when that is so."""
    if state.kind is Kind.ABSENT:
        return finding(task, "table_missing", f"table {task.shown} does not exist", remedy="freehold apply")
    if task.series is not None and state.kind is not Kind.CUT:
        title = f'table {task.shown} is not partitioned by "{task.series.column}"'
        return finding(task, "table_not_partitioned", title, remedy="freehold apply")
    column = task.series.column if task.series else task.retention.column if task.retention else ""
    if not state.column_type:
        return finding(task, "time_column_missing", f'table {task.shown} has no column "{column}"')
    if state.kind is Kind.OTHER:
        return finding(task, "retention_impossible", f"{task.shown} is no table that rows can be deleted from by age")
    return None


def rows_without_partition(task: Task, state: State, rows: int) -> Finding:
    """Rows of the default partition that no action moves."""
    assert state.default is not None
    pieces = [f"{count} rows of {shown(lower)}" for lower, count in state.loose]
    pieces += [f"{state.homeless} rows that belong to no piece (infinite, or outside the calendar)"] * (
        state.homeless > 0
    )
    return finding(
        task,
        "rows_without_partition",
        f"{rows} rows of {task.shown} stay in the default partition",
        "They are served like all others, and no retention reaches them.",
        evidence="; ".join(pieces[-5:]),
        remedy=sql("SELECT * FROM ONLY {}", ident(state.default.schema, state.default.table)).shown(),
    )
