"""Moves inside a git work tree, as git does them, so that the history of a file goes with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from freehold.errors import LocalStateError

_AT_ONCE = 200
"""Paths in one call: a command line has an end."""


class GitTree:
    """The work tree that holds ``root``. Nothing that the repository configures to run is run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tracked(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of ``paths`` (below root) that git knows."""
        wanted = sorted(paths)
        found: set[str] = set()
        for start in range(0, len(wanted), _AT_ONCE):
            said = self._run("ls-files", "-z", "--", *wanted[start : start + _AT_ONCE])
            found.update(path for path in said.split("\0") if path)
        return frozenset(found & set(wanted))

    def move(self, old: str, new: str) -> None:
        """Move a tracked file on the disk and in the index; what is already moved on the disk is put right there."""
        if (self.root / old).exists():
            self._run("mv", "--", old, new)
        else:
            self._run("rm", "--cached", "--quiet", "--ignore-unmatch", "--", old)
            self._run("add", "--force", "--", new)

    def _run(self, *words: str) -> str:
        """Raises LocalStateError with what git says."""
        # literal paths: a name with a star or a colon in front is a name
        command = ("git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *words)
        done = subprocess.run(
            command, cwd=self.root, env=_environment(), capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")
            raise LocalStateError(
                f"git {words[0]} failed: {said}",
                hint="Put this right and run the same command again: it goes on where this one stopped.",
            )
        return os.fsdecode(done.stdout)


def git_tree(root: Path) -> GitTree | None:
    """The work tree that holds ``root``; None when there is none. Raises LocalStateError when git will not say."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return None
    try:
        found = GitTree(root)
        found.tracked(())
        found._run("rev-parse", "--is-inside-work-tree")
    except FileNotFoundError:
        raise LocalStateError(
            f'"{root}" is in a git work tree, and git is not installed', hint="Install git, or name --no-git."
        ) from None
    return found


def _environment() -> dict[str, str]:
    """Without what a hook or a rebase may have left: it would lead to another repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
