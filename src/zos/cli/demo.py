"""`zos demo`: Zos at work on a sample community, without key, token or network."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zos.cli.context import App
from zos.cli.output import Report, json_option, progress, show_json, show_line, show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zos.demo.summary import DemoSummary, Example, Nights

_MAX_QUOTE = 140


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A new or empty folder to work in; else one among the system's temporary files.",
)
@click.option("--no-serve", is_flag=True, help="Stop after the summary; no socket is ever opened.")
@json_option
def demo(folder: Path | None, no_serve: bool, as_json: bool) -> None:
    """See Zos at work: a sample community imported, and a fortnight of it replayed on schedule.

    Everything happens offline and in a folder of its own, which stays for you to look around in.
    Afterwards the service runs on it until Ctrl-C.
    """
    from zos.demo.folder import CONFIG_NAME, make_folder

    made = make_folder(folder)
    app = App(made / CONFIG_NAME, {})
    summary = app.run(lambda: _run(made))
    if as_json:
        show_json(summary)
    else:
        _show(summary)
    if not no_serve:
        _serve(app)


async def _run(folder: Path) -> DemoSummary:
    from zos.demo.course import run_demo

    with ExitStack() as bars:
        shown: dict[str, Report] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in shown:
                bars.close()
                shown[step] = bars.enter_context(progress(step))
            shown[step](done, total)

        return await run_demo(folder, tell)


def _serve(app: App) -> None:
    from zos.cli.serve import when_ready
    from zos.service.serving import serve

    app.run(lambda: serve(app.config, when_ready))


def _show(summary: DemoSummary) -> None:
    _show_observed(summary)
    _show_nights(summary)
    show_line("\nSome of what was understood, each line with messages that it rests on:")
    for example in summary.examples:
        _show_example(example)
    show_line("\nNot thought about, and why:")
    for one in summary.why_not:
        show_line(f"  {one.times:,} times: {one.reason} ({one.case})")
    audit = "clean" if not summary.ledger_mismatches else f"{summary.ledger_mismatches} mismatches"
    show_line(f"\nSpent: ${summary.spent_usd:.2f}. Ledger audit: {audit}.")
    for line in _next_steps(summary.folder):
        show_line(line)


def _show_observed(summary: DemoSummary) -> None:
    seen = summary.observed
    show_line(
        f"Observed: {seen.messages:,} messages and {seen.reactions:,} reactions by {seen.members} "
        f"members in {seen.rooms} channels and threads."
    )
    show_line(
        f"{seen.consented} members have consented to being thought about. "
        f"{seen.deleted} messages were deleted, and are gone."
    )


def _show_nights(summary: DemoSummary) -> None:
    replayed = summary.replayed
    show_line(
        f"\nReplayed on schedule, {replayed.first} to {replayed.last}: {replayed.replayed} fires, "
        f"{replayed.totals.insights} insights."
    )
    columns = ["layer", "when", "fires", "outcomes", "insights"]
    show_table(columns, [_night_row(one) for one in summary.nights])


def _night_row(one: Nights) -> list[object]:
    outcomes = ", ".join(f"{count} {name}" for name, count in one.outcomes.items())
    return [one.layer, one.schedule, one.fires, outcomes, one.insights]


def _show_example(example: Example) -> None:
    show_line(f"\n  {example.about} ({example.layer}, {example.at:%d %B})")
    for statement in example.statements:
        show_line(f"    {statement.text}")
        for source in statement.sources:
            said = "" if source.text in statement.text else f": “{_shortened(source.text)}”"
            show_line(
                f"      ↳ {source.author} in #{source.channel}, {source.at:%d %b %H:%M}{said}"
            )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTE else f"{line[: _MAX_QUOTE - 1]}…"


def _next_steps(folder: Path) -> Iterator[str]:
    program = "zos" if shutil.which("zos") else _shortest(Path(sys.argv[0]))
    config = _shortest(folder / "zos.yaml")
    yield f"\nIt stays in {folder}. Look around:"
    for command in ("insights list", "reflect jobs", "reflect runs", "salience top"):
        yield f"  {program} --config {config} {command}"
    yield f"Begin with your own community: {program} init, then {program} import."


def _shortest(path: Path) -> str:
    return min(os.path.relpath(path), str(path), key=len)
