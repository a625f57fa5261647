"""Requests of models and agents, and access control alone: who is measured, under which loads.

One gateway serves all of them on routes of their own, as one would run it.
"""

import contextlib
import itertools
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import agent, chat
from benchmarks.cells import Cell, Progress, take_turns
from benchmarks.chat import ChatCall
from benchmarks.contenders import ALONE, CONTINUE, GATEHOUSE, Contender, of_route, running_gateway
from benchmarks.corpus import corpus, principal
from benchmarks.envoys import forwarding_envoy, stream_upstream, upstream
from benchmarks.generator import Generator as Generate
from benchmarks.litellm_proxy import installed, proxy
from benchmarks.messages import Request, ToolCall
from tests.support.gatehouse import Gateway, gateway_config, policy

NAMES: Final = ("chat", "stream", "a2a", "check")

CHAT: Final = "chat"
STREAM: Final = f"stream of {chat.EVENTS} events"
PACED: Final = f"stream of {chat.EVENTS} events one by one"
A2A: Final = "A2A SendMessage"
CHECK: Final = "tools/call, access control alone"

ITSELF: Final = "upstream itself"
USAGE_OFF: Final = f"{GATEHOUSE}, usage: off"
USAGE_JSON: Final = f"{GATEHOUSE}, usage: json"
USAGE_ALL: Final = f"{GATEHOUSE}, usage: all"

MANY: Final = 32
"""Connections beside one."""

STREAMS: Final = 8
"""The same for streams that come at once. Those that come one by one need many, or else what Envoy
does all the time, such as its health checks, is a part of what is seen."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where requests go that do not pass a gateway: the upstreams themselves, and an Envoy that
    only forwards to each."""

    json: int
    stream: int
    envoy: int
    envoy_json: int
    envoy_stream: int

    def envoy_alone(self, path: str, *, streams: bool = False) -> Contender:
        """Envoy alone in front of one of the upstreams."""
        port = self.envoy_stream if streams else self.envoy_json
        return Contender(ALONE, 0, 0, port, path, self.envoy)


def measure(  # noqa: PLR0913  each is an option of the command line
    names: Sequence[str],
    generate: Generate,
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
    litellm: bool,
    many: int = MANY,
    streams: int = STREAMS,
) -> list[Cell]:
    """Every cell of the benchmarks `names`, measured `rounds` times for `seconds` each. With
    `litellm` its proxy is measured too, and installed if it is not there. Loads are of one
    connection and of `many`, or `streams`."""
    compared = litellm and bool({"chat", "stream"} & set(names))
    program = installed(progress) if compared else None
    progress("starting the gateways and LiteLLM" if compared else "starting the gateways")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = stack.enter_context(_ports(folder))
        gateway = stack.enter_context(_gatehouse(folder / "gatehouse", ports))
        idle = stack.enter_context(_continuing(folder / "continue", ports))
        rivals = [stack.enter_context(proxy(folder, program, _models(ports)))] if program else []
        by_name = {
            "chat": _chat(ports, gateway, idle, rivals, many),
            "stream": _streams(ports, gateway, rivals, streams, many),
            "a2a": _a2a(ports, gateway, many),
            "check": _check(ports, gateway, many),
        }
        cells = [cell for name in NAMES if name in names for cell in by_name[name]]
        take_turns(cells, generate, progress, rounds=rounds, seconds=seconds)
    return cells


def _chat(
    ports: Ports, gateway: Gateway, idle: Gateway, rivals: Sequence[Contender], many: int
) -> list[Cell]:
    everybody = [
        Contender(ITSELF, 0, 0, ports.json, chat.UPSTREAM_PATH),
        ports.envoy_alone(chat.UPSTREAM_PATH),
        of_route(CONTINUE, idle, below=chat.PATH),
        of_route(USAGE_OFF, gateway, "chat-off", below=chat.PATH),
        of_route(USAGE_JSON, gateway, "chat-json", below=chat.PATH),
        *rivals,
    ]
    return _cells(CHAT, everybody, ChatCall(), (1, many))


def _streams(
    ports: Ports, gateway: Gateway, rivals: Sequence[Contender], streams: int, many: int
) -> list[Cell]:
    everybody = [
        ports.envoy_alone(chat.UPSTREAM_PATH, streams=True),
        of_route(USAGE_OFF, gateway, "stream-off", below=chat.PATH),
        of_route(USAGE_ALL, gateway, "stream-all", below=chat.PATH),
        *rivals,
    ]
    written = f"http://127.0.0.1:{ports.stream}/written"
    cells = _cells(STREAM, everybody, ChatCall(chat.STREAM), (1, streams), written)
    return cells + _cells(PACED, everybody, ChatCall(chat.PACED), (many,), written)


def _a2a(ports: Ports, gateway: Gateway, many: int) -> list[Cell]:
    everybody = [ports.envoy_alone(agent.PATH), of_route(GATEHOUSE, gateway, "agent")]
    return _cells(A2A, everybody, agent.AgentCall(), (1, many))


def _check(ports: Ports, gateway: Gateway, many: int) -> list[Cell]:
    everybody = [
        ports.envoy_alone("/mcp"),
        of_route(f"{GATEHOUSE}, mode: buffered", gateway, "calls"),
        of_route(f"{GATEHOUSE}, mode: check", gateway, "checked"),
    ]
    return _cells(CHECK, everybody, ToolCall(), (1, many))


def _cells(
    bench: str,
    everybody: Sequence[Contender],
    call: Request,
    connections: Sequence[int],
    written: str | None = None,
) -> list[Cell]:
    return [
        Cell(bench, contender, call, count, written)
        for count, contender in itertools.product(connections, everybody)
    ]


@contextlib.contextmanager
def _ports(folder: Path) -> Generator[Ports]:
    with (
        upstream(folder) as whole,
        stream_upstream() as stream,
        forwarding_envoy(folder, (whole, stream)) as (pid, (envoy_whole, envoy_stream)),
    ):
        yield Ports(whole, stream, pid, envoy_whole, envoy_stream)


def _models(ports: Ports) -> Mapping[str, int]:
    return {chat.WHOLE: ports.json, chat.STREAM: ports.stream, chat.PACED: ports.stream}


@contextlib.contextmanager
def _gatehouse(folder: Path, ports: Ports) -> Generator[Gateway]:
    folder.mkdir()
    with running_gateway(folder, configuration(folder, ports), policies()) as gateway:
        yield gateway


@contextlib.contextmanager
def _continuing(folder: Path, ports: Ports) -> Generator[Gateway]:
    """A gateway that only continues, asked for what the first route of models is asked for."""
    folder.mkdir()
    config = configuration(folder, ports)
    config["routes"] = [route for route in config["routes"] if route["name"] == "chat-off"]
    with running_gateway(folder, config, policies(), "benchmarks.continuing") as gateway:
        yield gateway


def configuration(folder: Path, ports: Ports) -> dict[str, Any]:
    """gateway.yaml of the one that is measured, in `folder`."""
    rules = corpus(1)
    tools = rules.backends[0]
    backends = [
        _backend(tools, ports.json, "/mcp"),
        _backend("models", ports.json, chat.UPSTREAM_BASE),
        _backend("streams", ports.stream, chat.UPSTREAM_BASE),
        _backend("agent", ports.json, agent.PATH),
    ]
    checked = {"name": "checked", "path": "/checked", "protocol": "mcp", "mode": "check"}
    routes = [
        {"name": "calls", "path": "/calls", "protocol": "mcp", "backend": tools},
        {**checked, "backend": tools},
        _models_route("chat-off", "models", "off"),
        _models_route("chat-json", "models", "json"),
        _models_route("stream-off", "streams", "off"),
        _models_route("stream-all", "streams", "all"),
        {"name": "agent", "path": agent.PATH, "protocol": "a2a", "backend": "agent"},
    ]
    config = gateway_config({}, folder, routes=routes, identity={"keys": rules.keys})
    return {**config, "backends": backends}


def _models_route(name: str, backend: str, usage: str) -> dict[str, Any]:
    spoken = {"name": name, "path": f"/{name}", "protocol": "openai"}
    return {**spoken, "backend": backend, "usage": usage}


def _backend(name: str, port: int, path: str) -> dict[str, Any]:
    return {"name": name, "endpoints": [f"127.0.0.1:{port}"], "path": path}


def policies() -> list[dict[str, Any]]:
    """What one key may do: call a tool, ask models for bounded answers, talk to the agent."""
    caller = [f"key:{principal(0)}"]
    bounded = {"name": "bounded", "effect": "deny", "when": "llm.max_tokens > 4096"}
    models = {"name": "models", "effect": "allow", "principals": caller, "models": ["bench-*"]}
    talk = {"name": "talk", "effect": "allow", "principals": caller, "agents": ["agent"]}
    no_links = {"name": "no-links", "effect": "deny", "when": "size(a2a.urls) > 0"}
    return [
        *corpus(1).policies,
        *(policy(backend, backend, models, bounded) for backend in ("models", "streams")),
        policy("agent", "agent", {**talk, "methods": ["SendMessage"]}, no_links),
    ]
