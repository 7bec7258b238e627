"""`zos layer`: which layers there are, what one says, and whether files are sound. Needs no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table

if TYPE_CHECKING:
    from datetime import datetime

    from zos.reflect.layer import Layer
    from zos.reflect.loader import LayerLoader, LayerProblem, LayerSource

FIRES = 5
NOT_VALID = 2


@click.group()
def layer() -> None:
    """List, show and validate layers."""


@layer.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List all layers with their next fires; broken files are told on standard error."""
    loader = _loader(app)
    loader.load_all()
    for problem in loader.problems:
        click.echo(f"Warning: {problem}", err=True)
    sources = loader.sources.values()
    if as_json:
        show_json([_summary(app, source) for source in sources])
    else:
        show_table(_COLUMNS, (_row(app, source) for source in sources))


@layer.command()
@click.argument("name")
@json_option
@pass_app
def show(app: App, name: str, as_json: bool) -> None:
    """Show what a layer says, its version and its next fires."""
    loader = _loader(app)
    one = loader.require(name)
    source = loader.sources[name]
    if as_json:
        show_json({**one.model_dump(mode="json"), **_summary(app, source)})
        return
    show_line(f"# {_origin(source)}, version {one.hash[:12]}")
    if one.cron is not None:
        state = "" if one.enabled else ", but it is disabled"
        show_line(f"# {one.cron.explain()} ({_zone(app, one).key}){state}")
    for fire in _next_fires(app, one):
        show_line(f"#   {fire:%a %Y-%m-%d %H:%M %Z}")
    show_line(f"\n{source.text.rstrip()}")


@layer.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@json_option
@pass_app
def validate(app: App, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check layer files, or folders of them; without PATHS the configured layers and prompts.

    Exit code 2, and a line for every problem, when something is not valid. What layers would send
    and the configuration does not let leave is told too: that is no problem.
    """
    loaders = [_loader(app, path) for path in paths] or [_loader(app)]
    problems: list[LayerProblem] = []
    kept: dict[tuple[str, str], None] = {}
    for loader in loaders:
        loader.load_all()
        problems += loader.problems
        kept |= dict.fromkeys(_withheld(app, loader))
    _report(problems, [*kept], as_json=as_json)
    if problems:
        click.get_current_context().exit(NOT_VALID)


def _withheld(app: App, loader: LayerLoader) -> Iterator[tuple[str, str]]:
    """Yield each layer that would send what may not leave, and why it may not."""
    from zos.reflect.destinations import withheld

    for name, source in loader.sources.items():
        for reason in withheld(source.layer, app.config.output):
            yield name, str(reason)


def _report(
    problems: Sequence[LayerProblem], kept: Sequence[tuple[str, str]], *, as_json: bool
) -> None:
    if as_json:
        told = [{"path": one.path, "line": one.line, "message": one.message} for one in problems]
        held = [{"layer": name, "message": reason} for name, reason in kept]
        show_json({"valid": not problems, "problems": told, "withheld": held})
        return
    for problem in problems:
        show_line(str(problem))
    for name, reason in kept:
        show_line(f"{name}: what it sends is withheld. {reason}")
    show_line(f"Problems: {len(problems)}." if problems else "All layers are valid.")


def _loader(app: App, layers: Path | None = None) -> LayerLoader:
    from zos.prompts.library import PromptLibrary
    from zos.reflect.loader import LayerLoader

    settings = app.config.reflect
    return LayerLoader(layers or settings.layers_dir, prompts=PromptLibrary(settings.prompts_dir))


def _summary(app: App, source: LayerSource) -> dict[str, Any]:
    one = source.layer
    return {
        "name": one.name,
        "description": one.description,
        "enabled": one.enabled,
        "schedule": one.schedule,
        "schedule_in_words": None if one.cron is None else one.cron.explain(),
        "timezone": _zone(app, one).key,
        "targets": sorted(one.targets),
        "trigger_threshold": one.trigger_threshold,
        "version": one.hash,
        "path": source.path,
        "next_fires": [fire.isoformat() for fire in _next_fires(app, one)],
    }


_COLUMNS = ["layer", "topics", "schedule", "next fire", "threshold", "enabled", "from"]


def _row(app: App, source: LayerSource) -> list[object]:
    one = source.layer
    return [
        one.name,
        ", ".join(sorted(one.targets)),
        one.schedule,
        next(iter(_next_fires(app, one)), None),
        one.trigger_threshold,
        one.enabled,
        _origin(source),
    ]


def _origin(source: LayerSource) -> str:
    return "built in" if source.is_shipped else source.path


def _next_fires(app: App, one: Layer) -> Iterable[datetime]:
    from zos.core.clock import SystemClock
    from zos.views.jobs import next_fires

    fires = next_fires(one, _zone(app, one), SystemClock().now(), FIRES)
    return [fire.local for fire in fires]


def _zone(app: App, one: Layer) -> ZoneInfo:
    return ZoneInfo(one.timezone or app.config.scheduler.timezone)
