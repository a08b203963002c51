"""Countries, about as often as people live there and are online: codes of ISO 3166 or English names.

Example:
    columns:
      country: country
      country_name: {country: name}
"""

from __future__ import annotations

from collections.abc import Sequence

from freehold.seed.draws._kind import Args, Draw, Drawn, Kind, Place
from freehold.seed.lists import COUNTRIES
from freehold.seed.model import Chunk, Value
from freehold.seed.weights import Alias


def _make(args: Args, place: Place) -> Drawn:
    at = {"alpha2": 0, "alpha3": 1, "name": 2}[args.word("form", ("alpha2", "alpha3", "name"), "alpha2")]
    items = [(two, three, full)[at] for two, three, full, _ in COUNTRIES]
    alias, stream = Alias([weight for *_, weight in COUNTRIES]), place.stream

    def values(chunk: Chunk) -> Sequence[Value]:
        return [items[i] for i in alias.picks(stream.words(chunk.rows))]

    return Drawn(Kind.TEXT, values, plain=True)


country = Draw(_make, {"form": "alpha2 (DE), alpha3 (DEU) or name (Germany); alpha2"}, short="form")
