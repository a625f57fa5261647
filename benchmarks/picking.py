"""What a pick costs: chat completions to pools of 4, 100 and 1,000 instant model servers.

Prompts are of 1, 220 and 400 KB, as in the published tests of llm-d's picker (its issue 1109 and
its cost suite); every request is the same one, so that the whole prompt is known, which is when the
most blocks are looked up. Nothing is scraped: there is nothing to say.
"""

import contextlib
import itertools
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import chat
from benchmarks.cells import Cell, Progress, take_turns
from benchmarks.chat import ChatCall
from benchmarks.contenders import ALONE, Contender, of_route, running_gateway
from benchmarks.corpus import corpus, principal
from benchmarks.envoys import forwarding_envoy
from benchmarks.generator import Generator as Generate
from benchmarks.messages import KILOBYTE
from benchmarks.model_servers import addresses
from gateway.supervisor.tether import tethered
from tests.support.gatehouse import Gateway, gateway_config, policy
from tests.support.ports import free_port
from tests.support.processes import running

BENCH: Final = "pick"
PROMPTS: Final = (KILOBYTE, 220 * KILOBYTE, 400 * KILOBYTE)
ENDPOINTS: Final = (4, 100, 1000)
CONNECTIONS: Final = (1, 20)


def pool_name(endpoints: int) -> str:
    """The contender with so many endpoints."""
    return f"gatehouse, {endpoints:,} endpoints"


def measure(  # noqa: PLR0913  each is an option of the command line
    generate: Generate,
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
    prompts: Sequence[int] = PROMPTS,
    endpoints: Sequence[int] = ENDPOINTS,
) -> list[Cell]:
    """Every cell, measured `rounds` times for `seconds` each."""
    progress("starting the model servers and a gateway for each pool")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(_servers(max(endpoints)))
        pid, ports = stack.enter_context(forwarding_envoy(folder, (port,)))
        everybody = [Contender(ALONE, 0, 0, ports[0], chat.UPSTREAM_PATH, pid)]
        for count in endpoints:
            gateway = stack.enter_context(_gateway(folder / str(count), addresses(count, port)))
            everybody.append(of_route(pool_name(count), gateway, below=chat.PATH))
        cells = [
            Cell(BENCH, contender, ChatCall(prompt_bytes=size), connections)
            for size, connections in itertools.product(prompts, CONNECTIONS)
            for contender in everybody
        ]
        take_turns(cells, generate, progress, rounds=rounds, seconds=seconds)
    return cells


@contextlib.contextmanager
def _servers(count: int) -> Generator[int]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.model_servers"]
    command += ["--port", str(port), "--count", str(count)]
    with running(tethered(command)) as process:
        process.wait_for_port(port)
        yield port


@contextlib.contextmanager
def _gateway(folder: Path, endpoints: Sequence[str]) -> Generator[Gateway]:
    folder.mkdir()
    with running_gateway(folder, configuration(folder, endpoints), policies()) as gateway:
        yield gateway


def configuration(folder: Path, endpoints: Sequence[str]) -> dict[str, Any]:
    """gateway.yaml with one pool of these endpoints."""
    pool = {
        "name": "models",
        "endpoints": list(endpoints),
        "path": chat.UPSTREAM_BASE,
        "models": list(chat.MODELS),
        "scrape": {"enabled": False},
        "health_interval": 60,
    }
    return gateway_config({}, folder, pools=[pool], identity={"keys": corpus(1).keys})


def policies() -> list[dict[str, Any]]:
    """What the caller may do."""
    allow = {"name": "models", "effect": "allow", "models": ["bench-*"]}
    return [policy("models", "models", {**allow, "principals": [f"key:{principal(0)}"]})]
