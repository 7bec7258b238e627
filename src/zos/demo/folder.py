"""The demo's folder: always a new one, with a configuration of its own.

In: where, or nothing. Out: a folder with `zos.yaml`, so that every command works on it afterwards.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from zos.config import Config, load_config
from zos.core.errors import UsageError

CONFIG_NAME = "zos.yaml"
_CONFIG = """\
# The demo's configuration: everything is in this folder, and nothing leaves this machine.
data_dir: data
api:
  port: 0 # any free one
"""


def make_folder(wanted: Path | None) -> Path:
    """Make the demo's folder and return its absolute path.

    Args:
        wanted: A folder that does not exist yet or is empty; None: a new one among the system's
            temporary files.

    Raises:
        UsageError: If there is something in it, or it cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="zos-demo-")) if wanted is None else wanted.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(
                f"{folder} is not empty.",
                hint="Name a new folder: the demo changes none that is there.",
            )
        (folder / CONFIG_NAME).write_text(_CONFIG, "utf-8")
    except OSError as error:
        raise UsageError(
            f"The folder {wanted} cannot be made: {error.strerror}.", hint="Name another one."
        ) from error
    return folder


def demo_config(folder: Path) -> Config:
    """Return the configuration in `folder`; the environment has no say, so that the demo stays offline."""
    return load_config(folder / CONFIG_NAME, {}).config
