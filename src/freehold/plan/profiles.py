"""Server settings by workload: sizes are shares of the machine's memory, divided among the instances on it.

An instance that holds several profiles gets the safest durability and the largest need of each. Nothing here trades
durability unless every service on the instance says its data can be fetched again (profile ``ingest`` alone), and the
plan says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from freehold.layouts.limits import SUPERUSER_SPARE
from freehold.layouts.model import Instance
from freehold.plan.model import Design
from freehold.spec.model import Profile
from freehold.units import show_bytes

MB = 1024**2
USED_PERCENT = 75
"""Of the machine's memory; the rest is for the operating system and everything else on it."""
SHARED_BUFFERS_LEAST = 16 * MB
DEFAULT_SLOTS, DEFAULT_LOGICAL_WORKERS, DEFAULT_WORKERS = 10, 4, 8
"""PostgreSQL's own: of slots and as many senders, of workers for replication, and of workers for everything."""
WEIGHT = {Profile.DEFAULT: 2, Profile.LEDGER: 4, Profile.OLTP: 4, Profile.INGEST: 3, Profile.ANALYTICS: 6}


@dataclass(frozen=True, slots=True)
class WantedSetting:
    """A server setting, why, and whether it trades durability for speed."""

    value: str
    why: str
    trades_durability: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What a profile asks for besides its share of memory."""

    shared_buffers_percent: int
    work_mem_most: int
    max_wal_size_percent: int
    checkpoint_minutes: int
    statistics_target: int = 100


SHAPES = {
    Profile.DEFAULT: Shape(25, 16 * MB, 25, 5),
    Profile.LEDGER: Shape(25, 16 * MB, 25, 5),
    Profile.OLTP: Shape(30, 16 * MB, 50, 15),
    Profile.INGEST: Shape(25, 32 * MB, 100, 30),
    Profile.ANALYTICS: Shape(25, 256 * MB, 50, 30, 500),
}


def settings(design: Design, instance: Instance) -> Mapping[str, WantedSetting]:
    """The settings of one instance, by name. On a server we do not own only what is declared."""
    declared = {name: WantedSetting(value, "declared", _trades(name, value)) for name, value in instance.settings}
    if not instance.owned:
        return dict(sorted(declared.items()))
    profiles = instance.profiles or (Profile.DEFAULT,)
    memory = _share(design, instance)
    shapes = [SHAPES[profile] for profile in profiles]
    connections = instance.connections + SUPERUSER_SPARE
    shared = max(SHARED_BUFFERS_LEAST, _round(memory * max(s.shared_buffers_percent for s in shapes) // 100))
    work = _clamp(memory // 4 // connections, 1 * MB, max(s.work_mem_most for s in shapes))
    wal = _clamp(memory * max(s.max_wal_size_percent for s in shapes) // 100, 256 * MB, 16 * 1024 * MB)
    part = f"of this instance's {show_bytes(memory)}"
    sized = {
        "max_connections": WantedSetting(str(connections), "the sum of all connection limits, and ten for the admin"),
        "shared_buffers": WantedSetting(show_bytes(shared), f"a share {part}"),
        "effective_cache_size": WantedSetting(
            show_bytes(_round(max(memory * 3 // 4, shared))), f"three quarters {part}"
        ),
        "maintenance_work_mem": WantedSetting(
            show_bytes(_clamp(memory // 16, 16 * MB, 1024 * MB)), f"a sixteenth {part}"
        ),
        "work_mem": WantedSetting(show_bytes(work), f"a quarter {part} over {connections} connections"),
        "max_wal_size": WantedSetting(show_bytes(wal), f"by profile, {part}"),
        "checkpoint_timeout": WantedSetting(f"{max(s.checkpoint_minutes for s in shapes)}min", "by profile"),
        "default_statistics_target": WantedSetting(str(max(s.statistics_target for s in shapes)), "by profile"),
        "password_encryption": WantedSetting("scram-sha-256", "no md5 verifier is ever made"),
        "lo_compat_privileges": WantedSetting("off", "large objects keep their owner's rights"),
        "log_lock_waits": WantedSetting("on", "a service that waits for another is seen"),
        "temp_file_limit": WantedSetting(
            show_bytes(_clamp(memory, 1024 * MB, 64 * 1024 * MB)), "one query cannot fill the disk"
        ),
    }
    sized |= _replication(design, instance, wal)
    if Profile.LEDGER in profiles:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            sized[name] = WantedSetting("on", "a ledger service lives here: a commit is on disk when it is confirmed")
    elif set(profiles) == {Profile.INGEST}:
        sized["synchronous_commit"] = WantedSetting(
            "off", "every service here takes in data that can be fetched again", trades_durability=True
        )
    return dict(sorted({**sized, **declared}.items()))


def _replication(design: Design, instance: Instance, wal: int) -> dict[str, WantedSetting]:
    """What replicas need on both of their ends; PostgreSQL's defaults are enough for two of them and stay then."""
    links = [link for link in design.placements.links if link.replica_login]
    leaving = sum(link.source[0] == instance.name for link in links)
    arriving = sum(link.reader[0] == instance.name for link in links)
    found: dict[str, WantedSetting] = {}
    if leaving:
        kept = max(4 * wal, 4096 * MB)
        found["wal_level"] = WantedSetting("logical", "replicas of other databases follow this instance")
        found["max_slot_wal_keep_size"] = WantedSetting(
            show_bytes(kept), "a replica that stands still cannot fill the disk; it is copied anew then"
        )
    if arriving:
        found["wal_receiver_status_interval"] = WantedSetting("1s", "replicas here say soon how far they are")
        found["wal_retrieve_retry_interval"] = WantedSetting("1s", "replicas here come back soon after their source")
    # one slot and sender follows, and two more copy at first
    slots = 4 + 3 * leaving
    if slots > DEFAULT_SLOTS:
        found["max_wal_senders"] = WantedSetting(str(slots), f"{leaving} replicas follow this instance")
    if max(slots, arriving) > DEFAULT_SLOTS:
        why = f"{leaving} replicas follow this instance, {arriving} are filled here"
        found["max_replication_slots"] = WantedSetting(str(max(slots, arriving + 4)), why)
        # PostgreSQL 18 counts what is filled by itself; before, it is the same number as of slots
        found["max_active_replication_origins"] = WantedSetting(str(max(DEFAULT_SLOTS, arriving + 4)), why)
    if (workers := 1 + 3 * arriving) > DEFAULT_LOGICAL_WORKERS:
        why = f"{arriving} replicas are filled here"
        found["max_logical_replication_workers"] = WantedSetting(str(workers), why)
        found["max_worker_processes"] = WantedSetting(str(DEFAULT_WORKERS + workers), why)
    return found


def _share(design: Design, instance: Instance) -> int:
    """Bytes of the machine's memory for one instance, by the weight of what it holds, rounded to whole MB."""
    weights = {one.name: _weight(one) for one in design.placements.instances if one.owned}
    share = design.machine.memory_bytes * USED_PERCENT // 100 * weights[instance.name] // sum(weights.values())
    return max(64 * MB, _round(share))


def _weight(instance: Instance) -> int:
    return max(WEIGHT[profile] for profile in instance.profiles or (Profile.DEFAULT,))


def _round(count: int) -> int:
    """Down to a multiple coarse enough that a machine which loses a few MB at boot does not change the plan."""
    step = 256 * MB if count >= 4096 * MB else 64 * MB if count >= 1024 * MB else 8 * MB if count >= 64 * MB else MB
    return count // step * step


def _clamp(count: int, least: int, most: int) -> int:
    bounded = max(least, min(most, count))
    return bounded if bounded in (least, most) else max(least, _round(bounded))


def _trades(name: str, value: str) -> bool:
    risky = {"fsync": ("off",), "full_page_writes": ("off",), "synchronous_commit": ("off", "local", "remote_write")}
    return value.strip().lower() in (*risky.get(name, ()), *(("false", "no", "0") if name in risky else ()))
