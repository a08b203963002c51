"""The account a server of ours runs as: PostgreSQL refuses root, so root hands over to somebody without rights."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import LocalStateError

_CHOICE = ("postgres", "freehold", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine. ``hands_over`` is True when we are root and must switch to it."""

    name: str
    uid: int
    gid: int
    hands_over: bool

    def run(
        self, command: Sequence[str | Path], timeout_s: float | None = None, said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, with nothing of our environment; its output is returned as text.

        The working folder is / because the account need not be able to enter ours. Raises OSError when
        the program cannot be run at all.
        """
        return subprocess.run(
            [str(word) for word in command],
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            user=self.uid if self.hands_over else None,
            group=self.gid if self.hands_over else None,
            extra_groups=[] if self.hands_over else None,
        )

    def owns(self, path: Path) -> None:
        """Give a file or folder that we just made to this account."""
        if self.hands_over:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose(environment: Mapping[str, str]) -> Account:
    """FREEHOLD_OS_USER, else postgres, freehold or nobody, whichever exists first; not being root, ourselves.

    Never creates an account. Raises LocalStateError when the named one does not exist or is root.
    """
    if os.geteuid() != 0:
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:  # containers often run as a number that no passwd file knows
            name = str(uid)
        return Account(name, uid, os.getegid(), hands_over=False)
    named = environment.get("FREEHOLD_OS_USER", "")
    for name in (named,) if named else _CHOICE:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            break
        return Account(name, entry.pw_uid, entry.pw_gid, hands_over=True)
    raise LocalStateError(
        f'PostgreSQL cannot run as "{named or "root"}"',
        hint="Set FREEHOLD_OS_USER to an existing account without rights, or run Freehold as an ordinary user.",
    )
