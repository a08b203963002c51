"""Clients that insert rows while their table is maintained hour after hour."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

from freehold.spans import iso, parse_moment
from freehold.sqltext import literal, sql
from support.maintaining import Keeper

SOAK = os.environ.get("FREEHOLD_SOAK") == "1"
HOURS = 60 if SOAK else 8
CLIENTS = 8 if SOAK else 4
LOCK_TIMEOUT_MS = 200
SLACK_S = 2.0
"""What a busy machine may add: the clients and the server share two processors with other tests."""

BEGIN = parse_moment("2026-11-20")


@dataclass
class Load:
    """Clients that insert rows of the hour ``hour``, one by one, each in a transaction of its own."""

    keep: Keeper
    hour: int = 0
    stop: bool = False
    stored: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Load:
        for _ in range(CLIENTS):
            self.threads.append(threading.Thread(target=self._client))
            self.threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop = True
        for thread in self.threads:
            thread.join()

    def _client(self) -> None:
        session = self.keep.app()
        number = 0
        while not self.stop:
            number += 1
            # most rows are of now, some are late, some are early: for these there is no partition yet
            moment = BEGIN + timedelta(hours=self.hour + (0, 0, 0, 0, -1, 1)[number % 6], seconds=number % 3600)
            text = sql(
                "INSERT INTO market.tick (time, symbol, price) VALUES ({}, 'A', 1) RETURNING id",
                literal(iso(moment) + "+00"),
            )
            began = time.monotonic()
            try:
                self.stored.append(int(str(session.query(text)[0][0])))
            except Exception as error:
                self.errors.append(str(error))
            self.longest_s = max(self.longest_s, time.monotonic() - began)
        session.close()


def run_hours(keep: Keeper, load: Load) -> list[str]:
    """Maintain hour after hour; what was left unfinished."""
    unfinished: list[str] = []
    for hour in range(HOURS):
        load.hour = hour
        time.sleep(0.15)
        report = keep.maintain(iso(BEGIN + timedelta(hours=hour)), lock_timeout_ms=LOCK_TIMEOUT_MS)
        assert report.findings == ()
        unfinished += [one.what for one in report.unfinished]
    return unfinished
