"""`TemplateEngine`: renders prompts in the sandbox.

In: a prompt's name and its data. Out: text, the same for the same data. A string of the data is
printed as one harmless line unless it is `Trusted` (see `blocks`).
"""

from __future__ import annotations

import traceback
from pathlib import Path

from jinja2 import TemplateError

from zos.core.errors import PromptError
from zos.prompts.library import PromptLibrary
from zos.prompts.sandbox import TooMuchError, bounded, repetition_budget


class TemplateEngine:
    """Renders prompts.

    Args:
        prompts_dir: An operator's folder, whose prompts replace shipped ones of the same path.
        self_concept_path: The file that shows the self-concept, and in which an operator may edit it.
    """

    def __init__(self, prompts_dir: Path | None, self_concept_path: Path) -> None:
        self.library = PromptLibrary(prompts_dir)
        self.self_concept_path = self_concept_path

    def render(self, name: str, **data: object) -> str:
        """Return the prompt `name` filled with `data`.

        Raises:
            PromptError: If there is no such prompt, it has a mistake, or it grows without bound.
        """
        if self.library.source(name) is None:
            raise PromptError(f"A prompt cannot be rendered: {self.library.missing(name)}.")
        try:
            template = self.library.environment.get_template(name)
            pieces = template.generate(**data, **repetition_budget())
            return bounded(pieces).strip()
        except TemplateError as error:
            raise PromptError(f"{_place(error, name)}: {error.message}.") from error
        except (TooMuchError, RecursionError, TypeError, ValueError, ArithmeticError) as error:
            raise PromptError(f"{_place(error, name)}: {error}.") from error


def _place(error: Exception, name: str) -> str:
    """Return the template and line where rendering stopped: Jinja puts them into the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.endswith(".j2")]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else name
