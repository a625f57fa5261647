"""What is done to a deployment while traffic flows, and what must come of it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from tests.compose.clients import ALLOWED, FORBIDDEN, OK, UNREACHABLE, mcp_client, replica_of
from tests.compose.deployment import Deployment
from tests.compose.flow import PATIENCE_SECONDS, Flow, flowing

Say = Callable[[str], None]

REFUSED: Final = {("deletion", "-31403"), ("large model", "403")}
SERVED: Final = {(name, OK) for name in ALLOWED}


async def run_scenario(deployed: Deployment, say: Say) -> None:
    """All of it. Raises AssertionError, FlowError or EngineError."""
    started = time.monotonic()
    async with flowing(deployed.url, {**ALLOWED, **FORBIDDEN}) as flow:
        say(f"the first answers after {await flow.served(ALLOWED):.1f} s")
        for step in (_policy_edit, _killed_gateway, _killed_replica, _killed_envoy):
            await step(deployed, flow, say)
    told = flow.words(started)
    for name in FORBIDDEN:
        assert (name, OK) not in told, f"{name} passed"
    say(f"{len(flow.outcomes)} uses; nothing that is refused ever passed")


async def _policy_edit(deployed: Deployment, flow: Flow, say: Say) -> None:
    file = deployed.policies / "model-use.yaml"
    before, moment = file.read_text(), time.monotonic()
    after = before.replace("models: [demo-small, demo-embedding]", "models: [demo-embedding]")
    assert after != before
    _replace(deployed, after)
    taken = await flow.each(["chat"], lambda word: word == "403")
    _replace(deployed, before)
    back = await flow.each(["chat"], lambda word: word == OK)
    assert flow.words(moment) <= {*SERVED, *REFUSED, ("chat", "403")}, flow.words(moment)
    count = len(flow.since(moment))
    say(f"a policy edit took {taken:.1f} s, and back {back:.1f} s; none of {count} uses failed")


def _replace(deployed: Deployment, text: str) -> None:
    """As an editor does it."""
    fresh = deployed.policies / "model-use.new"
    fresh.write_text(text)
    fresh.replace(deployed.policies / "model-use.yaml")


async def _killed_gateway(deployed: Deployment, flow: Flow, say: Say) -> None:
    async with mcp_client(deployed.url) as client:
        replica = await replica_of(client)
        await asyncio.to_thread(deployed.kill, "gateway")
        killed = time.monotonic()
        await flow.each([*ALLOWED, *FORBIDDEN], lambda word: word != OK)
        told = flow.words(killed)
        assert all(word != OK for _, word in told), told
        say(f"gateway killed, every use refused: {_shown(told)}")
        await asyncio.to_thread(deployed.start, "gateway")
        say(f"gateway started, served again after {await flow.served(ALLOWED):.1f} s")
        assert await replica_of(client) == replica
        say("a session that was open before goes on")


async def _killed_replica(deployed: Deployment, flow: Flow, say: Say) -> None:
    await asyncio.to_thread(deployed.kill, "tracker-a")
    killed = time.monotonic()
    taken = await flow.served(ALLOWED)
    async with mcp_client(deployed.url) as client:
        assert await replica_of(client) == "replica-b"
    assert flow.words(killed, ["chat", "agent"]) == {("chat", OK), ("agent", OK)}
    lost = [one for one in flow.since(killed, ["session"]) if one.word != OK]
    say(f"tracker-a killed, {len(lost)} new sessions lost, all served after {taken:.1f} s")
    await asyncio.to_thread(deployed.start, "tracker-a")
    await _until_replica(deployed, "replica-a")
    say("tracker-a started, and has sessions again")


async def _until_replica(deployed: Deployment, name: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with mcp_client(deployed.url) as client:
                if await replica_of(client) == name:
                    return


async def _killed_envoy(deployed: Deployment, flow: Flow, say: Say) -> None:
    await asyncio.to_thread(deployed.kill, "envoy")
    killed = time.monotonic()
    await flow.each(ALLOWED, lambda word: word != OK)
    told = {word for _, word in flow.words(killed)}
    assert told == {UNREACHABLE}, told
    await asyncio.to_thread(deployed.start, "envoy")
    taken = await flow.served(ALLOWED)
    again = time.monotonic()
    await flow.each(FORBIDDEN, lambda word: word != OK)
    assert flow.words(again, FORBIDDEN) == REFUSED, flow.words(again)
    say(f"envoy killed and started, served again after {taken:.1f} s")


def _shown(told: set[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {word}" for name, word in sorted(told))
