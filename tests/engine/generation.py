"""Requests that make an engine work: from the client's JSON to the last token of the answer."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal, cast

import orjson

from tests.engine.answer import Answer, Outcome, error
from tests.engine.answer_anthropic import MessagesAnswer
from tests.engine.answer_openai import ChatAnswer, TextAnswer
from tests.engine.answer_responses import ResponsesAnswer
from tests.engine.ask import Ask, AskError, Json, chat, embedding, message, response, text
from tests.engine.connection import Exchange
from tests.engine.engine import Engine
from tests.engine.faults import REFUSALS, Faults
from tests.engine.seen import Seen
from tests.engine.sequence import Sequence
from tests.engine.tokens import Text, seed_of


class RefusedError(Exception):
    """The request gets an error; arguments are its status, message and type."""


@dataclass(frozen=True, slots=True)
class Api:
    """How requests of one path are read and answered; embeddings have no text to write."""

    read: Callable[[Json], Ask]
    answer: type[Answer] | None


APIS: Final = {
    "/v1/chat/completions": Api(chat, ChatAnswer),
    "/v1/completions": Api(text, TextAnswer),
    "/v1/responses": Api(response, ResponsesAnswer),
    "/v1/messages": Api(message, MessagesAnswer),
    "/v1/embeddings": Api(embedding, None),
}


class Generation:
    """Serves `APIS` with one engine."""

    def __init__(self, engine: Engine, adapters: dict[str, str]) -> None:
        """`adapters` are the loaded ones, which change at run time."""
        self.seen = Seen()
        self._engine = engine
        self._adapters = adapters
        self._faults = Faults(engine.settings.seed)

    async def serve(self, exchange: Exchange) -> None:
        """Answers one request."""
        api = APIS[exchange.request.path]
        try:
            ask = api.read(parsed(exchange.request.body))
        except AskError as problem:
            self._refuse(exchange, 400, str(problem), "BadRequestError")
            return
        noted = self.seen.add(exchange.request, ask)
        outcome = "aborted"
        try:
            outcome = await self._served(exchange, api, ask, noted)
        except RefusedError as refused:
            status, said, kind = refused.args
            self._refuse(exchange, status, said, kind)
            outcome = str(status)
        finally:
            self.seen.ended(noted, outcome)

    async def _served(self, exchange: Exchange, api: Api, ask: Ask, noted: Json) -> str:
        fault = self._faults.next(self._engine.settings)
        if fault == "death":
            # As the kernel would do it: no answer, no farewell to anyone.
            os._exit(1)
        if wanted := exchange.request.headers.get("x-return-error"):
            raise _wanted(wanted)
        if fault in REFUSALS:
            raise RefusedError(*REFUSALS[fault])
        if fault == "stall":
            await asyncio.Event().wait()
        sequence = self._sequence(ask, pooling=api.answer is None)
        after = self._engine.settings.fault_after if fault in {"hang", "cut"} else None
        work = _until(self._engine.generate(sequence), after)
        try:
            async with aclosing(work):
                if api.answer is None:
                    whole = await _embedded(exchange, ask, sequence, work)
                elif ask.stream:
                    answer = api.answer(ask.model, include_usage=ask.include_usage)
                    whole = await self._streamed(exchange, answer, sequence, work)
                else:
                    whole = await self._waited(exchange, api.answer(ask.model), sequence, work)
        finally:
            noted.update(_counted(sequence))
        return "served" if whole else await _broken(exchange, fault)

    async def _waited(
        self, exchange: Exchange, answer: Answer, sequence: Sequence, work: AsyncGenerator[int]
    ) -> bool:
        """Answers in one piece; whether there was an end to answer with."""
        if not await _finished(sequence, work):
            return False
        outcome = self._outcome(sequence, sequence.limit)
        exchange.answer(200, orjson.dumps(answer.whole(outcome)))
        return True

    async def _streamed(
        self, exchange: Exchange, answer: Answer, sequence: Sequence, work: AsyncGenerator[int]
    ) -> bool:
        """Answers token by token; whether the stream came to its end.

        As with vLLM the head comes when the request is accepted, not with the first token.
        """
        exchange.begin()
        written = 0
        async for generated in work:
            pieces = [] if written else [answer.begin(self._outcome(sequence, 0))]
            pieces += [
                answer.delta(sequence.text.answer(index, index + 1))
                for index in range(written, generated)
            ]
            written = generated
            if written == sequence.limit:
                pieces.append(answer.end(self._outcome(sequence, written)))
            await exchange.send(b"".join(pieces))
        if written == sequence.limit:
            exchange.end()
        return written == sequence.limit

    def _sequence(self, ask: Ask, *, pooling: bool) -> Sequence:
        settings = self._engine.settings
        if ask.model not in self._adapters and ask.model not in settings.models:
            raise RefusedError(404, f"The model `{ask.model}` does not exist.", "NotFoundError")
        if self._engine.full:
            raise RefusedError(*REFUSALS["rate_limit"])
        adapter = ask.model if ask.model in self._adapters else ""
        width = ask.width or settings.bytes_per_token
        data = Text(ask.prompt, width, seed_of(adapter, ask.salt))
        room = min(settings.max_model_len, settings.num_gpu_blocks * settings.block_size)
        limit, reason = (1, "stop") if pooling else _length(ask, settings.output_tokens)
        if data.prompt_tokens + (ask.limit or 1) > room:
            said = (
                f"This model's maximum context length is {room} tokens. However, you requested "
                f"{ask.limit or 1} output tokens and your prompt contains {data.prompt_tokens}."
            )
            raise RefusedError(400, said, "BadRequestError")
        if data.prompt_tokens + limit > room:
            limit, reason = room - data.prompt_tokens, "length"
        now = time.monotonic()
        return Sequence(data, limit, reason, ask.model, adapter, now, pooling=pooling)

    def _outcome(self, sequence: Sequence, generated: int) -> Outcome:
        tells = self._engine.settings.prompt_tokens_details
        return Outcome(
            prompt=sequence.text.prompt_tokens,
            cached=(sequence.cached or 0) if tells else None,
            generated=generated,
            text=sequence.text.answer(0, generated),
            reason="length" if sequence.reason == "length" else "stop",
        )

    def _refuse(self, exchange: Exchange, status: int, said: str, kind: str) -> None:
        anthropic = exchange.request.path == "/v1/messages"
        exchange.answer(status, error(status, said, kind, anthropic=anthropic))


def parsed(body: bytes) -> Json:
    """A JSON object; `AskError` for anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AskError("the body is not JSON") from None
    if not isinstance(value, dict):
        raise AskError("the body is not an object")
    return cast("Json", value)


def _length(ask: Ask, natural: int) -> tuple[int, Literal["stop", "length"]]:
    """How many tokens the answer has, and why it ends there."""
    if ask.limit == 0:
        raise RefusedError(400, "max_tokens must be at least 1.", "BadRequestError")
    wanted = max(natural, ask.minimum, 1)
    if ask.limit is not None and (ask.ignore_eos or ask.limit < wanted):
        return ask.limit, "length"
    return wanted, "stop"


def _wanted(header: str) -> RefusedError:
    """The error that a client asks for with X-Return-Error."""
    try:
        status = int(header)
    except ValueError:
        status = 0
    if not 400 <= status <= 599:
        return RefusedError(400, "X-Return-Error is a status of an error.", "BadRequestError")
    return RefusedError(status, "As asked for.", "InjectedError")


async def _until(work: AsyncGenerator[int], limit: int | None) -> AsyncGenerator[int]:
    """`work`, up to `limit` tokens if there is one."""
    async for generated in work:
        if limit is not None and generated >= limit:
            if limit:
                yield limit
            return
        yield generated


async def _broken(exchange: Exchange, fault: str) -> str:
    """Ends an answer that is not whole, by silence or by a reset."""
    if fault == "hang":
        await asyncio.Event().wait()
    exchange.reset()
    return fault


def _counted(sequence: Sequence) -> Json:
    return {
        "prompt_tokens": sequence.text.prompt_tokens,
        "cached_tokens": sequence.cached or 0,
        "output_tokens": sequence.generated,
    }


async def _finished(sequence: Sequence, work: AsyncGenerator[int]) -> bool:
    """Waits for the last token; whether it came."""
    last = 0
    async for generated in work:
        last = generated
    return last == sequence.limit


async def _embedded(
    exchange: Exchange, ask: Ask, sequence: Sequence, work: AsyncGenerator[int]
) -> bool:
    """Answers with a vector for each text, made of its length."""
    if not await _finished(sequence, work):
        return False
    data = [
        {"object": "embedding", "index": index, "embedding": [float(length), 1.0]}
        for index, length in enumerate(ask.lengths)
    ]
    tokens = sequence.text.prompt_tokens
    usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
    said = {"object": "list", "model": ask.model, "data": data, "usage": usage}
    exchange.answer(200, orjson.dumps(said))
    return True
