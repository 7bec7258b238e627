"""`zos init`: a folder to start from, written whole or not at all."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import click

from zos.core.errors import UsageError

_PRIVATE = 0o700


@click.command()
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]"
)
@click.option("--force", is_flag=True, help="Overwrite these files where they are there.")
def init(folder: Path, force: bool) -> None:
    """Write a configuration to start from into DIR, or the working folder.

    It writes zos.yaml with every key and its default, data/self-concept.md, and layers/ and
    prompts/ for your own.
    """
    texts = {folder / name: text for name, text in _starter().items()}
    present = [path for path in texts if path.exists()]
    if present and not force:
        raise UsageError(
            f"{present[0]} is there already.",
            hint="Nothing was written; --force overwrites it.",
        )
    write_all(texts)
    for path in texts:
        click.echo(f"Wrote {path}")
    place = "" if folder == Path() else f" --config {folder / 'zos.yaml'}"
    click.echo(f"Next: put a Discord token into ZOS_DISCORD__TOKEN, then run `zos{place} serve`.")


def _starter() -> dict[str, str]:
    from zos.config.template import commented_yaml
    from zos.reflect.self_concept.file import shipped_text

    texts = files("zos.cli") / "starter"
    return {
        "zos.yaml": commented_yaml(),
        "layers/README.md": (texts / "layers.md").read_text("utf-8"),
        "prompts/README.md": (texts / "prompts.md").read_text("utf-8"),
        "data/self-concept.md": shipped_text() + "\n",
    }


def write_all(texts: dict[Path, str]) -> None:
    """Write all files, or leave everything as it was.

    Raises:
        OSError: If one cannot be written; then none is, and folders made for them are gone again.
    """
    with ExitStack() as undo:
        drafts = {}
        for path, text in texts.items():
            _make_folders(path.parent, undo)
            draft = path.with_name(f".{path.name}.draft")
            undo.callback(draft.unlink, missing_ok=True)
            draft.write_text(text, encoding="utf-8")
            drafts[draft] = path
        for draft, path in drafts.items():
            undo.callback(_restore, path, path.read_bytes() if path.is_file() else None)
            draft.replace(path)
        undo.pop_all()


def _restore(path: Path, before: bytes | None) -> None:
    if before is not None:
        path.write_bytes(before)
    elif path.is_file():
        path.unlink()


def _make_folders(folder: Path, undo: ExitStack) -> None:
    for missing in [one for one in [*reversed(folder.parents), folder] if not one.exists()]:
        missing.mkdir(_PRIVATE if missing.name == "data" else 0o777)
        undo.callback(missing.rmdir)
