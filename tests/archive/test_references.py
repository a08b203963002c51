"""Where texts name archived files, and what becomes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.archive.manifest import read, text
from freehold.archive.model import Edited, Manifest, Moved, State, Wish
from freehold.archive.references import references, rewritten
from freehold.archive.wishes import checked, of_findings
from freehold.errors import FreeholdError

GOING = {"db/init.sql": "archive/run/db/init.sql"}


def changed(file: str, written: str) -> str:
    return rewritten(written, references(file, written, GOING))


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("compose.yaml", "- ./db/init.sql:/docker/1.sql:ro", "- ./archive/run/db/init.sql:/docker/1.sql:ro"),
        ("compose.yaml", '- "db/init.sql:/docker/1.sql"', '- "archive/run/db/init.sql:/docker/1.sql"'),
        ("infra/compose.yml", "source: ../db/init.sql", "source: ../archive/run/db/init.sql"),
        ("db/compose.yaml", "- ./init.sql:/x", "- ../archive/run/db/init.sql:/x"),
        ("db/all.sql", "\\i init.sql\n", "\\i ../archive/run/db/init.sql\n"),
        ("setup.sh", "psql -f db/init.sql && echo", "psql -f archive/run/db/init.sql && echo"),
        ("Dockerfile", "COPY db/init.sql /x", "COPY archive/run/db/init.sql /x"),
        ("docs/a.md", "See [it](../db/init.sql).", "See [it](../archive/run/db/init.sql)."),
        ("README.md", "It is db/init.sql.", "It is archive/run/db/init.sql."),
        ("docs/deep/a.md", "run db/init.sql from the root", "run archive/run/db/init.sql from the root"),
    ],
)
def test_a_path_is_rewritten_in_its_own_style(file: str, before: str, after: str) -> None:
    assert changed(file, before) == after


@pytest.mark.parametrize(
    ("file", "written", "why"),
    [
        ("compose.yaml", "- ${ROOT}/db/init.sql:/x", "begins with"),
        ("compose.yaml", "- /srv/db/init.sql:/x", "begins with"),
        ("app.py", 'open("db/init.sql")', "kind"),
        ("README.md", "the file init.sql does it", "only the name"),
        ("compose.yaml", "volumes:\n  - ./db:/docker-entrypoint-initdb.d", 'folder "db"'),
    ],
)
def test_what_cannot_be_rewritten_is_named_with_its_line(file: str, written: str, why: str) -> None:
    if file == "compose.yaml" and "./db:" in written:
        going = {"x/db/init.sql": "archive/run/x/db/init.sql"}
        written = written.replace("./db", "./x/db")
        why = 'folder "x/db"'
    else:
        going = GOING
    found = references(file, written, going)

    assert len(found) == 1
    assert found[0].new == ""
    assert why in found[0].why
    assert found[0].line == written.count("\n") + 1
    assert rewritten(written, found) == written


@pytest.mark.parametrize(
    "written", ["old-init.sql", "db/init.sql.gz", "mydb/init.sql_", "init.sqlx", "xdb/old_init.sql", "", "init sql"]
)
def test_a_longer_name_is_another_file(written: str) -> None:
    assert references("compose.yaml", f"- ./{written}:/x", GOING) == ()


def test_of_two_files_with_one_name_each_gets_its_own_place() -> None:
    going = {"a/init.sql": "archive/r/a/init.sql", "b/a/init.sql": "archive/r/b/a/init.sql"}
    before = "- ./a/init.sql:/1\n- ./b/a/init.sql:/2\n"
    after = "- ./archive/r/a/init.sql:/1\n- ./archive/r/b/a/init.sql:/2\n"
    assert rewritten(before, references("compose.yaml", before, going)) == after


def test_a_name_that_would_need_quotes_is_left_to_a_person() -> None:
    found = references("compose.yaml", '- "./db/a b.sql:/x"', {"db/a b.sql": "archive/r/db/a b.sql"})
    assert [(one.new, one.why) for one in found] == [("", "the new path would need quotes")]


@given(st.text(), st.text())
def test_nothing_but_the_reference_changes(before: str, after: str) -> None:
    moved = {"zq/zq9.sql": "archive/r/zq/zq9.sql"}
    for part in (before, after):
        assert rewritten(part, references("a.yaml", part, moved)) == part
    written = f"{before}\n- ./zq/zq9.sql\n{after}"
    assert rewritten(written, references("a.yaml", written, moved)) == f"{before}\n- ./archive/r/zq/zq9.sql\n{after}"


def finding(path: str, code: str = "script_not_mounted") -> str:
    one = {"code": code, "object": f'file "{path}"', "title": "nothing runs it"}
    return json.dumps({"schema_version": 1, "command": "discover", "ok": False, "findings": [one]})


def test_findings_name_the_files_that_nothing_needs() -> None:
    assert of_findings(finding("db/init.sql")) == (Wish("db/init.sql", "nothing runs it", "script_not_mounted"),)
    assert of_findings(finding('odd "name" \n.sql'))[0].path == 'odd "name" \n.sql'
    # a file that is in use is never archived, whatever is wrong with it
    assert of_findings(finding("compose.yaml", "secret_in_repository")) == ()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a/../..", ".", ".git/config", "x/.git/hooks/a"])
def test_a_path_that_leads_out_of_the_root_is_refused(path: str) -> None:
    with pytest.raises(FreeholdError) as refused:
        of_findings(finding(path))
    assert refused.value.hint


def test_a_path_is_taken_in_its_shortest_form() -> None:
    assert checked("./a//b/../c.sql") == "a/c.sql"


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"schema_version": 1, "command": "plan", "findings": []}', "\x00"])
def test_another_document_is_refused(wrong: str) -> None:
    with pytest.raises(FreeholdError, match=r"findings"):
        of_findings(wrong)


def test_a_manifest_reads_back_and_a_broken_one_is_refused() -> None:
    made = Manifest(
        "2026-11-29T19:55:00Z",
        State.STARTED,
        (Moved("a\nb.sql", "archive/r/a\nb.sql", "0" * 64, 'why "', "code", True),),
        (Edited("c.yaml", "archive/r/.before/c.yaml", "1" * 64, "2" * 64),),
    )
    assert read(text(made), "m") == made
    for wrong in ("", "{}", text(made).replace("started", "started!"), text(made).replace("archive/r/a", "../../a")):
        with pytest.raises(FreeholdError):
            read(wrong, "m")
