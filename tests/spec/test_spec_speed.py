"""A platform of a thousand services is read in well under half a second of processor time."""

from __future__ import annotations

import time

from spec_support import platform_of

from freehold.spec.check import check

SERVICE = """\
  service-{n}:
    schemas: [s{n}, t{n}]
    tables: [s{n}.account]
    migrations: migrations/s{n}
    pool: {{size: 20, reserve: 5}}
    reads: [s{m}.orders]
    publishes: [s{n}.orders]
    limits: {{connections: 30, statement_timeout: 30s}}
"""


def test_a_thousand_services_are_read_and_checked_quickly() -> None:
    text = "platform: p\nservices:\n" + "".join(SERVICE.format(n=n, m=(n + 1) % 1000) for n in range(1000))
    seconds = []
    for _ in range(3):
        start = time.process_time()
        platform = platform_of(text)
        found = check(platform)
        seconds.append(time.process_time() - start)

    assert (len(platform.services), found) == (1000, ())
    assert min(seconds) < 0.5
