"""The page that documents the events of a move, made of the classes of events themselves."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.cli.schemas_of_moves import ENVELOPE, documented, keys
from freehold.move.events import STEPS, Event, Step, kinds

_HEAD = """\
# The events of a move

Generated from `freehold.move.events` by `make docs`.

`freehold move start|verify|cutover|rollback|complete|abort|resume|auto --json` prints one JSON object a line, each at
once when it happens. The last line has `"event": "result"`: it is the answer of the command, with its exit code under
`exit` and, where the command failed or was interrupted, `error` ([schema](schemas/move.json)). A stream without it
belongs to a process that was killed. The live view on a terminal is made of the same events.

```sh
freehold move auto --to database-per-service --json | jq -c 'select(.event == "rows_copied")'
```

A program may stop reading at any time, or read slowly: the move goes on, and waits for nobody before it is done. Kinds
and keys may be added under the same `schema_version`; pass over what you do not know. Every event
([schema](schemas/move-events.json)) has these keys, and those of its kind.
"""


def page(union: object = Event) -> str:
    """The page of the events of ``union``. Raises LookupError for a kind, or a key of one, that says nothing of
    itself."""
    parts = [_HEAD, _table("key", "what it holds", ((name, says) for name, (_, says) in ENVELOPE.items()))]
    for name, one in kinds(union).items():
        lines = " ".join(line.strip() for line in documented(name, one).strip().splitlines())
        table = _table("key", "what it holds", ((key, says) for key, _, says in keys(one)))
        parts.append(f"\n## {name}\n\n{lines}\n\n{table}")
    parts.append("\n## The pieces of work\n\nWhat `step` can be.\n")
    parts.append(_table("step", "what is done", ((step.value, STEPS[step]) for step in Step)))
    return "\n".join(parts) + "\n"


def _table(name: str, says: str, rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join((f"| {name} | {says} |", "|---|---|", *(f"| `{one}` | {text} |" for one, text in rows)))
