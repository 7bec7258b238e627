"""The exchange with a language model: the question, and corrections until an answer is valid.

In: a pydantic-ai model and a request. Out: the request's form, filled and valid, or a `ModelError`.
The form is offered as a tool that must be called; JSON in plain words is taken as well, as small
models answer so.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Generic

from pydantic import BaseModel, ValidationError

from zos.core.errors import ModelOutputError, ModelRefusedError
from zos.llm.prices import TokenCount
from zos.llm.request import ModelRequest, Output
from zos.llm.tokens import estimate_tokens

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    from zos.config.model import ModelProfile

FORM = "answer"
_CORRECTION_TOKENS = 200  # about what a correction adds to the next request

BeforeTry = Callable[[int], Awaitable[None]]
AfterTry = Callable[[TokenCount], None]


class Conversation(Generic[Output]):
    """One question to one model.

    Args:
        request: The question.
        profile: How to ask.
        before_try: Told the estimated tokens of each try before it is made; may raise.
        after_try: Told what each answered try used.
    """

    def __init__(
        self,
        request: ModelRequest[Output],
        profile: ModelProfile,
        *,
        before_try: BeforeTry,
        after_try: AfterTry,
    ) -> None:
        self._request = request
        self._profile = profile
        self._before_try = before_try
        self._after_try = after_try

    async def hold(self, model: Model[Any]) -> Output:
        """Ask `model`, and ask again after an invalid answer, `output_retries` times at most.

        Raises:
            ModelRefusedError: If the model refuses.
            ModelOutputError: If no answer was valid, or one was cut off.
        """
        history = self._question()
        tokens_in = prompt_tokens(self._request)
        tries = 1 + self._profile.output_retries
        problem = ""
        for _ in range(tries):
            await self._before_try(tokens_in)
            response = await self._send(model, history)
            count = _count(response, tokens_in)
            self._after_try(count)
            self._stop_on_refusal(response)
            try:
                return self._read(response)
            except ValidationError as error:
                problem = _in_words(error, self._request.output)
                self._stop_when_cut_off(response)
                history += [response, _correction(response, error)]
            tokens_in = count.tokens_in + count.tokens_out + _CORRECTION_TOKENS
        raise ModelOutputError(f"{self._name} gave no valid answer in {tries} tries: {problem}.")

    @property
    def _name(self) -> str:
        return f"{self._profile.provider}:{self._profile.model}"

    def _question(self) -> list[ModelMessage]:
        from pydantic_ai import messages as ai

        text = self._request.prompt
        return [ai.ModelRequest.user_text_prompt(text, instructions=self._request.system)]

    async def _send(self, model: Model[Any], history: list[ModelMessage]) -> ModelResponse:
        from pydantic_ai.direct import model_request

        return await model_request(
            model,
            history,
            model_settings=self._settings(),
            model_request_parameters=_parameters(self._request.output),
        )

    def _settings(self) -> ModelSettings:
        settings: ModelSettings = {
            "max_tokens": output_limit(self._request, self._profile),
            "max_retries": self._profile.sdk_retries,
            # The system prompt is the same for many questions; what follows it never comes again.
            "cache": {"messages": False},
        }
        temperature = self._request.temperature
        if temperature is None:
            temperature = self._profile.temperature
        if temperature is not None:
            settings["temperature"] = temperature
        return settings

    def _read(self, response: ModelResponse) -> Output:
        context = {"refs": self._request.material.refs}
        answer = _answer(response)
        if isinstance(answer, str):
            return self._request.output.model_validate_json(answer, context=context)
        return self._request.output.model_validate(answer, context=context)

    def _stop_on_refusal(self, response: ModelResponse) -> None:
        if response.finish_reason == "content_filter":
            raise ModelRefusedError(
                f"{self._name} refused to answer.",
                hint="Read the prompt with `zos reflect preview`, or ask another model.",
            )

    def _stop_when_cut_off(self, response: ModelResponse) -> None:
        if response.finish_reason == "length":
            limit = output_limit(self._request, self._profile)
            raise ModelOutputError(
                f"The answer of {self._name} was cut off at {limit:,} tokens.",
                hint="Raise max_tokens in the layer or the profile.",
            )


def output_limit(request: ModelRequest[Output], profile: ModelProfile) -> int:
    """Return how many tokens an answer may have."""
    return request.max_tokens or profile.max_tokens


def prompt_tokens(request: ModelRequest[Output]) -> int:
    """Return the estimated tokens of a request's prompts and the form that goes with them."""
    form = _form_tokens(request.output)
    return estimate_tokens(request.system) + estimate_tokens(request.prompt) + form


@cache
def _form_tokens(form: type[BaseModel]) -> int:
    return estimate_tokens(json.dumps(form.model_json_schema()))


@cache
def _parameters(form: type[BaseModel]) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

    tool = ToolDefinition(
        name=FORM,
        description=form.__doc__,
        parameters_json_schema=form.model_json_schema(),
        kind="output",
    )
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


def _answer(response: ModelResponse) -> str | dict[str, Any]:
    """Return what the form was filled with, or the words where it should be."""
    for call in response.tool_calls:
        return call.args or {}
    text = (response.text or "").strip()
    # Small models put JSON between fences.
    return text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()


def _count(response: ModelResponse, tokens_in: int) -> TokenCount:
    """Return what the provider counted, or an estimate where it counts nothing."""
    usage = response.usage
    if usage.input_tokens or usage.output_tokens:
        return TokenCount(
            usage.input_tokens,
            usage.output_tokens,
            cache_read=usage.cache_read_tokens,
            cache_write=usage.cache_write_tokens,
        )
    answer = _answer(response)
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return TokenCount(tokens_in, estimate_tokens(text))


def _correction(response: ModelResponse, error: ValidationError) -> ModelMessage:
    from pydantic_ai import messages as ai

    details = error.errors(include_url=False, include_context=False, include_input=False)
    if not response.tool_calls:
        text = (
            f"Answer by calling the tool {FORM}. Your words were not valid: {json.dumps(details)}"
        )
        retry: ai.RetryInfo[ai.RetryFeedbackCause] = ai.RetryInfo("model_retry")
        return ai.ModelRequest(parts=[ai.RetryFeedbackPart(text, retry=retry)])
    answered = [
        ai.ToolReturnPart(call.tool_name, json.dumps(details), call.tool_call_id, outcome="retried")
        for call in response.tool_calls
    ]
    return ai.ModelRequest(parts=answered)


def _in_words(error: ValidationError, form: type[BaseModel]) -> str:
    """Return the first thing that is wrong, in no word of the answer: it may be a member's."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ").partition(": ")[0]
    field = first["loc"][0] if first["loc"] else ""
    return f"{field}: {message}" if field in form.model_fields else message
