"""The offline model as a provider: the digest's answer in the form that was asked for.

In: `ModelRequest`. Out: `ModelAnswer`, marked extractive. It reads the material and no prompt; its
tokens are estimated from the prompt all the same, as they are what attention is spent by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zos.core.errors import ModelError
from zos.llm.conversation import prompt_tokens
from zos.llm.digest import digest
from zos.llm.output import Reflection, SelfConcept
from zos.llm.request import ModelAnswer, ModelRequest, Output, Usage
from zos.llm.tokens import estimate_tokens

if TYPE_CHECKING:
    from pydantic import BaseModel

OFFLINE = "offline"


def answer_offline(request: ModelRequest[Output]) -> ModelAnswer[Output]:
    """Return the digest of the request's material, held to the same rules as any model's answer.

    Raises:
        ModelError: If the request wants a form that the digest cannot fill.
    """
    tokens_in = prompt_tokens(request)
    found = _digest(request.output, request)
    if isinstance(found, str):
        return ModelAnswer(None, True, Usage(tokens_in=tokens_in), found)
    text = found.model_dump_json(exclude_defaults=True)
    output = request.output.model_validate_json(text, context={"refs": request.material.refs})
    return ModelAnswer(output, True, Usage(tokens_in, estimate_tokens(text)))


def _digest(form: type[BaseModel], request: ModelRequest[Output]) -> Reflection | str:
    if form is SelfConcept:
        return "the offline digest leaves the self-concept as it is"
    if form is not Reflection:
        raise ModelError(
            f"The offline digest cannot answer in the form {form.__name__}.",
            hint="Configure a language model for this layer's profile.",
        )
    return digest(request.material)
