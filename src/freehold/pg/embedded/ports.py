"""TCP ports on the loopback address: which are free, and one for each instance that did not ask for one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from itertools import chain

from freehold.errors import LocalStateError

HOST = "127.0.0.1"
_FIRST = 5432
_SPAN = 568


def free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # as PostgreSQL does: connections that are still closing do not count
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
            trial.listen(1)
        except OSError:
            return False
    return True


class Ports:
    """Hands out ports to instances that start at the same time; each port once. Nobody gets a ``reserved`` one, and who
    has no port yet none to ``avoid``: another may want it later."""

    def __init__(self, reserved: Iterable[int] = (), avoid: Iterable[int] = ()) -> None:
        self._taken: set[int] = set(reserved)
        self._avoid: set[int] = set(avoid)
        self._lock = threading.Lock()

    def take(self, preferred: int, first: int = _FIRST) -> int:
        """``preferred`` when it is free (0: no preference), else the next free one from ``first`` up."""
        with self._lock:
            others = (port for port in range(first, first + _SPAN) if port not in self._avoid)
            for port in chain([preferred] if preferred else [], others):
                if port not in self._taken and free(port):
                    self._taken.add(port)
                    return port
        raise LocalStateError(
            f"no free port from {first} to {first + _SPAN - 1}",
            hint="Declare a port for each server, or stop other servers.",
        )


def demand(instance: str, port: int) -> int:
    """``port`` itself. Raises LocalStateError when somebody else listens there."""
    if free(port):
        return port
    raise LocalStateError(
        f'port {port} of instance "{instance}" is taken',
        hint=f"`ss -ltnp 'sport = :{port}'` shows what listens there: another program, or an instance of Freehold's own"
        " (`freehold status`). Stop it, or declare another port, or none to take a free one.",
    )
