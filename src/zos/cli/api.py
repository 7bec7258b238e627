"""`zos api`: the interface's description, for those who write clients."""

from __future__ import annotations

from pathlib import Path

import click

from zos.cli.output import show_line


@click.group()
def api() -> None:
    """Describe the HTTP API."""


@api.command("export-openapi")
@click.argument("destination", type=click.Path(path_type=Path, dir_okay=False), required=False)
def export_openapi(destination: Path | None) -> None:
    """Print the OpenAPI description as JSON, or write it to DESTINATION."""
    import json

    from zos.api.app import openapi_document

    # Not `show_json`: it would write the ids in examples as texts, which the schemas do not allow.
    text = json.dumps(openapi_document(), indent=2, ensure_ascii=False)
    if destination is None:
        click.echo(text)
        return
    destination.write_text(text + "\n", "utf-8")
    show_line(f"Wrote {destination}.")
