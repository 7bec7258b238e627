from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.fakes.model_server import ModelServer, Reply
from tests.llm.conftest import ASKABLE, DEAR, KEY, MakeClient, MakeRequest, reflection

from zos.core.errors import ModelError, ModelOutputError, ModelRefusedError, ModelUnavailableError
from zos.llm.output import SelfConcept


async def test_a_valid_answer_comes_back_in_its_form(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection("m1", "m2", confidence=0.8), tokens_in=120, tokens_out=30))
    answer = await make_client(provider).ask(make_request())
    assert answer.output is not None
    assert answer.output.statements[0].sources == ["m1", "m2"]
    assert answer.output.confidence == 0.8
    assert not answer.extractive
    assert (answer.usage.tokens_in, answer.usage.tokens_out, answer.usage.requests) == (120, 30, 1)


async def test_the_model_is_told_what_the_request_says(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection()))
    client = make_client(provider, temperature=1.0, max_tokens=900)
    await client.ask(make_request(system="Be kind.", prompt="Read <this>."))
    sent = server.requests[0]
    assert sent.model == ASKABLE[provider]
    assert (sent.temperature, sent.max_tokens) == (1.0, 900)
    assert "Be kind." in sent.text
    assert "Read <this>." in sent.text


async def test_a_request_overrides_its_profile(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection()))
    client = make_client(provider, temperature=1.0, max_tokens=900)
    await client.ask(make_request(temperature=0.0, max_tokens=77))
    assert (server.requests[0].temperature, server.requests[0].max_tokens) == (0.0, 77)


WRONG = {
    "malformed JSON": Reply(raw='[{"text": "They grow'),
    "a value out of range": Reply(reflection(confidence=1.7)),
    "a source that it was not shown": Reply(reflection("m99")),
    "an unknown field": Reply(reflection(mood="fine")),
    "a statement without sources": Reply({"statements": [{"text": "So.", "sources": []}]}),
    "words instead of the form": Reply(text="They grow beans, I think."),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_answer_is_asked_again(
    wrong: Reply,
    provider: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.tell(wrong, Reply(reflection()))
    answer = await make_client(provider, output_retries=1).ask(make_request())
    assert answer.output is not None
    assert answer.usage.requests == len(server.requests) == 2
    assert answer.usage.tokens_in == 200, "both tries are paid"


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_answers_that_stay_wrong_end_the_call(
    wrong: Reply,
    provider: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.default = wrong
    with pytest.raises(ModelOutputError, match="no valid answer in 3 tries") as caught:
        await make_client(provider, output_retries=2).ask(make_request())
    assert len(server.requests) == 3
    assert not caught.value.retryable


WITH_WORDS = {
    "an unknown field": ({**reflection(), "Ada's secret": 1}, "Extra inputs"),
    "an unknown feeling": (reflection(valence={"Ada's secret": 1}), "valence: Input should be"),
    "an unknown source": (reflection("Ada's secret"), "statements: unknown source references"),
}


@pytest.mark.parametrize(("filled", "said"), WITH_WORDS.values(), ids=WITH_WORDS.keys())
async def test_the_error_says_what_was_wrong_in_no_word_of_the_answer(
    *,
    filled: dict[str, Any],
    said: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.default = Reply(filled)
    with pytest.raises(ModelOutputError, match=said) as caught:
        await make_client().ask(make_request())
    assert "secret" not in str(caught.value)


async def test_the_model_is_told_what_was_wrong(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection("m99")), Reply(reflection()))
    await make_client(provider).ask(make_request())
    assert "unknown source references: m99" in server.requests[1].text


async def test_a_refusal_is_not_asked_again(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(refusal="I will not.")
    with pytest.raises(ModelRefusedError) as caught:
        await make_client(provider, output_retries=3).ask(make_request())
    assert len(server.requests) == 1
    assert not caught.value.retryable


async def test_a_rate_limit_is_waited_out(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(
        Reply(status=429, headers={"retry-after-ms": "20", "retry-after": "0.02"}),
        Reply(reflection()),
    )
    answer = await make_client(provider, sdk_retries=1).ask(make_request())
    assert answer.output is not None
    assert answer.usage.requests == len(server.requests) == 2


@pytest.mark.parametrize("status", [500, 503])
async def test_an_error_of_the_server_is_tried_again_so_often_and_no_more(
    status: int,
    provider: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.default = Reply(
        status=status, headers={"retry-after-ms": "5", "retry-after": "0.005"}, echo=KEY
    )
    with pytest.raises(ModelUnavailableError) as caught:
        await make_client(provider, sdk_retries=1).ask(make_request())
    assert len(server.requests) == 2
    assert caught.value.retryable
    assert KEY not in str(caught.value)


async def test_a_hang_ends_at_the_timeout(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(hang=True)
    with pytest.raises(ModelUnavailableError, match=r"did not answer within 2 s") as caught:
        await make_client(provider, timeout_seconds=2).ask(make_request())
    assert caught.value.retryable
    assert len(server.requests) == 1


async def test_a_rate_limit_longer_than_the_timeout_costs_nothing(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(status=429, headers={"retry-after": "30"})
    client = make_client(timeout_seconds=2, price=DEAR)
    with pytest.raises(ModelUnavailableError, match=r"within 2 s \(its last word: HTTP 429\)"):
        await client.ask(make_request())
    assert len(server.requests) == 1


FINAL = {
    401: "does not accept the API key",
    402: "has no credit left",
    403: "does not accept the API key",
    404: "There is no openai:gpt-4o-mini to ask",
    422: "does not accept the request",
}


@pytest.mark.parametrize(("status", "said"), FINAL.items())
async def test_an_error_that_stays_says_what_to_do_and_is_not_tried_again(
    status: int,
    said: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.default = Reply(status=status, echo=f"no: {KEY}")
    with pytest.raises(ModelError, match=said) as caught:
        await make_client().ask(make_request())
    assert not caught.value.retryable
    assert caught.value.hint
    assert len(server.requests) == 1


async def test_a_prompt_that_is_too_long_is_named(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(status=400, echo="This model's maximum context length is 8 tokens.")
    with pytest.raises(ModelError, match="The prompt is too long"):
        await make_client().ask(make_request())


async def test_a_lost_connection_may_be_tried_again(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(drop=True)
    with pytest.raises(ModelUnavailableError, match="The connection to") as caught:
        await make_client(sdk_retries=0).ask(make_request())
    assert caught.value.retryable


async def test_a_server_that_is_no_model_is_recognised(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(page="<html>hello</html>")
    with pytest.raises(ModelOutputError, match="no answer of a model"):
        await make_client().ask(make_request())


async def test_an_answer_that_is_cut_off_is_not_asked_again(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.default = Reply(raw='{"statements": [', truncated=True)
    with pytest.raises(ModelOutputError, match="cut off at 50 tokens") as caught:
        await make_client(provider, max_tokens=50).ask(make_request())
    assert "max_tokens" in caught.value.hint
    assert len(server.requests) == 1


async def test_json_in_plain_words_is_taken(
    provider: str, server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(text=f"```json\n{json.dumps(reflection())}\n```"))
    answer = await make_client(provider).ask(make_request())
    assert answer.output is not None


async def test_a_server_that_counts_no_tokens_is_estimated(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection(), tokens_in=0, tokens_out=0))
    client = make_client()
    request = make_request(prompt="x" * 4000)
    answer = await client.ask(request)
    assert answer.usage.tokens_in == client.estimate(request).tokens_in > 1000
    assert 10 < answer.usage.tokens_out < 50


async def test_an_answer_without_statements_is_dry(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply({"statements": []}))
    answer = await make_client().ask(make_request())
    assert answer.output is None
    assert answer.dry_reason == "the model had nothing to say"


@pytest.mark.parametrize(
    ("filled", "reason"),
    [
        ({"content": "", "reason": "Ann is well."}, "the model leaves the self-concept as it is"),
        ({"content": ""}, "the model leaves the self-concept as it is"),
        ({"content": "I am Zos."}, ""),
    ],
)
async def test_an_empty_self_concept_leaves_it_as_it_is(
    filled: dict[str, str],
    reason: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
) -> None:
    server.tell(Reply(filled))
    answer = await make_client().ask(make_request(output=SelfConcept))
    assert answer.dry_reason == reason
    assert (answer.output is None) == bool(reason)


async def test_two_calls_at_once_count_their_own_requests(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(raw="{", delay_seconds=0.05))
    server.default = Reply(reflection(), delay_seconds=0.05)
    client = make_client()
    answers = await asyncio.gather(*(client.ask(make_request()) for _ in range(4)))
    assert sorted(answer.usage.requests for answer in answers) == [1, 1, 1, 2]


async def test_the_system_prompt_and_the_form_are_marked_for_the_providers_cache(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection()))
    await make_client("anthropic").ask(make_request())
    body = server.requests[0].body
    assert body["system"][-1]["cache_control"]["type"] == "ephemeral"
    assert body["tools"][-1]["cache_control"]["type"] == "ephemeral"
    assert "cache_control" not in str(body["messages"])


async def test_a_compatible_server_is_told_the_limit_by_its_old_name(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest
) -> None:
    server.tell(Reply(reflection()))
    await make_client("openai").ask(make_request(max_tokens=77))
    body = server.requests[0].body
    assert body["max_tokens"] == 77
    assert "max_completion_tokens" not in body
    assert body["tool_choice"] == "required"
