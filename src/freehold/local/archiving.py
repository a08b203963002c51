"""Moves files into an archive and back; whatever it is killed in the middle of, the next run finishes.

A run has a folder of its own below the archive::

    archive/20261129T195500Z/
        manifest.json        written before the first file moves: what goes where, and the SHA-256 of everything
        databases/init.sql   a moved file, under its old path
        .before/compose.yaml a file from before its references were rewritten

Each step is one rename. It is done when the new state is there, to do when the old one is, and refused when neither
is: then somebody else changed the file meanwhile, and the message names it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from freehold.archive import manifest as manifests
from freehold.archive.model import Edited, Manifest, Moved, Reference, State, Wish
from freehold.archive.references import references, rewritten
from freehold.errors import LocalStateError
from freehold.local.folder import explained
from freehold.local.gitmoves import GitTree
from freehold.local.mentions import texts_naming

BEFORE = ".before"
WRITING = ".writing"
_STAMP = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, so that nobody takes what is in it for files in use."""
    return _STAMP.fullmatch(folder.name) is not None and (folder / manifests.NAME).is_file()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run would do: the manifest, the new texts of edited files, and the references that are left."""

    folder: str
    manifest: Manifest
    texts: Mapping[str, bytes]
    edits: tuple[Reference, ...]
    left: tuple[Reference, ...]


class Archive:
    """The archive ``into`` (a path below ``root``) of the files of ``root``."""

    def __init__(self, root: Path, into: str, git: GitTree | None) -> None:
        self.root = root
        self.into = into
        self.git = git

    def runs(self) -> tuple[str, ...]:
        """The folders of runs that are there, oldest first."""
        place = self.root / self.into
        with explained(place):
            found = [one.parent.name for one in place.glob(f"*/{manifests.NAME}")] if place.is_dir() else []
        return tuple(f"{self.into}/{name}" for name in sorted(found))

    def manifest(self, run: str) -> Manifest:
        """Raises LocalStateError, FreeholdError."""
        path = self.root / run / manifests.NAME
        with explained(path):
            content = path.read_text(encoding="utf-8")
        return manifests.read(content, f"{run}/{manifests.NAME}")

    def prepare(self, wishes: Sequence[Wish], when: str) -> Prepared:
        """What moving these files comes to; nothing is changed. Raises LocalStateError for what is no plain file."""
        for wish in wishes:
            self._refuse(wish.path)
        run = self._name(when)
        tracked = self.git.tracked(wish.path for wish in wishes) if self.git else frozenset()
        moved = tuple(
            Moved(one.path, f"{run}/{one.path}", self._digest(one.path), one.why, one.code, one.path in tracked)
            for one in wishes
        )
        texts: dict[str, bytes] = {}
        edits: list[Reference] = []
        left: list[Reference] = []
        edited: list[Edited] = []
        going = {one.path: one.to for one in moved}
        for path, content in texts_naming(self.root, going, self.into):
            # undecodable bytes come back as they were
            text = content.decode("utf-8", "surrogateescape")
            found = references(path, text, going)
            edits += [one for one in found if one.new]
            left += [one for one in found if not one.new]
            if any(one.new for one in found):
                texts[path] = rewritten(text, found).encode("utf-8", "surrogateescape")
                edited.append(Edited(path, f"{run}/{BEFORE}/{path}", _sha256(content), _sha256(texts[path])))
        made = Manifest(when, State.STARTED, moved, tuple(sorted(edited)))
        return Prepared(run, made, texts, tuple(sorted(edits)), tuple(sorted(left)))

    def begin(self, prepared: Prepared) -> Manifest:
        """Write the manifest and keep the files from before their edits; nothing has moved yet."""
        place = self.root / prepared.folder
        with explained(place):
            place.mkdir(parents=True)
        for one in prepared.manifest.edited:
            content, mode = (self.root / one.path).read_bytes(), (self.root / one.path).stat().st_mode & 0o7777
            if _sha256(content) != one.before:
                raise _changed(one.path)
            self._write(prepared.folder, one.kept, content, mode)
            # the new text lies beside the old one until it takes its place: a later run need not work it out again
            self._write(prepared.folder, _after(one), prepared.texts[one.path], mode)
        self._save(prepared.folder, prepared.manifest)
        return self.finish(prepared.folder, prepared.manifest)

    def finish(self, run: str, found: Manifest) -> Manifest:
        """Do what is still to do of a run. Raises LocalStateError naming a file that somebody changed meanwhile."""
        for move in found.moved:
            self._shift(move.path, move.to, move)
        for edit in found.edited:
            state = self._seen(edit.path)
            if state == edit.before:
                self._take_over(_after(edit), edit.path, edit.after)
            elif state != edit.after:
                raise _changed(edit.path)
        done = found.at(State.DONE)
        self._save(run, done)
        return done

    def undo(self, run: str, found: Manifest) -> Manifest:
        """Bring everything back, byte by byte, and remove the run. Raises LocalStateError, before anything is changed,
        when a file is not as the run left it; its message names each."""
        self.check_undo(found)
        self._save(run, found.at(State.UNDOING))
        for edit in found.edited:
            if self._seen(edit.path) == edit.after != edit.before:
                self._take_over(edit.kept, edit.path, edit.before)
        for move in found.moved:
            self._shift(move.to, move.path, move)
        self._remove(run, found)
        return found

    def check_undo(self, found: Manifest) -> None:
        """Raises LocalStateError when a file is not as the run left it, or as it was before."""
        wrong = list(self._not_as_left(found))
        if wrong:
            more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
            raise LocalStateError(
                f"nothing is brought back: {'; '.join(wrong[:5])}{more}",
                hint="Undo these changes, or move the files by hand: the manifest says where each was.",
            )

    def sweep(self) -> None:
        """Remove what a run left that was killed before it wrote its manifest: nothing had moved then."""
        place = self.root / self.into
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if not _STAMP.fullmatch(folder.name) or (folder / manifests.NAME).exists():
                continue
            files = [one.relative_to(folder).parts[0] for one in folder.rglob("*") if not one.is_dir()]
            if set(files) <= {BEFORE, WRITING}:
                with explained(folder):
                    shutil.rmtree(folder)

    def _not_as_left(self, found: Manifest) -> Iterator[str]:
        for move in found.moved:
            there, back = self._seen(move.to), self._seen(move.path)
            if {there, back} == {None}:
                yield f'"{move.to}" is gone'
            elif there is not None and back is not None:
                yield f'"{move.path}" is there again'
            elif (there or back) != move.sha256:
                yield f'"{move.to if there else move.path}" was changed'
        for edit in found.edited:
            state = self._seen(edit.path)
            if state not in (edit.before, edit.after):
                yield f'"{edit.path}" was {"changed" if state else "removed"}'
            elif state == edit.after and self._seen(edit.kept) != edit.before:
                yield f'"{edit.kept}", which holds "{edit.path}" from before, was changed'

    def _shift(self, old: str, new: str, move: Moved) -> None:
        source, target = self._seen(old), self._seen(new)
        if source is None and target == move.sha256:
            if move.tracked and self.git and new not in self.git.tracked([new]):
                self.git.move(old, new)
            return
        if source != move.sha256 or target is not None:
            raise _changed(old if source else new)
        place = self.root / new
        with explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        if move.tracked and self.git:
            self.git.move(old, new)
            return
        with explained(place):
            (self.root / old).rename(place)

    def _take_over(self, new: str, path: str, digest: str) -> None:
        """``new`` in place of ``path``: one rename, so no moment has neither."""
        if self._seen(new) != digest:
            raise _changed(new)
        with explained(self.root / path):
            (self.root / new).replace(self.root / path)

    def _write(self, run: str, path: str, content: bytes, mode: int = 0o644) -> None:
        """A file of the run, whole or not at all; what a killed write leaves is overwritten by the next."""
        place, writing = self.root / path, self.root / run / WRITING
        with explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with writing.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            writing.chmod(mode)
            writing.replace(place)

    def _save(self, run: str, found: Manifest) -> None:
        self._write(run, f"{run}/{manifests.NAME}", manifests.text(found).encode())

    def _remove(self, run: str, found: Manifest) -> None:
        """Everything that the run made, the manifest last, and folders that are empty then."""
        ours = [name for edit in found.edited for name in (edit.kept, _after(edit))]
        for name in (*ours, f"{run}/{WRITING}", f"{run}/{manifests.NAME}"):
            with explained(self.root / name):
                (self.root / name).unlink(missing_ok=True)
        place = self.root / run
        with explained(place):
            for folder, _, _ in os.walk(place, topdown=False):
                if not any(Path(folder).iterdir()):
                    Path(folder).rmdir()
            outer = self.root / self.into
            if outer.is_dir() and not any(outer.iterdir()):
                outer.rmdir()

    def _name(self, when: str) -> str:
        stamp = "".join(char for char in when[:19] if char.isalnum()) + "Z"
        taken, number = set(self.runs()), 1
        name = f"{self.into}/{stamp}"
        while name in taken or (self.root / name).exists():
            number += 1
            name = f"{self.into}/{stamp}-{number}"
        return name

    def _refuse(self, path: str) -> None:
        """Raises LocalStateError for what is no plain file of the root, or already lies in the archive."""
        place = self.root / path
        with explained(place):
            if path == self.into or path.startswith(f"{self.into}/"):
                raise LocalStateError(f'"{path}" lies in the archive already', hint="Name files outside of it.")
            if not place.exists() and not place.is_symlink():
                raise LocalStateError(f'there is no file "{path}"', hint="Name it relative to the root (--root).")
            if place.is_symlink() or not place.is_file() or not place.resolve().is_relative_to(self.root.resolve()):
                raise LocalStateError(
                    f'"{path}" is no plain file below the root', hint="Name files: no folders and no links."
                )

    def _digest(self, path: str) -> str:
        with explained(self.root / path):
            return _sha256((self.root / path).read_bytes())

    def _seen(self, path: str) -> str | None:
        """The SHA-256 of a file; None when there is none."""
        place = self.root / path
        with explained(place):
            return _sha256(place.read_bytes()) if place.is_file() else None


def _after(edit: Edited) -> str:
    """Where the new text lies until it takes the place of the old one."""
    return f"{edit.kept}.after"


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


def _changed(path: str) -> LocalStateError:
    return LocalStateError(
        f'"{path}" is not as it was when this archive was begun',
        hint="Bring it back to what it was and run the same command again, or `freehold archive --undo`.",
    )
