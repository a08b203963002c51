"""What ``freehold adopt`` says before it asks a server."""

from __future__ import annotations

from support.adopting import declare
from support.command import Desk


def test_a_declaration_that_adopts_nothing_is_told_so(bench: Desk) -> None:
    declare(bench, "platform: p\nserver: postgresql://nowhere.invalid/d\nservices: {a: , b: }\n")
    said = bench.run("adopt")

    assert said.status == 1
    assert "no service adopts anything" in said.err
    assert "adopts:" in said.err
    assert bench.run("adopt", "--service", "c").status == 1
    assert "choose one of" in bench.run("adopt", "--undo", "--no-views").err


def test_a_table_adopted_twice_has_its_file_and_line(bench: Desk) -> None:
    declare(bench, "platform: p\nservices:\n  a: {adopts: [public.t]}\n  b: {adopts: [public.u,\n    public.t]}\n")
    said = bench.run("validate")

    assert said.status == 1
    assert 'freehold.yaml:5:5: table "public"."t" is adopted by "a" and by "b"' in said.err.replace(
        str(bench.folder) + "/", ""
    )
