"""How OpenAI, Anthropic and Google put a request and an answer into JSON.

In: a request's JSON, or a `Reply`. Out: what was asked, or the answer's JSON. Only what a
structured answer by a tool call needs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from typing import Protocol as Shape

if TYPE_CHECKING:
    from tests.fakes.model_server import Received, Reply

Json = dict[str, Any]


class Protocol(Shape):
    """One provider's wire format."""

    def model(self, path: str, body: Json) -> str: ...

    def temperature(self, body: Json) -> float | None: ...

    def max_tokens(self, body: Json) -> int | None: ...

    def answer(self, reply: Reply, received: Received) -> Json: ...

    def error(self, reply: Reply) -> Json: ...


class OpenAI:
    """Chat completions."""

    def model(self, _path: str, body: Json) -> str:
        return str(body["model"])

    def temperature(self, body: Json) -> float | None:
        return body.get("temperature")

    def max_tokens(self, body: Json) -> int | None:
        return body.get("max_completion_tokens", body.get("max_tokens"))

    def answer(self, reply: Reply, received: Received) -> Json:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_772_000_000,
            "model": received.body["model"],
            "choices": [{"index": 0, **self._choice(reply, received)}],
            "usage": {
                "prompt_tokens": reply.tokens_in,
                "completion_tokens": reply.tokens_out,
                "total_tokens": reply.tokens_in + reply.tokens_out,
                "prompt_tokens_details": {"cached_tokens": reply.cached},
            },
        }

    def _choice(self, reply: Reply, received: Received) -> Json:
        message: Json = {"role": "assistant", "content": None}
        if reply.refusal is not None:
            return {"message": {**message, "refusal": reply.refusal}, "finish_reason": "stop"}
        if reply.text is not None:
            return {"message": {**message, "content": reply.text}, "finish_reason": "stop"}
        arguments = reply.raw if reply.raw is not None else json.dumps(reply.data)
        name = received.body["tools"][0]["function"]["name"]
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        finish = "length" if reply.truncated else "tool_calls"
        return {"message": {**message, "tool_calls": [call]}, "finish_reason": finish}

    def error(self, reply: Reply) -> Json:
        return {"error": {"message": reply.echo, "type": "error", "code": None, "param": None}}


class Anthropic:
    """Messages."""

    def model(self, _path: str, body: Json) -> str:
        return str(body["model"])

    def temperature(self, body: Json) -> float | None:
        return body.get("temperature")

    def max_tokens(self, body: Json) -> int | None:
        return body.get("max_tokens")

    def answer(self, reply: Reply, received: Received) -> Json:
        content, stop = self._content(reply, received)
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": received.body["model"],
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": reply.tokens_in - reply.cached,
                "cache_read_input_tokens": reply.cached,
                "output_tokens": reply.tokens_out,
            },
        }

    def _content(self, reply: Reply, received: Received) -> tuple[list[Json], str]:
        if reply.refusal is not None:
            return [{"type": "text", "text": reply.refusal}], "refusal"
        if reply.text is not None:
            return [{"type": "text", "text": reply.text}], "end_turn"
        # The arguments are JSON already on this wire: what is malformed is a text where a list belongs.
        data = reply.data if reply.raw is None else {"statements": reply.raw}
        name = received.body["tools"][0]["name"]
        stop = "max_tokens" if reply.truncated else "tool_use"
        return [{"type": "tool_use", "id": "toolu_1", "name": name, "input": data}], stop

    def error(self, reply: Reply) -> Json:
        return {"type": "error", "error": {"type": "api_error", "message": reply.echo}}


class Google:
    """generateContent of the Gemini API."""

    def model(self, path: str, _body: Json) -> str:
        return path.rsplit("/", 1)[1].partition(":")[0]

    def temperature(self, body: Json) -> float | None:
        value: float | None = body.get("generationConfig", {}).get("temperature")
        return value

    def max_tokens(self, body: Json) -> int | None:
        value: int | None = body.get("generationConfig", {}).get("maxOutputTokens")
        return value

    def answer(self, reply: Reply, received: Received) -> Json:
        return {
            "responseId": "r1",
            "modelVersion": self.model(received.path, {}),
            "candidates": [{"index": 0, **self._candidate(reply, received)}],
            "usageMetadata": {
                "promptTokenCount": reply.tokens_in,
                "cachedContentTokenCount": reply.cached,
                "candidatesTokenCount": reply.tokens_out,
                "totalTokenCount": reply.tokens_in + reply.tokens_out,
            },
        }

    def _candidate(self, reply: Reply, received: Received) -> Json:
        if reply.refusal is not None:
            return {"finishReason": "SAFETY", "finishMessage": reply.refusal}
        if reply.text is not None:
            part: Json = {"text": reply.text}
        else:
            data = reply.data if reply.raw is None else {"statements": reply.raw}
            name = received.body["tools"][0]["functionDeclarations"][0]["name"]
            part = {"functionCall": {"name": name, "args": data}}
        finish = "MAX_TOKENS" if reply.truncated else "STOP"
        return {"content": {"role": "model", "parts": [part]}, "finishReason": finish}

    def error(self, reply: Reply) -> Json:
        return {"error": {"code": reply.status, "message": reply.echo, "status": "UNKNOWN"}}


def protocol_of(path: str) -> Protocol:
    """Return the wire format that `path` belongs to."""
    if path.endswith("/chat/completions"):
        return OpenAI()
    return Anthropic() if path.partition("?")[0].endswith("/messages") else Google()
