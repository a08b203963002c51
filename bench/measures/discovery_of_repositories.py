"""What `freehold discover` finds in labelled repositories of others, and how long trees of files take it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.table import Measure, Table, seconds
from freehold.discover.places import plain
from freehold.discover.run import discover
from freehold.local import tree

LABELS = Path(__file__).parents[2] / "tests" / "discover" / "labelled"
_FILLER = {
    "ts": "export function f(x: number) { return x + 1; }\n" * 40,
    "py": "import os\n\n\ndef f(x):\n    return x + 1\n\n\n" * 30,
    "java": "class A { int f(int x) { return x; } }\n" * 40,
    "go": "package a\n\nfunc F(x int) int { return x }\n" * 30,
    "yaml": "a: 1\nb:\n  - c\n" * 20,
    "md": "Some text about the databases of a service.\n" * 20,
    "json": '{"a": 1, "b": [1, 2, 3]}\n',
    "png": "\x00\x01\x02" * 2000,
}
_RUN = """\
import resource, sys
from pathlib import Path
from time import perf_counter
began = perf_counter()
from freehold.discover.run import discover
from freehold.local import tree
found = discover(tree.sources(Path(sys.argv[1])))
wall = perf_counter() - began
used = resource.getrusage(resource.RUSAGE_SELF)
# what getrusage calls the peak is that of the parent where it was higher
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
print(found.files, len(found.services), wall, used.ru_utime + used.ru_stime, peak)
"""


@dataclass(frozen=True)
class Edges:
    """How many repositories were compared, and the edges that were right, wrong and missed."""

    repositories: int
    right: int
    wrong: int
    missed: int

    def row(self, what: str) -> tuple[str, ...]:
        precision = self.right / max(self.right + self.wrong, 1)
        recall = self.right / max(self.right + self.missed, 1)
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return (what, f"{self.repositories} repositories", counts, f"{precision:.3f}", f"{recall:.3f}", "", "", "")


def _made(folder: Path, count: int) -> None:
    """A tree of services: each a manifest, an env file, a migration, a module with an engine, and filler."""
    kinds = sorted(_FILLER)
    left = count
    number = 0
    while left > 0:
        service = folder / "services" / f"s{number:04d}"
        (service / "migrations").mkdir(parents=True)
        (service / "src").mkdir()
        files = {
            "package.json": "{}\n",
            ".env.example": f"DATABASE_URL=postgresql://s{number}@db/s{number}\n",
            "migrations/1.sql": f"CREATE TABLE t{number} (id int PRIMARY KEY);\nCREATE INDEX ON t{number} (id);\n",
            "db.py": f'import os\nfrom sqlalchemy import create_engine\ncreate_engine(os.environ["S{number}_URL"])\n',
        }
        files |= {f"src/f{n}.{kinds[n % len(kinds)]}": _FILLER[kinds[n % len(kinds)]] for n in range(96)}
        for path, text in list(files.items())[:left]:
            (service / path).write_text(text)
        left -= len(files)
        number += 1


def _timed(folder: Path, what: str) -> tuple[str, ...]:
    done = subprocess.run([sys.executable, "-c", _RUN, folder], capture_output=True, text=True, check=True)
    files, services, wall, cpu, kilobytes = done.stdout.split()
    counted = f"{int(files):,} files, {services} services"
    return (what, counted, "", "", "", seconds(float(wall)), seconds(float(cpu)), f"{int(kilobytes) / 1024:.0f} MiB")


def _compared(snapshots: Path, unseen: bool) -> Edges:
    found = Edges(0, 0, 0, 0)
    for path in sorted(LABELS.glob("*.yaml")):
        label = yaml.safe_load(path.read_text())
        folder = snapshots / path.stem
        if not folder.is_dir() or (unseen and label["seen_while_building"]):
            continue
        wanted = {(plain(edge["service"]), edge["database"]) for edge in label["edges"]}
        discovery = discover(tree.sources(folder), folder.name.partition("+")[2])
        edges = {(plain(service.name), name) for service in discovery.services for name in service.databases}
        found = Edges(
            found.repositories + 1,
            found.right + len(edges & wanted),
            found.wrong + len(edges - wanted),
            found.missed + len(wanted - edges),
        )
    return found


def _measure(quick: bool) -> Table:
    rows: list[tuple[str, ...]] = []
    given = os.environ.get("FREEHOLD_TEST_SNAPSHOTS", "")
    if given and not quick:
        rows.append(_compared(Path(given), unseen=False).row("all labelled repositories"))
        rows.append(_compared(Path(given), unseen=True).row("of these, not looked at while it was written"))
        # what is left out, as vendored modules, makes no snapshot large
        largest = max((p for p in Path(given).iterdir() if p.is_dir()), key=lambda p: sum(1 for _ in tree.sources(p)))
        rows.append(_timed(largest, "the largest snapshot"))
    with tempfile.TemporaryDirectory() as folder:
        for count in (1_000,) if quick else (1_000, 100_000):
            _made(Path(folder) / str(count), count)
            rows.append(_timed(Path(folder) / str(count), "a made tree"))
    return Table(
        "Discovery",
        "An edge is a service and the name of a database that some file of the repository, other than of its tests, "
        "leads it to. The labels were made by hand, with searches for connection strings; they name repository "
        "and commit and are in `tests/discover/labelled`. Times are of a whole process with its imports; memory is its "
        "peak.",
        ("what", "size", "edges", "precision", "recall", "wall", "CPU", "memory"),
        tuple(rows),
        "A label says what its author found, so what neither the author nor the program saw counts for "
        "nothing. Labels of the repositories seen while it was written were made with its answers in sight: "
        "their figure says that nothing speaks against them. Those of the second row were written first, and nothing "
        "was mended for them, so it holds no repository that went wrong: the figure to expect of a new repository is "
        "that of the first runs. In twelve rounds repositories were labelled first, then run once, and only then "
        "mended for. The first three, of twenty, gave (right, wrong, missed; precision, recall) 35, 2, 5 (0.946, "
        "0.875), 23, 10, 5 (0.697, 0.821) and 13, 3, 9 (0.812, 0.591). The nine after them, all that was mended in "
        "between them left in: of fifteen repositories 59, 3, 10 (0.952, 0.855); of thirteen 43, 3, 2 (0.935, 0.956); "
        "of fifteen 32, 10, 7 (0.762, 0.821), or 35, 7, 4 (0.833, 0.897) since names that differ in dots and hyphens "
        "count as one; of sixteen 35, 7, 11 (0.833, 0.761); of eighteen 20, 8, 12 (0.714, 0.625), or 21, 7, 12 "
        "(0.750, 0.636) after a label that lacked an edge was corrected; of eighteen 25, 0, 3 (1.000, 0.893); "
        "of fourteen 25, 2, 3 (0.926, 0.893); of eight 24, 1, 0 (0.960, 1.000); of six 8, 0, 2 (1.000, 0.800). The "
        "nine together: 275 right, 30 wrong, 46 missed (0.902, 0.857); the last four, 82, 3, 8 (0.965, 0.911). A third "
        "of the repositories of the first six, and seven of the twenty-eight of the last three, are decoys or name no "
        "database. The program as it was before the first six of these rounds, run on the same: 59, 3, 10; 43, 3, 2; "
        "32, 11, 7; 35, 7, 11; 20, 7, 12; 22, 0, 6. As it was before the last three, run on the last two: 24, 1, 0 and "
        "8, 0, 2, the same. So what is mended for one repository helps the next one little, since new ones bring new "
        "forms. "
        "Three labels of before were corrected: two were made of copies that lacked files, one named services "
        "otherwise than a deployment does that is read now. "
        "Repositories whose database names stand in no file are labelled with no edges. Missed are a name "
        "that only a secret file holds, one in a script that a job mounts, one in a folder whose name has a slip of "
        "the pen, and one that a Makefile puts together.",
    )


discovery_of_repositories = Measure(_measure)
