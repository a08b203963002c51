"""The DO block that runs very many hostile statements in one round trip, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from freehold.prove.asking import Answer, Batch
from freehold.sqltext import Sql, quote_literal

STATEMENTS_MAX = 400
_PASSED = "FH000"

_BODY = """
DECLARE
    statements pg_catalog.text[] := ARRAY[{}]::pg_catalog.text[];
    answers pg_catalog.json[] := '{{}}';
    statement pg_catalog.text;
    value pg_catalog.text;
    state pg_catalog.text;
    said pg_catalog.text;
    position pg_catalog.int4 := 0;
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        position := position + 1;
        BEGIN
            value := NULL;
            IF pg_catalog.starts_with(statement, 'SELECT') THEN
                EXECUTE statement INTO value;
            ELSE
                EXECUTE statement;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'FH000', MESSAGE = COALESCE('v' || value, 'n');
        EXCEPTION
            WHEN insufficient_privilege THEN
                NULL;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
                answers := answers || pg_catalog.json_build_array(position, state, said);
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('freehold.answers', pg_catalog.array_to_json(answers)::pg_catalog.text, true);
END"""


def chunks(batches: Sequence[Batch]) -> Iterator[tuple[Batch, ...]]:
    """Batches put together up to a number of statements that one DO block runs well within the timeout."""
    some: list[Batch] = []
    count = 0
    for batch in batches:
        if some and count + len(batch.statements) > STATEMENTS_MAX:
            yield tuple(some)
            some, count = [], 0
        some.append(batch)
        count += len(batch.statements)
    if some:
        yield tuple(some)


def text(batches: Iterable[Batch]) -> Sql:
    """One text: open a transaction, try every statement in a subtransaction that is undone, and say what happened.

    The transaction is left open; what follows begins with ROLLBACK.
    """
    body = _BODY.format(",".join(batch.text for batch in batches))
    return Sql(
        (f"ROLLBACK; BEGIN; DO {quote_literal(body).strip()}; SELECT pg_catalog.current_setting('freehold.answers')",)
    )


def read(answer: Answer, count: int) -> tuple[Answer, ...] | None:
    """One Answer for each statement; None when the block itself failed, so that nothing is known."""
    if not answer.ok or not answer.rows or answer.rows[0][0] is None:
        return None
    refused = Answer(sqlstate="42501", message="permission denied")
    answers = [refused] * count
    for position, state, said in json.loads(answer.rows[0][0]):
        if state == _PASSED:
            answers[position - 1] = Answer(rows=((said[1:] if said.startswith("v") else None,),))
        else:
            answers[position - 1] = Answer(sqlstate=state, message=said)
    return tuple(answers)
