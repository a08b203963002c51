"""Something of the service has a security label.

The provider that gave it must be loaded at the new home, or making the definition there is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from freehold.finding import Level
from freehold.move.facts import Facts
from freehold.move.preflight._kind import Note, check, instance
from freehold.sqltext import quote_ident


@check(Level.WARNING)
def security_labels(facts: Facts) -> Iterator[Note]:
    for provider in facts.source.labels:
        yield Note(
            f"security labels of provider {quote_ident(provider)}",
            f"the provider must be loaded on {instance(facts.target)} too",
            "Add the provider's library to shared_preload_libraries there, as on the source.",
        )
