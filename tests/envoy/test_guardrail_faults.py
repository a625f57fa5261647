"""What guardrails hold back stays held back, whatever fails beside them."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import EVENTS, JSON, MODES, Stage, guarded, guardrail, words
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy
from tests.support.raw_backend import RawBackend, Reply, raw_backend

PATH = "/chat/completions"
SECRET = "moonraker"
PATIENCE = 30.0
SLOW_SECONDS = 0.5
"""What the provider is given."""


def event(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


def asking(gateway: Gateway, route: str, **more: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **more}
    headers = {"content-type": "application/json", "x-api-key": KEY}
    return {"url": gateway.url(route) + PATH, "json": body, "headers": headers, "timeout": PATIENCE}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    judging = guardrail(
        "edge",
        {"backend": "up"},
        ["response"],
        detectors=[{**words(SECRET, category="codename"), "action": "mask"}],
    )
    with guarded(tmp_path_factory.mktemp("faults"), "openai", [judging]) as running:
        yield running


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_of_a_stream_whose_worker_goes_nothing_comes_unjudged(
    stage: Stage, mode: str, number: signal.Signals
) -> None:
    gone = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield event("all is well. " * 40)
        assert gone.wait(PATIENCE)
        for _ in range(20):
            yield event(f"the name is {SECRET}. ")

    stage.raw.answer = lambda _: Reply(200, [EVENTS], pieces())
    (worker,) = stage.gateway.workers
    received = b""
    try:
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream("POST", **asking(stage.gateway, mode, stream=True)) as answer,
        ):
            for piece in answer.iter_raw():
                received += piece
                if not gone.is_set():
                    os.kill(worker, number)
                    gone.set()
        assert gone.is_set()
        assert b"all is well." in received
        assert SECRET.encode() not in received
        assert b"[DONE]" not in received
    finally:
        if number is signal.SIGSTOP:
            os.kill(worker, signal.SIGCONT)
        stage.gateway.wait_for_workers(1)


class Slow:
    """A webhook that takes its time as soon as it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seen: Seen) -> Reply:
        del seen
        time.sleep(self.seconds)
        return Reply(200, [JSON], [b'{"action": {"reason": "fine"}}'])


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, RawBackend, Slow]]:
    folder: Path = tmp_path_factory.mktemp("slow")
    slow = Slow()
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(lambda _: Reply(500)))
        judge = stack.enter_context(raw_backend(slow))
        judging = guardrail("edge", {"backend": "up"}, ["response"], providers=[{"name": "judge"}])
        gateway = stack.enter_context(
            gatehouse(
                folder,
                backends={"up": [f"http://{raw.address}/up"]},
                policies=[policy("all", "up", {"name": "all", "effect": "allow"}), judging],
                routes=[{"name": "chat", "path": "/c/up", "protocol": "openai", "backend": "up"}],
                identity={"keys": [key_entry("tester", KEY)]},
                guardrail_providers=[
                    {
                        "name": "judge",
                        "webhook": {"url": f"http://{judge.address}/hook"},
                        "timeout": SLOW_SECONDS,
                        "cache": {"entries": 0},
                        "breaker": {"failures": 1000},
                    }
                ],
            )
        )
        yield gateway, raw, slow


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_a_provider_does_not_judge_in_time_is_not_seen(
    advised: tuple[Gateway, RawBackend, Slow], *, stream: bool
) -> None:
    gateway, raw, slow = advised
    message = {"role": "assistant", "content": SECRET}
    whole = json.dumps({"id": "c", "choices": [{"index": 0, "message": message}]}).encode()
    pieces = [event(SECRET), b"data: [DONE]\n\n"] if stream else [whole]
    raw.answer = lambda _: Reply(200, [EVENTS if stream else JSON], pieces)
    slow.seconds = 0.0
    assert SECRET in httpx.post(**asking(gateway, "chat", stream=stream)).text
    slow.seconds = 2 * SLOW_SECONDS
    answer = httpx.post(**asking(gateway, "chat", stream=stream))
    assert SECRET not in answer.text
    assert "content_policy_violation" in answer.text
    audit_id = answer.headers["x-gatehouse-audit-id"]
    record = gateway.wait_for_records(1, audit_id=audit_id)[0]
    skipped = record["detections"][0]["skipped"]
    assert [(one["detector"], one["reason"]) for one in skipped] == [("judge", "timeout")]
