"""Words: some, a sentence, or paragraphs of them, frequent words more often. Also what full-text search is fed with.

Example:
    columns:
      title: {text: 3..7}
      body: {text: {sentences: 2..6}}
      tags: {text: {words: 1..3, separator: "-"}}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import WORDS
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Ranks

_TABLE = 4096


def _make(args: Args, place: Place) -> Drawn:
    sentences = args.span("sentences", (0, 0), 1, 200)
    least, most = args.span("words", (5, 14) if sentences[1] else (3, 8), 1, 500)
    between = args.text("separator", " ")
    longest = args.whole("longest", 0, 1, 10**7)
    stream = place.stream
    # a word by look-up alone: each stands as often in the table as it is likely
    table = [WORDS[i] for i in Ranks(len(WORDS), 0.7).picks(*stream.below("table").pairs(range(_TABLE)))]
    lanes = -(-most // 9)

    def run(rows: Sequence[int], lane: int) -> list[str]:
        """Up to nine words from each lane: one hundred and eight bits of its hundred and twenty-eight."""
        found: list[list[str]] = [[] for _ in rows]
        counts = [least + word % (most - least + 1) for word in stream.words(rows, lane + lanes)]
        for at in range(lanes):
            for words, count, one, two in zip(found, counts, *stream.pairs(rows, lane + at), strict=True):
                bits = one | two << 64
                for _ in range(min(9, count - len(words))):
                    words.append(table[bits & 4095])
                    bits >>= 12
        return [between.join(words) for words in found]

    def values(chunk: Chunk) -> Sequence[Value]:
        rows = chunk.rows
        if not sentences[1]:
            texts = run(rows, 0)
            return [text[:longest] for text in texts] if longest else texts
        wanted = [sentences[0] + word % (sentences[1] - sentences[0] + 1) for word in stream.words(rows, 1 << 40)]
        parts: list[list[str]] = [[] for _ in rows]
        for number in range(max(wanted, default=0)):
            for part, count, text in zip(parts, wanted, run(rows, number * (lanes + 1)), strict=True):
                if number < count:
                    part.append(text.capitalize() + ".")
        texts = [" ".join(part) for part in parts]
        return [text[:longest] for text in texts] if longest else texts

    return Drawn(Kind.TEXT, values, plain=between.isprintable() and "\\" not in between)


text = Draw(
    _make,
    {
        "words": "how many words, of each sentence where there are sentences; 3..8",
        "sentences": "how many sentences; without it there are only words",
        "separator": "what stands between words; a space",
        "longest": "characters after which the text is cut",
    },
    short="words",
)
