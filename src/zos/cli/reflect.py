"""`zos reflect`: trigger, cancel, watch, pause and rehearse layers, with and without a running service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import click

from zos.access.user import user_name
from zos.cli.context import App, pass_app
from zos.cli.output import json_option, progress, show_json, show_line, show_table
from zos.cli.reflect_text import (
    fire_time,
    pause_text,
    run_row,
    show_detail,
    show_job,
    show_outcome,
    show_preview,
)
from zos.core.errors import UsageError

if TYPE_CHECKING:
    from zos.service.operator import Operator
    from zos.views.jobs import JobStatus
    from zos.views.runs import RunView

NOTHING_DONE = 3
"""Exit code of a trigger after which nothing was done: nothing selected, overlap."""

_Answer = TypeVar("_Answer")
_DONE = {"success", "partial", "dry"}

layer_argument = click.argument("layer")
topic_option = click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="KEY",
    help="Reflect on this topic, whatever its salience (may be given again).",
)


@click.group()
def reflect() -> None:
    """Trigger, cancel, watch, pause and rehearse layers."""


@reflect.command()
@layer_argument
@topic_option
@click.option("--wait/--no-wait", default=True, help="Wait for the run to end (the default).")
@click.option("--dry-run", is_flag=True, help="Rehearse only, as `zos reflect preview`.")
@json_option
@click.pass_context
def trigger(
    ctx: click.Context,
    *,
    layer: str,
    topics: tuple[str, ...],
    wait: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run LAYER now, paused or not.

    A running service does it if there is one; else it is done here, to its end.

    Exit code: 0 after success, partial or dry (and with --no-wait or --dry-run); 3 if there was
    nothing to do; 1 if the run failed, was cancelled or interrupted; 2 if it cannot be asked for.
    """
    app = ctx.find_object(App)
    assert app is not None  # noqa: S101 - the root command makes it
    if dry_run:
        show_preview(_ask(app, lambda asked: asked.preview(layer, topics)), as_json=as_json)
        return
    run = _ask(app, lambda asked: _trigger(asked, layer, topics, wait=wait))
    if as_json:
        show_json(run)
    elif wait:
        show_outcome(run)
    else:
        show_line(f"Layer {run.status.value}: run {run.id}. See `zos reflect show {run.id}`.")
    if wait:
        ctx.exit(_exit_code(run.status.value))


async def _trigger(asked: Operator, layer: str, topics: Sequence[str], *, wait: bool) -> RunView:
    if not (wait or asked.is_remote):
        raise UsageError(
            "No service runs that could go on with the run.", hint="Leave --no-wait out."
        )
    run = await asked.trigger(layer, topics, by=user_name())
    if not wait:
        return run
    with progress(f"Reflecting: {layer}") as report:
        return await asked.wait(run.id, report)


def _exit_code(status: str) -> int:
    if status in _DONE:
        return 0
    return NOTHING_DONE if status == "skipped" else 1


@reflect.command()
@click.argument("layer", required=False)
@json_option
@pass_app
def jobs(app: App, layer: str | None, as_json: bool) -> None:
    """List the layers' jobs; with LAYER, one of them with its next ten fires."""
    if layer is not None:
        job = _ask(app, lambda asked: asked.job(layer))
        if as_json:
            show_json(job)
        else:
            show_job(job, fires=len(job.next_fires))
        return
    found = _ask(app, lambda asked: asked.jobs())
    if as_json:
        show_json(found)
        return
    for one in found.jobs:
        show_job(one, fires=1)
    for problem in found.problems:
        show_line(f"Layer file {problem}")
    for row in found.parked:
        show_line(f"The job store holds a row that is no job of Zos: {row}")


@reflect.command()
@click.option("--layer", help="Only of this layer.")
@click.option(
    "--status", "statuses", multiple=True, help="Only in this state (may be given again)."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@click.option("--before", metavar="RUN", help="Only runs older than this one.")
@json_option
@pass_app
def runs(
    app: App,
    *,
    layer: str | None,
    statuses: tuple[str, ...],
    limit: int,
    before: str | None,
    as_json: bool,
) -> None:
    """List runs, and fires that did not run, newest first."""
    from zos.reflect.states import RunStatus

    unknown = [one for one in statuses if one not in [*RunStatus]]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no state.", hint=f"States: {', '.join(RunStatus)}.")
    wanted = [RunStatus(one) for one in statuses]
    page = _ask(
        app,
        lambda asked: asked.runs(layer=layer, statuses=wanted, before=before, limit=limit),
    )
    if as_json:
        show_json(page)
        return
    columns = ["run", "layer", "trigger", "slot", "status", "topics", "insights", "reason"]
    show_table(columns, [run_row(run) for run in page.items], empty="No runs yet.")
    if page.next_cursor is not None:
        show_line(f"Older ones: --before {page.next_cursor}")


@reflect.command()
@click.argument("run")
@json_option
@pass_app
def show(app: App, run: str, as_json: bool) -> None:
    """Show RUN with its topics, its model calls, and why others were not chosen."""
    detail = _ask(app, lambda asked: asked.run(run))
    if as_json:
        show_json(detail)
    else:
        show_detail(detail)


@reflect.command()
@layer_argument
@topic_option
@json_option
@pass_app
def preview(app: App, layer: str, topics: tuple[str, ...], as_json: bool) -> None:
    """Rehearse LAYER: its topics, its prompts and what they would cost.

    Nothing is asked of a model, and nothing is written.
    """
    show_preview(_ask(app, lambda asked: asked.preview(layer, topics)), as_json=as_json)


@reflect.command()
@click.argument("run")
@click.option("--note", default="", help="Why, for the record.")
@json_option
@pass_app
def cancel(app: App, run: str, note: str, as_json: bool) -> None:
    """Call RUN off, whoever works on it: what is finished of it stays, the rest is given up."""
    ended = _ask(app, lambda asked: asked.cancel(run, by=user_name(), note=note))
    if as_json:
        show_json(ended)
    else:
        done = f"{ended.targets_done} of {ended.targets_total} topics were done"
        show_line(f"Cancelled a run of {ended.layer}: {done}.")


@reflect.command()
@layer_argument
@click.option("--note", default="", help="Why, for the record.")
@click.option(
    "--until", metavar="TIME", help="Resume by itself then, as in 2026-12-01T09:00+01:00."
)
@json_option
@pass_app
def pause(app: App, layer: str, note: str, until: str | None, as_json: bool) -> None:
    """Let LAYER's fires go by, each recorded as skipped. A running run goes on."""
    end = None if until is None else _moment(until)
    job = _ask(app, lambda asked: asked.pause(layer, by=user_name(), note=note, until=end))
    _show_hand(job, f"Paused {pause_text(job)}.", as_json=as_json)


@reflect.command()
@layer_argument
@json_option
@pass_app
def resume(app: App, layer: str, as_json: bool) -> None:
    """End LAYER's pause; what it skipped stays skipped."""
    job = _ask(app, lambda asked: asked.resume(layer, by=user_name()))
    fire = fire_time(job, job.next_fires[0].utc) if job.next_fires else "none"
    _show_hand(job, f"Resumed. Next run: {fire}", as_json=as_json)


def _show_hand(job: JobStatus, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json(job)
    else:
        show_line(sentence)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"{text!r} is not a time with its offset.", hint="Write 2026-12-01T09:00+01:00."
        )
    return moment


def _ask(app: App, question: Callable[[Operator], Awaitable[_Answer]]) -> _Answer:
    async def work() -> _Answer:
        from zos.service.operator import operator

        async with operator(app.config) as asked:
            return await question(asked)

    return app.run(work)
