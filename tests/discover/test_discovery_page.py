"""The map and the page: every edge is drawn, names stay text, and nothing is fetched from anywhere."""

from __future__ import annotations

import re
from itertools import pairwise

from freehold.discover.drawing import drawing
from freehold.discover.model import DatabaseSeen, Discovery, Evidence, ServiceSeen, Use
from freehold.discover.page import page

EVIL = '"><script>alert(1)</script>\n\x1b[31m'


def platform(count: int, name: str = "service") -> Discovery:
    at = Evidence("compose.yaml", 3, "DATABASE_URL=...")
    services = [f"{name}-{number:02}" for number in range(count)]
    uses = tuple(Use(s, f"db-{s}", "", "configured", "db", "u", at) for s in services)
    uses += tuple(Use(s, "shared", "", "default", "db", "u", at) for s in services[::5])
    names = sorted({use.database for use in uses})
    return Discovery(
        "a platform",
        tuple(ServiceSeen(s, (), (), (), (at,)) for s in services),
        tuple(DatabaseSeen(d, "db", "", (at,), tuple(u.service for u in uses if u.database == d)) for d in names),
        uses=uses,
    )


def test_fifty_services_have_a_row_each_and_no_two_names_touch() -> None:
    found = drawing(platform(50))
    for side in ("left", "right"):
        places = sorted(box.y for box in found.boxes if box.side == side)
        assert len(places) >= 50
        assert min(b - a for a, b in pairwise(places)) >= 16
        assert places[-1] < found.height
    assert len(found.lines) == 60
    assert sum(line.shared for line in found.lines) == 10


def test_the_map_is_the_same_every_time() -> None:
    assert drawing(platform(50)) == drawing(platform(50))


def test_services_stand_by_their_databases() -> None:
    lines = [line for line in drawing(platform(20)).lines if not line.shared]
    assert sum(abs(line.y1 - line.y2) for line in lines) / len(lines) < 45


def test_names_stay_text_and_nothing_is_fetched() -> None:
    text = page(platform(3, EVIL))
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"(src|href)=|url\(|@import", text)
    assert text.count("<path") == 4


def test_an_empty_discovery_has_a_page() -> None:
    assert "Nothing contradicts anything" in page(Discovery("empty"))
