"""NULL now and then, over any draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from freehold.seed.model import Chunk, Drawn, Value
from freehold.seed.stream import Stream


def maybe(inner: Drawn, share: float, stream: Stream) -> Drawn:
    """``inner``, of which a share is NULL; what refers to its rows still finds them."""
    if share <= 0:
        return inner
    limit = int(share * 2**53)
    bits = stream.below("null")

    def values(chunk: Chunk) -> Sequence[Value]:
        return [
            None if word >> 11 < limit else value
            for word, value in zip(bits.words(chunk.rows), inner.values(chunk), strict=True)
        ]

    return replace(inner, values=values)
