"""`zos api`: the interface's description, for those who write clients."""

from __future__ import annotations

from pathlib import Path

import click

from zos.cli.output import show_json, show_line


@click.group()
def api() -> None:
    """Describe the HTTP API."""


@api.command("export-openapi")
@click.argument("destination", type=click.Path(path_type=Path, dir_okay=False), required=False)
def export_openapi(destination: Path | None) -> None:
    """Print the OpenAPI description as JSON, or write it to DESTINATION."""
    import json

    from zos.api.app import openapi_document

    document = openapi_document()
    if destination is None:
        show_json(document)
        return
    destination.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    show_line(f"Wrote {destination}.")
