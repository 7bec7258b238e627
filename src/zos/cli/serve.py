"""`zos serve`: the whole service in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zos.cli.context import App, pass_app, set_aside_what_stays
from zos.cli.output import show_line

if TYPE_CHECKING:
    from zos.access.runtime import RunningService


@click.command()
@pass_app
def serve(app: App) -> None:
    """Run the service: scheduler and API.

    SIGTERM or Ctrl-C lets running layers end (scheduler.drain_seconds at most); a second one does
    not wait. SIGHUP reads the layers' files again.
    """

    async def work() -> None:
        from zos.service.serving import serve

        await serve(app.config, when_ready)

    app.run(work, serving=True)


def when_ready(service: RunningService, link: str) -> None:
    """Let the collector pass over what the service has now, and say where the service is to be found."""
    set_aside_what_stays()
    show_ready(service, link)


def show_ready(service: RunningService, link: str) -> None:
    """Say where the service is to be found, and how to get in."""
    show_line(f"Zos is running (process {service.pid}). Its API answers at {service.url}/api/v1;")
    show_line(f"the operator's token is in {service.token_path}.")
    show_line(f"Its pages open with this link, once and within ten minutes: {link}")
    show_line("`zos access link` makes another one.")
