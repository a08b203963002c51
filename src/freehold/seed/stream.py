"""Random bits by row number: the bits of any row of any column can be computed alone, in any order, on any machine.

AES in counter mode is the generator, keyed by seed, table and column: row ``r`` has the 128 bits that encrypting ``r``
gives. A run of rows is one call of AES-CTR, scattered rows (the parents of some children) are one call of AES-ECB;
both take nanoseconds for a row. Nothing depends on the interpreter's hash seed, on floating point or on threads.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from freehold.seed.model import ROWS_VERSION

_LITTLE = sys.byteorder == "little"


class Stream:
    """An endless table of random bits: 128 for each row in each lane."""

    __slots__ = ("_aes", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aes = algorithms.AES(key)

    @staticmethod
    def of(seed: str, *names: str) -> Stream:
        """The stream of a seed and a name; no two names share one."""
        return Stream(_digest(str(ROWS_VERSION), seed, *names))

    def below(self, *names: str) -> Stream:
        """A stream of its own for a part of this one."""
        return Stream(_digest(self._key.hex(), *names))

    def raw(self, rows: Sequence[int], lane: int = 0) -> bytes:
        """16 bytes for each row."""
        count = len(rows)
        if isinstance(rows, range) and rows.step == 1:
            start = (lane << 64 | rows.start) if count else 0
            return Cipher(self._aes, modes.CTR(start.to_bytes(16, "big"))).encryptor().update(bytes(16 * count))
        blocks = array("Q", bytes(16 * count))
        blocks[0::2] = array("Q", [lane]) * count
        blocks[1::2] = array("Q", rows)
        if _LITTLE:
            blocks.byteswap()
        return Cipher(self._aes, modes.ECB()).encryptor().update(blocks.tobytes())

    def pairs(self, rows: Sequence[int], lane: int = 0) -> tuple[list[int], list[int]]:
        """Two numbers below 2**64 for each row."""
        numbers = array("Q")
        numbers.frombytes(self.raw(rows, lane))
        if not _LITTLE:
            numbers.byteswap()
        return numbers[0::2].tolist(), numbers[1::2].tolist()

    def words(self, rows: Sequence[int], lane: int = 0) -> list[int]:
        """A number below 2**64 for each row."""
        return self.pairs(rows, lane)[0]


def _digest(*names: str) -> bytes:
    made = blake2b(digest_size=16, person=b"freehold seed")
    for name in names:
        data = name.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "little"))
        made.update(data)
    return made.digest()
