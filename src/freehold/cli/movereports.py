"""What ``freehold move`` answers: each action as a document and as text, and what it does to the whole platform."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from freehold.cli import instances, movechecks, movehomes, moveinplace, movestart, movetasks, moveworld, moving, pools
from freehold.cli.bringing import bring
from freehold.cli.context import Context
from freehold.cli.movestatus import document_of
from freehold.cli.out import Block, Result, Say, Tone
from freehold.cli.shapes import count, finding_block
from freehold.finding import Finding, JsonObject, Level
from freehold.layouts.placement import place
from freehold.local.movesfile import Known
from freehold.move.events import Step
from freehold.move.model import SOURCE, TARGET
from freehold.move.run.switching import Limits, Switched
from freehold.move.verify.model import Options
from freehold.move.verify.show import document, lines
from freehold.spec.model import Via


def started(
    context: Context,
    tasks: Sequence[movetasks.Task],
    *,
    jobs: int,
    limits: Limits,
    soak_ms: int,
    through: bool,
    dry_run: bool,
    backup: bool,
) -> Result:
    """Begin the moves, and with ``through`` take each to its end before the next."""
    blocks: list[Block] = []
    told: list[Finding] = []
    entries: list[Known] = []
    wrong = 0
    for task in tasks:
        if task.in_place and dry_run:
            blocks.append(Say(f"✓ {task.service} stays in its database and gets other roles", Tone.GOOD))
            continue
        if task.in_place:
            moveinplace.take_over(context, task)
            blocks.append(Say(f"✓ {task.service} has its roles for layout {task.goes.layout.value}", Tone.GOOD))
            continue
        entry, findings = movestart.begin(context, task, jobs=jobs, dry_run=dry_run, backup=backup)
        told += findings
        if entry is None:
            sign = Say(f"✗ {task.service} stays where it is: something is in the way", Tone.BAD)
            blocks.append(sign if movechecks.blocked(findings) else Say(f"✓ {task.service} can be moved", Tone.GOOD))
            if movechecks.blocked(findings) and not dry_run:
                break
            continue
        entries.append(entry)
        where = f"{task.target.instance}/{task.target.database}"
        blocks.append(Say(f"✓ {task.service} is followed by {where}", Tone.GOOD))
        if through:
            found = movechecks.verify(context, entry, Options(workers=jobs))
            blocks += _compared(found)
            if not found.clean:
                wrong += 1
                break
            took = moving.switch(context, entry, SOURCE, limits)
            blocks += switched(task.service, "cutover", took)
            if soak_ms:
                with moveworld.world_of(context, entry.move) as world, world.step(Step.SOAK):
                    world.clock.sleep_ms(soak_ms)
            blocks.append(completed(task.service, moving.complete(context, entry)))
            context.forget_homes()
            left = tasks[tasks.index(task) + 1 :]
            if not any(movetasks.is_read_there(context, one) for one in left) and _copied(context, task.service):
                blocks += after_completion(context)  # copies must not go on following what was put away
    blocks += [finding_block(one, Tone.BAD if one.level is Level.ERROR else Tone.WARN) for one in told]
    if not tasks:
        blocks.append(Say("· every service lives where it should", Tone.DIM))
    if not dry_run and (through or any(task.in_place for task in tasks)):
        blocks += after_completion(context)
    document: JsonObject = {
        "action": "auto" if through else "start",
        "moves": [document_of(context, entry) for entry in entries],
        "findings": [finding.as_json() for finding in told],
    }
    return Result(
        document,
        tuple(blocks),
        exit=2 if movechecks.blocked(told) or wrong else 0,
        next="freehold move verify" if entries and not through else "",
    )


def _copied(context: Context, service: str) -> bool:
    """Whether others have copies of the service's tables."""
    return any(table.owner == service for link in context.placements.links for table in link.through(Via.REPLICA))


def ended(context: Context, action: str, entries: Sequence[Known], blocks: Sequence[Block]) -> Result:
    """The answer of an action on moves that exist."""
    follow = {
        "cutover": "freehold move complete",
        "rollback": "freehold move cutover",
        "complete": "freehold prove",
        "abort": "freehold status",
    }
    documents = [document_of(context, entry) for entry in entries]
    return Result(
        {"action": action, "moves": documents}, tuple(blocks), next=follow.get(action, "freehold move status")
    )


def switched(service: str, action: str, took: Switched) -> tuple[Say, ...]:
    """A line on a switch, and one on each key that rows break by now."""
    stages = ", ".join(f"{name} {ms:.0f}" for name, ms in took.stages_ms.items())
    tries = f" at attempt {took.tries}" if took.tries > 1 else ""
    what = "lives at its new home" if action == "cutover" else "is back at its old home"
    broken = (
        f"! rows break foreign key {name}, which holds for new ones only: `freehold check-references` lists them"
        for name in took.unchecked
    )
    return (
        Say(f"✓ {service} {what}{tries}; clients waited {took.pause_ms:.0f} ms ({stages})", Tone.GOOD),
        *(Say(one, Tone.WARN) for one in broken),
    )


def completed(service: str, retired: Sequence[str]) -> Say:
    """One line on what was put away."""
    where = f"; its old tables wait in {', '.join(retired)}" if retired else ""
    return Say(f"✓ {service} has moved{where}", Tone.GOOD)


def verified(context: Context, entries: Sequence[Known], options: Options, for_ms: int, right: str) -> Result:
    """Compare both sides of each move; a repair takes ``right`` for the one that is right."""
    blocks: list[Block] = []
    documents: list[JsonObject] = []
    reports: list[JsonObject] = []
    clean, rows_differ = True, False
    homes: set[str] = set()
    for entry in entries:
        found = movechecks.verify(context, entry, options, for_ms, right)
        clean &= found.clean
        rows_differ |= bool(found.report.mismatches)
        homes.add(found.home)
        blocks += _compared(found)
        if found.report.mismatches and found.home == TARGET:
            blocks.append(Say("! which home is right, only a person can say: a repair needs --right", Tone.WARN))
        documents.append(document_of(context, entry))
        reports.append(
            {
                "service": found.service,
                "report": document(found.report),
                "definitions": [str(one) for one in found.definitions],
            }
        )
    return Result(
        {"action": "verify", "moves": documents, "verifications": reports},
        tuple(blocks),
        exit=0 if clean else 2,
        next=_after_verifying(homes, clean=clean, rows_differ=rows_differ),
    )


def _after_verifying(homes: Collection[str], *, clean: bool, rows_differ: bool) -> str:
    """The command that goes on. A repair takes the home that serves for the right one, which nobody but a person knows
    once the service was written at its new home."""
    if clean:
        return "freehold move complete" if homes == {TARGET} else "freehold move cutover"
    return "freehold move verify --repair" if rows_differ and TARGET not in homes else "freehold move status"


def _compared(found: movechecks.Verified) -> list[Block]:
    *told, _ = lines(found.report)
    blocks: list[Block] = [Say(f"  {one}", Tone.DIM if found.report.equal else Tone.PLAIN) for one in told]
    blocks += [Say(f"✗ {one}", Tone.BAD) for one in found.definitions]
    verdict = lines(found.report)[-1]
    if found.definitions:
        verdict = f"{count(len(found.definitions), 'definition')} not the same; rows: {verdict}"
    sign, tone = ("✓", Tone.GOOD) if found.clean else ("✗", Tone.BAD)
    blocks.append(Say(f"{sign} {found.service}: {verdict}", tone))
    return blocks


def after_completion(context: Context) -> list[Block]:
    """Bring the rest of the platform in line with where its services live now, and say what the declaration lacks."""
    context.forget_homes()
    _, done = bring(context, allow_destroy=False, wait_ms=60_000)
    blocks: list[Block] = []
    if done:
        blocks.append(Say(f"✓ applied {count(done.applied, 'step')} that follow from it", Tone.GOOD))
    if pending := instances.restart_pending(context, restart=False):
        waits = f"! a restart is needed for settings on: {', '.join(pending)} (freehold apply --restart)"
        blocks.append(Say(waits, Tone.WARN))
    if not pools.missing(context):
        pools.up(context)
    from freehold.cli import logins

    logins.write_env_files(context)
    if not movehomes.settle(context):
        blocks += _declared(context)
    return blocks


def _declared(context: Context) -> list[Block]:
    """Write the layout that the platform has by now into the declaration, once all of it has one."""
    from freehold.local.declaration import write_layout

    if any(not one.ended for one in context.moves.read()):
        return []
    for layout in sorted({home.layout for home in context.homes.values()}):
        then = place(replace(context.platform, layout=layout))
        if then.services == context.placements.services:
            if write_layout(context.path, layout.value):
                context.forget_homes()
                movehomes.settle(context)
                return [Say(f"✓ the declaration says layout: {layout.value} now", Tone.GOOD)]
            return [Say(f"! the platform is laid out as {layout.value}: write that under layout:", Tone.WARN)]
    return [Say("! the declaration does not say yet where every service lives; it is kept in .freehold", Tone.WARN)]
