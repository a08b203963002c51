"""``freehold archive``: legacy files out of the way, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.cli.options import Call, command
from freehold.cli.out import Block, Cell, Result, Say, Table, Tone

if TYPE_CHECKING:
    from freehold.archive.model import Manifest, Reference, Wish
    from freehold.finding import JsonObject
    from freehold.local.archiving import Archive


@command(about_platform=False)
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@click.option(
    "--from", "findings", metavar="FILE", help="The answer of `freehold discover FOLDER --json`; `-` is stdin."
)
@click.option("--root", default=".", show_default=True, metavar="FOLDER", help="The folder the paths are relative to.")
@click.option("--reason", default="", metavar="TEXT", help="Why the files that are named here go.")
@click.option("--into", default="archive", show_default=True, metavar="FOLDER", help="The archive, below the root.")
@click.option("--undo", is_flag=True, help="Bring the last run back, byte by byte.")
@click.option("--no-git", is_flag=True, help="Move the files without git, also in a git work tree.")
@click.option("--yes", is_flag=True, help="Do it; without it nothing is changed.")
def archive(
    call: Call,
    paths: tuple[str, ...],
    findings: str | None,
    root: str,
    reason: str,
    into: str,
    undo: bool,
    no_git: bool,
    yes: bool,
) -> Result:
    """Move legacy files that findings name out of the way, and back.

    Each run has a folder in the archive with a manifest: what was moved, why, when, and its SHA-256. References to the
    files are rewritten where they can be; the others are printed with file and line. A run that was interrupted is
    finished by the next one, or taken back by --undo, which refuses when somebody changed what it would replace.
    Exit code 2 when there is something to do, or references are left that a person must rewrite.
    """
    from freehold.archive.wishes import checked
    from freehold.errors import FreeholdError, LocalStateError
    from freehold.local.archiving import Archive
    from freehold.local.gitmoves import git_tree

    place = Path(root).absolute()
    if not place.is_dir():
        raise LocalStateError(f'there is no folder "{root}"', hint="Name the root of the repository with --root.")
    if undo and (paths or findings):
        raise FreeholdError("--undo takes no files", hint="It brings back the last run as a whole.")
    store = Archive(place, checked(into), None if no_git else git_tree(place))
    if yes:
        store.sweep()
    runs = store.runs()
    if undo:
        return _undo(store, runs, yes=yes)
    unfinished = _unfinished(store, runs)
    if unfinished is not None:
        return _finish(store, *unfinished, yes=yes)
    return _archive(store, _wishes(paths, findings, reason), yes=yes)


def _wishes(paths: tuple[str, ...], findings: str | None, reason: str) -> tuple[Wish, ...]:
    from freehold.archive.model import Wish
    from freehold.archive.wishes import checked, of_findings, unique
    from freehold.local.folder import explained

    found: list[Wish] = []
    if findings is not None:
        with explained(Path(findings)):
            text = sys.stdin.read() if findings == "-" else Path(findings).read_text("utf-8")
        found += of_findings(text)
    found += [Wish(checked(path), reason or "named by a person") for path in paths]
    return unique(found)


def _unfinished(store: Archive, runs: tuple[str, ...]) -> tuple[str, Manifest] | None:
    from freehold.archive.model import State

    for run in runs:
        found = store.manifest(run)
        if found.state is not State.DONE:
            return run, found
    return None


def _archive(store: Archive, wishes: tuple[Wish, ...], *, yes: bool) -> Result:
    from freehold.local.clock import SystemClock

    if not wishes:
        return Result(_document("nothing", ""), (Say("nothing to archive", Tone.GOOD),))
    prepared = store.prepare(wishes, SystemClock().now_iso())
    found = prepared.manifest
    if yes:
        found = store.begin(prepared)
    state = "done" if yes else "planned"
    blocks: list[Block] = [
        _files(found, "moved" if yes else "would move"),
        *_edits(prepared.edits, yes=yes),
        *_left(prepared.left),
    ]
    if yes:
        blocks.append(Say(f"✓ {_count(len(found.moved), 'file')} moved to {prepared.folder}", Tone.GOOD))
    return Result(
        _document(state, prepared.folder, found, prepared.edits, prepared.left),
        tuple(blocks),
        exit=2 if prepared.left or not yes else 0,
        next="freehold archive --undo --yes" if yes else "the same with --yes",
    )


def _finish(store: Archive, run: str, found: Manifest, *, yes: bool) -> Result:
    """The run that was interrupted comes first, whatever was asked for."""
    from freehold.archive.model import State
    from freehold.errors import LocalStateError

    if found.state is State.UNDOING:
        raise LocalStateError(f'bringing back "{run}" was interrupted', hint="Run `freehold archive --undo --yes`.")
    done = store.finish(run, found) if yes else found
    verb = "moved" if yes else "would move"
    blocks = (
        Say(f'the run "{run}" was interrupted; {"it is finished now" if yes else "it would be finished first"}'),
        _files(done, verb),
    )
    return Result(_document("done" if yes else "planned", run, done), blocks, exit=0 if yes else 2)


def _undo(store: Archive, runs: tuple[str, ...], *, yes: bool) -> Result:
    if not runs:
        return Result(_document("nothing", ""), (Say("nothing was archived here", Tone.GOOD),))
    unfinished = _unfinished(store, runs)
    run, found = unfinished or (runs[-1], store.manifest(runs[-1]))
    if yes:
        store.undo(run, found)
    else:
        store.check_undo(found)
    return Result(
        _document("undone" if yes else "planned", run, found),
        (_files(found, "brought back" if yes else "would come back"),),
        exit=0 if yes else 2,
        next="" if yes else "freehold archive --undo --yes",
    )


def _files(found: Manifest, title: str) -> Table:
    rows = [(one.path, one.to, Cell(one.why, Tone.DIM)) for one in found.moved]
    return Table(("file", "in the archive", "why"), rows, title=title)


def _edits(edits: tuple[Reference, ...], *, yes: bool) -> tuple[Block, ...]:
    if not edits:
        return ()
    rows = [(f"{one.file}:{one.line}", one.old, one.new) for one in edits]
    return (Table(("place", "said", "says"), rows, title="rewritten" if yes else "would be rewritten"),)


def _left(left: tuple[Reference, ...]) -> tuple[Block, ...]:
    if not left:
        return ()
    rows = [(Cell(f"{one.file}:{one.line}", Tone.WARN), one.old, one.why) for one in left]
    return (Table(("place", "says", "not rewritten, because"), rows, title="for a person"),)


def _document(
    state: str,
    folder: str,
    found: Manifest | None = None,
    edits: tuple[Reference, ...] = (),
    left: tuple[Reference, ...] = (),
) -> JsonObject:
    return {
        "state": state,
        "folder": folder,
        "files": [
            {"path": one.path, "to": one.to, "sha256": one.sha256, "why": one.why, "code": one.code, "git": one.tracked}
            for one in (found.moved if found else ())
        ],
        "edits": [{"file": one.file, "line": one.line, "before": one.old, "after": one.new} for one in edits],
        "left": [{"file": one.file, "line": one.line, "text": one.old, "why": one.why} for one in left],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
