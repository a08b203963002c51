"""The triggers on a series with rollups that note which hours changed, and the watermark they compare rows with.

They belong to the administrator and note into the control schema; ``rollups`` says what a refresh makes of the notes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from freehold.maintain.catalog import table, utc
from freehold.spans import iso
from freehold.spec.series import TimeSeries
from freehold.sqltext import Sql, ident, join, keyword, literal, raw, sql

TRIGGER = "freehold_changes"

AS_ADMIN = keyword("SET LOCAL ROLE NONE")


def locked(series: TimeSeries, owner: str) -> tuple[Sql, ...]:
    """Locks writers out, so that nobody is under way who will not meet the triggers."""
    return (
        sql("SET LOCAL ROLE {}", ident(owner)),
        sql("LOCK TABLE ONLY {} IN SHARE ROW EXCLUSIVE MODE", table(series.table)),
        AS_ADMIN,
    )


def begin(series: TimeSeries, now: datetime) -> Sql:
    """The row of the series; returns its number."""
    return sql(
        "INSERT INTO freehold.series (table_schema, table_name, watermark, safe_from, waits_for)"
        " VALUES ({}, {}, {}, {}, ARRAY[]::text[]) ON CONFLICT (table_schema, table_name) DO UPDATE SET"
        " watermark = excluded.watermark, safe_from = excluded.safe_from, waits_for = excluded.waits_for"
        " RETURNING id",
        literal(series.table.schema),
        literal(series.table.table),
        literal(iso(now)),
        literal(iso(now)),
    )


def follow(series: TimeSeries, number: int, column_type: str, owner: str) -> tuple[Sql, ...]:
    """The triggers, and the note that everything that is there has changed.

    The function is the administrator's; the owner role, whose table it is, may use it while it makes the triggers.
    """
    digest = hashlib.sha256(f"{series.table.schema}.{series.table.table}".encode()).hexdigest()[:16]
    function = ident("freehold", f"changes_{digest}")
    return (
        sql("INSERT INTO freehold.series_changed (series, lower, upper) VALUES ({}, '-infinity', 'infinity')", number),
        sql(
            "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
            " SET search_path = pg_catalog, pg_temp AS {}",
            function,
            literal(_noting(series, number, column_type).shown()),
        ),
        sql("REVOKE ALL ON FUNCTION {}() FROM PUBLIC", function),
        sql("GRANT USAGE ON SCHEMA freehold TO {}", ident(owner)),
        sql("GRANT EXECUTE ON FUNCTION {}() TO {}", function, ident(owner)),
        sql("SET LOCAL ROLE {}", ident(owner)),
        *(
            sql(
                "CREATE OR REPLACE TRIGGER {} AFTER {} ON {}{} FOR EACH STATEMENT EXECUTE FUNCTION {}()",
                ident(f"{TRIGGER}_{event.shown().lower()}"),
                event,
                table(series.table),
                tables,
                function,
            )
            for event, tables in _EVENTS
        ),
        AS_ADMIN,
        sql("REVOKE ALL ON FUNCTION {}() FROM {}", function, ident(owner)),
        sql("REVOKE ALL ON SCHEMA freehold FROM {}", ident(owner)),
    )


_EVENTS = (
    (keyword("INSERT"), keyword(" REFERENCING NEW TABLE AS freehold_new")),
    (keyword("UPDATE"), keyword(" REFERENCING OLD TABLE AS freehold_old NEW TABLE AS freehold_new")),
    (keyword("DELETE"), keyword(" REFERENCING OLD TABLE AS freehold_old")),
    (keyword("TRUNCATE"), Sql(())),
)


def _noting(series: TimeSeries, number: int, column_type: str) -> Sql:
    moment_ = utc(series.column, column_type)

    def branch(*tables: str) -> Sql:
        moments = join(" UNION ALL ", (sql("SELECT {} AS at FROM {}", moment_, raw(name)) for name in tables))
        return sql(
            "IF (SELECT min(x.at) FROM ({}) AS x) < mark THEN"
            " INSERT INTO freehold.series_changed (series, lower, upper)"
            " SELECT {}, y.hour, y.hour + interval '1 hour' FROM (SELECT DISTINCT"
            " date_bin(interval '1 hour', x.at, timestamp '2000-01-03') AS hour FROM ({}) AS x"
            " WHERE x.at < mark AND isfinite(x.at)) AS y; END IF",
            moments,
            number,
            moments,
        )

    return sql(
        """
DECLARE
    mark timestamp := (SELECT s.watermark FROM freehold.series AS s WHERE s.id = {});
BEGIN
    IF TG_OP = 'INSERT' THEN {};
    ELSIF TG_OP = 'UPDATE' THEN {};
    ELSIF TG_OP = 'DELETE' THEN {};
    ELSE INSERT INTO freehold.series_changed (series, lower, upper) VALUES ({}, '-infinity', 'infinity');
    END IF;
    RETURN NULL;
END
""",
        number,
        branch("freehold_new"),
        branch("freehold_old", "freehold_new"),
        branch("freehold_old"),
        number,
    )
