"""Numbers in order: 1, 2, 3, one for each row; as text when a form is given.

Unique. Right for keys: other tables can refer to it, and rows that are appended later go on counting.

Example:
    columns:
      id: sequence
      number: {sequence: {start: 1000, step: 5}}
      code: {sequence: {text: "INV-{}", digits: 6}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.model import Chunk, Value

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _make(args: Args, place: Place) -> Drawn:
    start = args.whole("start", 1, -(2**62), 2**62)
    step = args.whole("step", 1, -(2**31), 2**31)
    form = args.text("text")
    digits = args.whole("digits", 0, 0, 40)
    letters = args.whole("letters", 0, 0, 20)
    if not form and not letters:

        def numbers(chunk: Chunk) -> Sequence[Value]:
            rows = chunk.rows
            return list(rows) if start == 0 and step == 1 else [start + row * step for row in rows]

        return Drawn(Kind.INTEGER, numbers)
    if form and form.count("{}") != 1:
        args.refuse("text", "the text has no single place for the number", 'Write {} once: "INV-{}".')
    before, _, after = (form or "{}").partition("{}")

    def texts(chunk: Chunk) -> Sequence[Value]:
        if letters:
            return [f"{before}{_word(start + row * step, letters)}{after}" for row in chunk.rows]
        return [f"{before}{start + row * step:0{digits}d}{after}" for row in chunk.rows]

    return Drawn(Kind.TEXT, texts, plain=form.isprintable() and "\\" not in form)


def _word(number: int, length: int) -> str:
    found = ""
    while number or len(found) < length:
        number, rest = divmod(number, 26)
        found = _LETTERS[rest] + found
    return found


sequence = Draw(
    _make,
    {
        "start": "the first number; 1",
        "step": "from one row to the next; 1",
        "text": "a text with {} where the number stands; makes the column text",
        "digits": "zeros before the number, up to this length; 0",
        "letters": "count in letters of this length instead (AAA, AAB); 0 is off",
    },
    short="start",
)
