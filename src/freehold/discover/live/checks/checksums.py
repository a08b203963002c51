"""Data pages carry no checksums.

Why: a disk that returns other bytes than were written is then noticed by wrong answers, or never.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View


@check("damage on disk is noticed")
def checksums(view: View) -> Answer:
    value = setting(view, "data_checksums")
    if value is None:
        return Answer("data_checksums", unknown="data_checksums is hidden from this login")
    if value == "on":
        return Answer("data_checksums = on")
    detail = "a page that the disk damaged is taken for good"
    remedy = "pg_checksums --enable, while the server is stopped"
    return Answer(
        "data_checksums", (Wrong("server", "data pages carry no checksums", detail, ("data_checksums = off",), remedy),)
    )
