"""Walking a foreign repository: loops, links that leave it, odd names, dumps that do not fit in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.discover.run import discover
from freehold.errors import LocalStateError
from freehold.local import tree


def paths(folder: Path) -> list[str]:
    return [source.path for source in tree.sources(folder)]


def test_loops_end_and_links_out_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.env").write_text("PASSWORD=x")
    (inside / "a" / "f.env").write_text("A=b")
    (inside / "a" / "loop").symlink_to(inside)
    (inside / "out").symlink_to(outside)
    (inside / "out.env").symlink_to(outside / "secret.env")
    (inside / "gone.env").symlink_to(inside / "never")
    assert paths(inside) == ["a/f.env"]


def test_what_is_nobodys_own_is_left_out(tmp_path: Path) -> None:
    for folder in ("node_modules/x", ".git", "vendor/y", "src"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / ".env").write_text("A=b")
    assert paths(tmp_path) == ["src/.env"]


def test_names_that_are_no_text_and_pipes_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "line\nbreak").mkdir()
    (tmp_path / "line\nbreak" / ".env").write_text("DATABASE_URL=postgresql://a@b/c")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.env")).write_text("A=b")
    os.mkfifo(tmp_path / "pipe.env")
    assert paths(tmp_path) == ["line\nbreak/.env", "�.env"]
    assert discover(tree.sources(tmp_path)).files == 2


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalStateError, match="cannot be read"):
        list(tree.sources(tmp_path / "nowhere"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalStateError, match="is no folder"):
        list(tree.sources(tmp_path / "file"))


def test_a_dump_streams_by(tmp_path: Path) -> None:
    megabytes = 200 if os.environ.get("FREEHOLD_SOAK") else 40
    row = "1\tsome text that stands in a table\t2026-01-01\n" * 20_000
    with (tmp_path / "dump.sql").open("w") as file:
        file.write("CREATE TABLE first (id int);\nCOPY first (id) FROM stdin;\n")
        for _ in range(megabytes // 2):
            file.write(row)
        file.write("\\.\n")
        for _ in range(megabytes // 2):
            file.write("INSERT INTO first VALUES (1, 'CREATE TABLE nine (id int);');\n" * 12_000)
        file.write("CREATE TABLE last (id int);\n")
    script = (
        "import sys; from pathlib import Path; from freehold.discover.run import discover;"
        "from freehold.local import tree; found = discover(tree.sources(Path(sys.argv[1])));"
        # getrusage would tell the peak of the parent where that was higher
        "peak = [row.split()[1] for row in open('/proc/self/status') if 'VmHWM' in row][0];"
        "print([t.name for t in found.tables], peak)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    names, kilobytes = done.stdout.rsplit(" ", 1)
    assert names == "['first', 'last']"
    assert int(kilobytes) < 150_000
