"""Which instances answer at this moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from freehold.errors import Unreachable
from freehold.layouts.model import Placements
from freehold.ports import Servers


def silent(servers: Servers, placements: Placements) -> dict[str, str]:
    """The instances that do not answer, and why."""

    def knock(name: str) -> str:
        try:
            servers.admin(name).close()
        except Unreachable as error:
            return error.message
        return ""

    names = [instance.name for instance in placements.instances]
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        return {name: why for name, why in zip(names, pool.map(knock, names), strict=True) if why}
