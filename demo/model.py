"""A demo model server: the OpenAI and Anthropic APIs over a model that repeats what it is told.

It imitates what vLLM tells of its prefix cache, /metrics included, so that a gateway can be seen to
send a prompt where its beginning is known. See demo/prefix_cache.py for what that is worth.

Run it with `python -m demo.model --port 9201 --name replica-a`; start it twice with different names
to have two replicas: every answer begins with the name of the replica that gave it.

It has no access control of any kind, and answers of /v1/responses are kept in the replica's memory.
"""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.prefix_cache import PrefixCache
from demo.serving import listen, serve

Json = dict[str, Any]
MODELS = ("demo-small", "demo-large", "demo-embedding")
CREATED = 1_767_225_600  # 2026-01-01, the same at every start


def build_app(replica: str) -> Starlette:
    """The application that `replica` runs."""
    server = ModelServer(replica)
    return Starlette(
        routes=[
            Route("/v1/models", server.models),
            Route("/v1/models/{model:path}", server.model),
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/completions", server.completion, methods=["POST"]),
            Route("/v1/responses", server.response, methods=["POST"]),
            Route("/v1/responses/{ident}", server.kept, methods=["GET", "DELETE"]),
            Route("/v1/embeddings", server.embeddings, methods=["POST"]),
            Route("/v1/messages", server.message, methods=["POST"]),
            Route("/v1/messages/count_tokens", server.count_tokens, methods=["POST"]),
            Route("/metrics", server.metrics),
        ],
        middleware=[Middleware(Running, cache=server.cache)],
    )


class Running:
    """Counts requests for answers while they run, to the end of their streams."""

    def __init__(self, app: ASGIApp, cache: PrefixCache) -> None:
        """In front of `app`; the count is that of `cache`."""
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        counted = int(scope.get("method") == "POST")
        self._cache.running += counted
        try:
            await self._app(scope, receive, send)
        finally:
            self._cache.running -= counted


class ModelServer:
    """The endpoints. A token is a word; a server that counts otherwise would do as well."""

    def __init__(self, replica: str) -> None:
        """Endpoints of the replica of that name."""
        self._replica = replica
        self._kept: dict[str, Json] = {}
        self.cache = PrefixCache()

    async def metrics(self, request: Request) -> Response:
        """What the server says of itself, as vLLM would."""
        del request
        return PlainTextResponse(self.cache.metrics())

    async def models(self, request: Request) -> Response:
        """All models."""
        del request
        return JSONResponse({"object": "list", "data": [described(name) for name in MODELS]})

    async def model(self, request: Request) -> Response:
        """One model."""
        name = request.path_params["model"]
        return JSONResponse(described(name)) if name in MODELS else missing(f"no model {name}")

    async def chat(self, request: Request) -> Response:
        """A chat completion, whole or as a stream."""
        body = await request.json()
        said = self._said(body["messages"])
        usage = chat_usage(*self._counted(body, body["messages"], said))
        whole = {"id": "chatcmpl-demo", "created": CREATED, "model": body["model"]}
        if body.get("stream"):
            options: Json = body.get("stream_options") or {}
            chunks = chat_chunks(whole, said, usage if options.get("include_usage") else None)
            return StreamingResponse(chunks, media_type="text/event-stream")
        message = {"role": "assistant", "content": said, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return JSONResponse(
            {**whole, "object": "chat.completion", "choices": [choice], "usage": usage}
        )

    async def completion(self, request: Request) -> Response:
        """A completion of a text."""
        body = await request.json()
        said = f"{self._replica}: {body['prompt']}"
        choice = {"index": 0, "text": said, "finish_reason": "stop", "logprobs": None}
        whole = {"id": "cmpl-demo", "object": "text_completion", "created": CREATED}
        usage = chat_usage(*self._counted(body, [{"content": body["prompt"]}], said))
        return JSONResponse({**whole, "model": body["model"], "choices": [choice], "usage": usage})

    async def response(self, request: Request) -> Response:
        """A response, kept unless the client says otherwise, whole or as a stream."""
        body = await request.json()
        given = body["input"]
        messages = [{"content": given}] if isinstance(given, str) else given
        said = self._said(messages)
        ident = f"resp_{self._replica}_{len(self._kept)}"
        usage = token_usage(*self._counted(body, messages, said))
        whole = described_response(ident, body["model"], said, usage)
        if body.get("store", True):
            self._kept[ident] = whole
        if body.get("stream"):
            return StreamingResponse(response_events(whole), media_type="text/event-stream")
        return JSONResponse(whole)

    async def kept(self, request: Request) -> Response:
        """A kept response, or its deletion."""
        ident = request.path_params["ident"]
        if ident not in self._kept:
            return missing(f"no response {ident}")
        if request.method == "DELETE":
            del self._kept[ident]
            return JSONResponse({"id": ident, "object": "response", "deleted": True})
        return JSONResponse(self._kept[ident])

    async def embeddings(self, request: Request) -> Response:
        """An embedding of every text: its length and number of words."""
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors = [[float(len(text)), float(len(text.split()))] for text in texts]
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse(
            {"object": "list", "model": body["model"], "data": data, "usage": usage}
        )

    async def message(self, request: Request) -> Response:
        """An Anthropic message, whole or as a stream."""
        body = await request.json()
        said = self._said(body["messages"])
        usage = message_usage(*self._counted(body, body["messages"], said))
        whole = {"id": "msg_demo", "type": "message", "role": "assistant", "model": body["model"]}
        if body.get("stream"):
            return StreamingResponse(
                message_events(whole, said, usage), media_type="text/event-stream"
            )
        content = [{"type": "text", "text": said}]
        ended = {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
        return JSONResponse({**whole, "content": content, **ended})

    async def count_tokens(self, request: Request) -> Response:
        """How many tokens an Anthropic message would have."""
        body = await request.json()
        return JSONResponse({"input_tokens": len(words(body["messages"]))})

    def _said(self, messages: list[Json]) -> str:
        return f"{self._replica}: {text_of(messages[-1])}"

    def _counted(self, body: Json, messages: list[Json], said: str) -> tuple[int, int, int]:
        """Words of the prompt, those of them that are cached, and words of the answer."""
        system = body.get("system") or body.get("instructions")
        prompt = words([{"content": system}, *messages])
        cached, answer = self.cache.read(str(body["model"]), prompt), len(said.split())
        self.cache.answered += answer
        return len(prompt), cached, answer


def described(name: str) -> Json:
    """A model as /v1/models lists it."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "demo"}


def missing(message: str) -> JSONResponse:
    """OpenAI's error for what does not exist."""
    error = {"message": message, "type": "invalid_request_error", "param": None}
    return JSONResponse({"error": {**error, "code": "not_found"}}, status_code=404)


def text_of(message: Json) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def words(messages: list[Json]) -> list[str]:
    """The words of messages, one after another."""
    return [word for message in messages for word in text_of(message).split()]


def chat_usage(prompt: int, cached: int, answer: int) -> Json:
    """Usage as chat completions count it."""
    return {
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
    }


def token_usage(prompt: int, cached: int, answer: int) -> Json:
    """Usage as responses count it."""
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + answer,
    }


def message_usage(prompt: int, cached: int, answer: int) -> Json:
    """Usage as Anthropic counts it: the input is what was not cached."""
    return {
        "input_tokens": prompt - cached,
        "cache_read_input_tokens": cached,
        "output_tokens": answer,
    }


def event(data: Json, name: str = "") -> str:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def chat_chunks(whole: Json, said: str, usage: Json | None) -> Iterator[str]:
    """The chunks of a chat completion, a word each; with `usage` a last one that has it."""
    silent = {} if usage is None else {"usage": None}
    start = {**whole, "object": "chat.completion.chunk", **silent}
    for word in said.split(" "):
        delta = {"role": "assistant", "content": f"{word} "}
        yield event({**start, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event({**start, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage is not None:
        yield event({**start, "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def described_response(ident: str, model: str, said: str, usage: Json) -> Json:
    """A finished response with one message."""
    text: Json = {"type": "output_text", "text": said, "annotations": []}
    message: Json = {"type": "message", "id": "msg_demo", "role": "assistant", "content": [text]}
    return {
        "id": ident,
        "object": "response",
        "created_at": CREATED,
        "model": model,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": [{**message, "status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def response_events(whole: Json) -> Iterator[str]:
    """The events of a response that is one message."""
    begun: Json = {**whole, "status": "in_progress", "output": [], "usage": None}
    message = whole["output"][0]
    part = message["content"][0]
    item = {"output_index": 0, "item": message}
    place = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    steps: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", **item, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": part["text"], "logprobs": []},
        {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", **item},
        {"type": "response.completed", "response": whole},
    ]
    for number, step in enumerate(steps):
        yield named({**step, "sequence_number": number})


def message_events(whole: Json, said: str, usage: Json) -> Iterator[str]:
    """The events of an Anthropic message, a word a delta."""
    begun: Json = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**usage, "output_tokens": 1}
    yield named({"type": "message_start", "message": begun})
    block = {"type": "text", "text": ""}
    yield named({"type": "content_block_start", "index": 0, "content_block": block})
    for word in said.split(" "):
        delta = {"type": "text_delta", "text": f"{word} "}
        yield named({"type": "content_block_delta", "index": 0, "delta": delta})
    yield named({"type": "content_block_stop", "index": 0})
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    counted = {"output_tokens": usage["output_tokens"]}
    yield named({"type": "message_delta", "delta": ended, "usage": counted})
    yield named({"type": "message_stop"})


def named(data: Json) -> str:
    """An event that is named like its type."""
    return event(data, str(data["type"]))


def main() -> None:
    """Parses the command line and serves."""
    parser = argparse.ArgumentParser(prog="demo.model", description="A demo model server.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9201, help="port to listen on; 0: any free one")
    parser.add_argument("--name", default="replica-a", help="what every answer begins with")
    options = parser.parse_args()
    listening = listen(options.host, options.port)
    serve(build_app(options.name), listening, "/v1")


if __name__ == "__main__":
    main()
