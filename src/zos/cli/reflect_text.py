"""Jobs, runs and previews in words and tables, for `zos reflect`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zos.cli.output import cell, show_json, show_line, show_table

if TYPE_CHECKING:
    from datetime import datetime

    from zos.views.jobs import JobStatus
    from zos.views.outputs import OutputView
    from zos.views.preview import PreviewView
    from zos.views.runs import RunDetail, RunView, TargetView

_WORTH_TELLING_SECONDS = 1.0
"""A shorter wait says nothing."""


def show_outcome(run: RunView) -> None:
    """Say what became of a triggered run."""
    show_line(f"Layer executed: {run.status.value}")
    show_line(f"  Insights created: {run.insights_created}")
    if run.reason:
        show_line(f"  Reason: {run.reason}")
    show_line(f"  Run: {run.id}")


def show_job(job: JobStatus, *, fires: int) -> None:
    """Show a job with its next fires, `fires` of them, and what else is to be known of it."""
    show_line(f"  {job.name}")
    next_runs = [_next_run(job, fire.utc) for fire in job.next_fires[:fires]] or ["none"]
    for when in next_runs:
        show_line(f"    Next run: {when}")
    for title, text in _facts(job):
        show_line(f"    {title}: {text}")


def _next_run(job: JobStatus, fire: datetime) -> str:
    skipped = job.paused is not None and (job.paused.until is None or fire < job.paused.until)
    return fire_time(job, fire) + (", to be skipped: it is paused" if skipped else "")


def _facts(job: JobStatus) -> list[tuple[str, str]]:
    """Return what is worth a line about a job, as title and text."""
    threshold = f"after {job.trigger_threshold} insights of other layers"
    facts = [
        (
            "Schedule",
            f"{job.schedule} ({job.schedule_in_words}, {job.timezone})" if job.schedule else "",
        ),
        ("Also", f"{threshold}, {job.insights_since_run} so far" if job.trigger_threshold else ""),
        ("Off", "" if job.enabled else "disabled in its file"),
        ("Paused", pause_text(job)),
        ("Overdue", "" if job.overdue_since is None else f"since {cell(job.overdue_since)}"),
        ("Running", _progress(job)),
        ("Waiting", f"{job.waiting} more" if job.waiting else ""),
        ("Last", _last(job)),
        ("Failures in a row", str(job.failures_in_row or "")),
        *(
            (f"{one.status.value.capitalize()}", f"{one.slots} × {one.reason}")
            for one in job.outcomes
        ),
    ]
    return [(title, text) for title, text in facts if text]


def fire_time(job: JobStatus, moment: datetime) -> str:
    """Return a moment on the layer's wall clock, and in UTC where that is another time."""
    local = cell(moment.astimezone(ZoneInfo(job.timezone)))
    return local if job.timezone == "UTC" else f"{local} ({cell(moment)})"


def pause_text(job: JobStatus) -> str:
    """Return who paused a job, until when and why; nothing for one that is not paused."""
    if job.paused is None:
        return ""
    until = "" if job.paused.until is None else f" until {fire_time(job, job.paused.until)}"
    note = f": {job.paused.note}" if job.paused.note else ""
    return f"by {job.paused.by or 'somebody'}{until}{note}"


def _progress(job: JobStatus) -> str:
    run = job.running
    return "" if run is None else f"{run.targets_done} of {run.targets_total} topics, run {run.id}"


def _last(job: JobStatus) -> str:
    run = job.last
    if run is None:
        return ""
    when = fire_time(job, run.slot or run.started_at or run.created_at)
    late = "" if run.lateness_seconds is None else f", {run.lateness_seconds:.1f} s late"
    if run.wait_seconds is not None and run.wait_seconds >= _WORTH_TELLING_SECONDS:
        late += f", waited {run.wait_seconds:.1f} s"
    reason = f": {run.reason}" if run.reason else ""
    insights = "1 insight" if run.insights_created == 1 else f"{run.insights_created} insights"
    return f"{run.status.value} at {when}{late}, {insights}{reason}"


def run_row(run: RunView) -> list[object]:
    """Return a run as a row of a table."""
    slots = "" if run.slot_count == 1 else f" and {run.slot_count - 1} more"
    return [
        run.id,
        run.layer,
        run.trigger,
        None if run.slot is None else f"{cell(run.slot)}{slots}",
        run.status,
        run.targets_total,
        run.insights_created,
        run.reason,
    ]


def show_detail(detail: RunDetail) -> None:
    """Show a run with its topics, what was not chosen, and the calls that went wrong."""
    run = detail.run
    show_line(f"{run.layer}: {run.status.value}" + (f" ({run.reason})" if run.reason else ""))
    show_line(f"{run.trigger.value}, slot {cell(run.slot)}, started {cell(run.started_at)}")
    spent = f"{run.tokens_in:,} + {run.tokens_out:,} tokens, ${run.cost_usd:.4f}"
    show_line(f"{run.insights_created} insights, {spent}")
    if detail.targets:
        columns = ["topic", "status", "insights", "salience", "tokens", "reason"]
        show_table(columns, map(_target_row, detail.targets))
    if detail.outputs:
        show_table(["sent to", "state", "delivered", "reason"], map(_output_row, detail.outputs))
    left = [one for one in detail.selection if not one.chosen]
    if left:
        rows = [[one.topic, one.salience, one.reason] for one in left]
        show_table(["not chosen", "salience", "because"], rows)
    bad = [one for one in detail.calls if one.error]
    if bad:
        show_table(
            ["call", "model", "outcome", "error"],
            [[one.node, one.model, one.outcome, one.error] for one in bad],
        )


def _target_row(target: TargetView) -> list[object]:
    return [
        target.topic,
        target.status,
        target.insights_created,
        target.salience_spent,
        target.tokens_in + target.tokens_out,
        target.reason,
    ]


def _output_row(output: OutputView) -> list[object]:
    return [output.destination, output.state, output.delivered_at, output.reason]


def show_preview(found: PreviewView, *, as_json: bool) -> None:
    """Show a rehearsal: the selection, every prompt, and the sum."""
    if as_json:
        show_json(found)
        return
    rows = [[one.topic, one.salience, one.chosen, one.reason] for one in found.selection]
    show_table(["topic", "salience", "chosen", "because"], rows, empty="No topics to choose from.")
    show_line(found.explanation)
    for target in found.targets:
        show_line(f"\n== {target.topic}")
        if target.dry_reason:
            show_line(f"Nothing would be asked: {target.dry_reason}.")
        for prompt in target.prompts:
            show_line(f"-- {prompt.node} ({prompt.profile}), system")
            show_line(prompt.system)
            show_line(f"-- {prompt.node} ({prompt.profile})")
            show_line(prompt.text)
    for reason in found.withheld:
        show_line(f"\nWithheld: {reason}")
    cost = (
        "an unknown cost"
        if found.estimated_cost_usd is None
        else f"${found.estimated_cost_usd:.4f}"
    )
    topics = f"{len(found.targets)} topics"
    show_line(
        f"\n{topics}, at most {found.estimated_tokens:,} tokens and {cost}. Nothing was done."
    )
