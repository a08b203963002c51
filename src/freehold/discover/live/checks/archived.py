"""Nothing keeps what is written since the last backup.

Why: without an archive of WAL, a replication slot or a standby, everything since the last dump is lost with the disk.
Only the server's own settings can be seen here: a provider's snapshots do not show.
"""

from __future__ import annotations

from freehold.discover.live.checks._kind import Answer, Wrong, check, setting
from freehold.discover.live.view import View


@check("changes since the last backup are kept elsewhere")
def archived(view: View) -> Answer:
    mode = setting(view, "archive_mode")
    standbys = len(view.live.standbys)
    slots = sum(not slot.plugin for slot in view.live.server.replication_slots)
    seen = f"archive_mode = {mode}, {standbys} standbys, {slots} slots for standbys"
    if mode in ("on", "always") or standbys or slots or view.live.in_recovery:
        return Answer(seen)
    detail = "archive_mode is off and nobody receives WAL: what was written since the last dump is lost with the disk"
    return Answer(seen, (Wrong("server", "nothing keeps changes since the last backup", detail, (seen,)),))
