"""An apply in a process of its own that ends as SIGKILL ends it."""

from __future__ import annotations

import os
import signal
import time
import warnings

from freehold.pg.servers import PgServers
from freehold.testing.killing import Fuse, KillingServers
from support.applying import Heard, Workshop


def run_and_die(work: Workshop, fuse: Fuse, after_ms: float | None = None) -> bool:
    """Apply in a child process that dies at the fuse, or is killed from here after a while; whether it was killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work.heard = Heard()
            servers = PgServers(work.servers.places, work.servers.hba_files)
            work.servers = servers
            work.apply(servers=KillingServers(servers, fuse), workers=1 if after_ms is None else 4)
            status = 0
        finally:
            os._exit(status)
    if after_ms is not None:
        time.sleep(after_ms / 1000)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
