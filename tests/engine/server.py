"""The HTTP of one imitated model server: generation, and everything around it."""

import asyncio
import dataclasses
import socket
import time
from typing import Final

import orjson

from tests.engine.answer import CREATED, error
from tests.engine.ask import AskError, Json, chat, message, text
from tests.engine.connection import Connection, Exchange
from tests.engine.engine import Engine
from tests.engine.generation import APIS, Generation, parsed
from tests.engine.metrics import State
from tests.engine.settings import Settings
from tests.engine.tokens import Text

TEXT: Final = "text/plain; charset=utf-8"
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Server:
    """An engine behind HTTP on one port."""

    def __init__(self, settings: Settings) -> None:
        """A server that does not listen yet."""
        self.port = 0
        self._engine = Engine(settings)
        self._metrics = State(self._engine)
        self._adapters = dict.fromkeys(filter(None, settings.lora_modules.split(",")), "")
        self._generation = Generation(self._engine, self._adapters)
        self._ready_at = time.monotonic() + settings.startup_seconds
        self._routes = {
            ("GET", "/v1/models"): self._models,
            ("GET", "/metrics"): self._scrape,
            ("GET", "/health"): self._health,
            ("GET", "/health/ready"): self._health,
            ("GET", "/is_sleeping"): self._is_sleeping,
            ("POST", "/sleep"): self._sleep,
            ("POST", "/wake_up"): self._wake_up,
            ("POST", "/reset_prefix_cache"): self._reset,
            ("POST", "/tokenize"): self._tokenize,
            ("POST", "/v1/messages/count_tokens"): self._count_tokens,
            ("POST", "/v1/load_lora_adapter"): self._load,
            ("POST", "/v1/unload_lora_adapter"): self._unload,
            **{("POST", path): self._generate for path in APIS},
        }
        self._admin = {
            ("GET", "/admin/config"): self._config,
            ("POST", "/admin/config"): self._change,
            ("GET", "/admin/seen"): self._seen,
        }

    async def serve(self, listening: socket.socket) -> None:
        """Serves on a bound socket until cancelled."""
        self.port = listening.getsockname()[1]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self.handle), sock=listening)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._engine.run())
                tasks.create_task(self._engine.events.run())
        finally:
            # Without waiting for clients: an engine that is told to stop is gone.
            server.close()
            self._engine.events.close()

    async def handle(self, exchange: Exchange) -> None:
        """Answers one request."""
        request = exchange.request
        exchange.headers = {
            "x-inference-pod": self._engine.settings.name,
            "x-inference-port": str(self.port),
            "x-inference-namespace": "default",
        }
        if ident := request.headers.get("x-request-id"):
            exchange.headers["x-request-id"] = ident
        route = (request.method, request.path)
        try:
            if handler := self._admin.get(route):
                await handler(exchange)
            elif time.monotonic() < self._ready_at:
                _refuse(exchange, 503, "The model is loading.", "ServiceUnavailableError")
            elif handler := self._routes.get(route):
                await handler(exchange)
            else:
                _refuse(exchange, 404, "Not Found", "NotFoundError")
        except (AskError, ValueError) as problem:
            _refuse(exchange, 400, str(problem), "BadRequestError")

    async def _generate(self, exchange: Exchange) -> None:
        if self._engine.sleeping:
            _refuse(exchange, 503, "The engine sleeps.", "ServiceUnavailableError")
            return
        await self._generation.serve(exchange)

    async def _models(self, exchange: Exchange) -> None:
        settings = self._engine.settings
        base = settings.models[0]
        known: Json = {"object": "model", "created": CREATED, "owned_by": "vllm", "permission": []}
        length = settings.max_model_len
        data: list[Json] = [
            {**known, "id": name, "root": base, "parent": None, "max_model_len": length}
            for name in settings.models
        ]
        data += [
            {**known, "id": name, "root": path, "parent": base, "max_model_len": None}
            for name, path in self._adapters.items()
        ]
        exchange.answer(200, orjson.dumps({"object": "list", "data": data}))

    async def _scrape(self, exchange: Exchange) -> None:
        fault = self._engine.settings.metrics_fault
        if fault == "hang":
            await asyncio.Event().wait()
        elif fault == "garbage":
            exchange.answer(200, b"\xff\x00<html>num_requests_waiting{ NaN", METRICS)
        elif fault == "error":
            _refuse(exchange, 500, "The metrics failed.", "InternalServerError")
        else:
            exchange.answer(200, self._metrics.text(), METRICS)

    async def _health(self, exchange: Exchange) -> None:
        health = self._engine.settings.health
        if health == "hang":
            await asyncio.Event().wait()
        exchange.answer(200 if health == "ok" else 503)

    async def _is_sleeping(self, exchange: Exchange) -> None:
        exchange.answer(200, orjson.dumps({"is_sleeping": self._engine.sleeping}))

    async def _sleep(self, exchange: Exchange) -> None:
        self._engine.sleeping = True
        self._engine.clear()
        exchange.answer(200)

    async def _wake_up(self, exchange: Exchange) -> None:
        self._engine.sleeping = False
        exchange.answer(200)

    async def _reset(self, exchange: Exchange) -> None:
        self._engine.clear()
        exchange.answer(200)

    async def _tokenize(self, exchange: Exchange) -> None:
        body = parsed(exchange.request.body)
        ask = chat(body) if "messages" in body else text(body)
        settings = self._engine.settings
        data = Text(ask.prompt, ask.width or settings.bytes_per_token, 0)
        said = {
            "count": data.prompt_tokens,
            "max_model_len": settings.max_model_len,
            "tokens": data.ids(0, data.prompt_tokens),
            "token_strs": None,
        }
        exchange.answer(200, orjson.dumps(said))

    async def _count_tokens(self, exchange: Exchange) -> None:
        ask = message(parsed(exchange.request.body))
        data = Text(ask.prompt, self._engine.settings.bytes_per_token, 0)
        exchange.answer(200, orjson.dumps({"input_tokens": data.prompt_tokens}))

    async def _load(self, exchange: Exchange) -> None:
        body = parsed(exchange.request.body)
        name, path = body.get("lora_name"), body.get("lora_path")
        if not isinstance(name, str) or not isinstance(path, str) or not name or not path:
            _refuse(
                exchange,
                400,
                "Both 'lora_name' and 'lora_path' must be provided.",
                "InvalidUserInput",
            )
        elif name in self._adapters:
            said = f"The lora adapter '{name}' has already been loaded."
            _refuse(exchange, 400, said, "InvalidUserInput")
        else:
            self._adapters[name] = path
            said = f"Success: LoRA adapter '{name}' added successfully."
            exchange.answer(200, said.encode(), TEXT)

    async def _unload(self, exchange: Exchange) -> None:
        name = parsed(exchange.request.body).get("lora_name")
        if not isinstance(name, str) or name not in self._adapters:
            said = f"The lora adapter '{name}' cannot be found."
            _refuse(exchange, 404, said, "NotFoundError")
            return
        del self._adapters[name]
        said = f"Success: LoRA adapter '{name}' removed successfully."
        exchange.answer(200, said.encode(), TEXT)

    async def _config(self, exchange: Exchange) -> None:
        exchange.answer(200, orjson.dumps(dataclasses.asdict(self._engine.settings)))

    async def _change(self, exchange: Exchange) -> None:
        self._engine.change(parsed(exchange.request.body))
        await self._config(exchange)

    async def _seen(self, exchange: Exchange) -> None:
        exchange.answer(200, orjson.dumps(self._generation.seen.told()))


def _refuse(exchange: Exchange, status: int, said: str, kind: str) -> None:
    exchange.answer(status, error(status, said, kind))
