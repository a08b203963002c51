"""An extension whose library a server loads only when it starts, declared when the server runs already."""

from __future__ import annotations

from support.command import Desk

PLAIN = """\
platform: shop
server: embedded
services:
  market:
    schemas: [market]
    migrations: m
    extensions: [pg_stat_statements]
"""
LOADED = PLAIN.replace("server: embedded", "server: {settings: {shared_preload_libraries: pg_stat_statements}}")


def declared(bench: Desk, text: str) -> None:
    (bench.folder / "freehold.yaml").write_text(text)


def test_a_declared_library_is_loaded_by_a_restart_before_a_step_needs_it(bench: Desk) -> None:
    (bench.folder / "m").mkdir()
    (bench.folder / "m" / "1.sql").write_text("SELECT count(*) FROM pg_stat_statements;")

    declared(bench, PLAIN)
    refused = bench.run("up", "--no-prove")
    assert (refused.status, "must be loaded via" in refused.all) == (3, True), refused.all
    assert "Then run `freehold apply` again" in refused.all

    # the server runs: the setting waits for a restart, and what needs it is refused until then
    declared(bench, LOADED)
    waits = bench.run("apply", "--yes")
    assert waits.status == 3
    assert "shared_preload_libraries waits for a restart of main: `freehold apply --restart`" in waits.all
    through = bench.run("apply", "--yes", "--restart")
    assert through.status == 0, through.all
    assert bench.run("plan").status == 0
