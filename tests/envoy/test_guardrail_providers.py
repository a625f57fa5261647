"""Providers of guardrails through the real Envoy: a webhook that judges prompts and answers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import EVENTS, JSON, guardrail, words
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy
from tests.support.raw_backend import RawBackend, Reply, raw_backend

PATH = "/chat/completions"
GUARDRAIL = guardrail(
    "edge",
    {"backend": "up"},
    ["request", "response"],
    detectors=[{**words("moonraker", category="codename"), "action": "mask"}, words("verboten")],
    providers=[{"name": "judge"}],
)


def judged(seen: Seen) -> Reply:
    """What the webhook says: it rejects what has "evil" in it and rewrites "naughty"."""
    body = json.loads(seen.body)["body"]
    messages = body.get("messages") or [one["message"] for one in body["choices"]]
    text = " ".join(one["content"] for one in messages)
    if "evil" in text:
        action: dict[str, Any] = {"body": "no", "status_code": 403, "reason": "evil"}
    elif "naughty" in text:
        changed = [
            {**one, "content": one["content"].replace("naughty", "*****")} for one in messages
        ]
        mask = {"choices": [{"message": one} for one in changed]}
        action = {"body": {"messages": changed} if "messages" in body else mask, "reason": "x"}
    else:
        action = {"reason": "fine"}
    return Reply(200, [JSON], [json.dumps({"action": action}).encode()])


@dataclass
class Stage:
    gateway: Gateway
    raw: RawBackend
    judge: RawBackend

    def ask(self, text: str, **more: Any) -> httpx.Response:
        self.raw.seen.clear()
        self.judge.seen.clear()
        body = {"model": "m", "messages": [{"role": "user", "content": text}], **more}
        return httpx.post(
            self.gateway.url("chat") + PATH, json=body, headers={"x-api-key": KEY}, timeout=30
        )

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        """The record that an answer names."""
        audit_id = answer.headers["x-gatehouse-audit-id"]
        return self.gateway.wait_for_records(1, audit_id=audit_id)[0]

    def answer(self, text: str) -> None:
        message = {"role": "assistant", "content": text}
        whole = {"id": "c", "choices": [{"index": 0, "message": message}]}
        self.raw.answer = lambda _: Reply(200, [JSON], [json.dumps(whole).encode()])

    def stream(self, *texts: str) -> None:
        def event(delta: dict[str, str], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"

        pieces = [*(event({"content": one}) for one in texts), event({}, "stop")]
        self.raw.answer = lambda _: Reply(200, [EVENTS], [*pieces, b"data: [DONE]\n\n"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("advised")
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(judged))
        judge = stack.enter_context(raw_backend(judged))
        provider = {
            "name": "judge",
            "webhook": {"url": f"http://{judge.address}/hook"},
            "cache": {"entries": 0},
        }
        route = {"name": "chat", "path": "/chat/up", "protocol": "openai", "backend": "up"}
        gateway = stack.enter_context(
            gatehouse(
                folder,
                backends={"up": [f"http://{raw.address}/up"]},
                policies=[policy("all", "up", {"name": "all", "effect": "allow"}), GUARDRAIL],
                routes=[route],
                identity={"keys": [key_entry("tester", KEY)]},
                guardrail_providers=[provider],
            )
        )
        yield Stage(gateway, raw, judge)


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.judge.answer = judged
    return running


def said(answer: httpx.Response) -> str:
    text = ""
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: ")).get("choices", ()):
                text += choice["delta"].get("content") or ""
    return text


def test_a_prompt_that_a_provider_rejects_reaches_no_server(stage: Stage) -> None:
    stage.answer("fine")
    answer = stage.ask("do evil")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")
    assert stage.raw.seen == []
    record = stage.record(answer)
    assert record["guardrails"]["blocked_by"] == "edge"
    assert record["detections"][0]["evidences"][0]["data"]["detector"] == "judge"


def test_a_provider_is_not_asked_about_what_is_blocked_here(stage: Stage) -> None:
    assert stage.ask("verboten").status_code == 400
    assert stage.judge.seen == []


def test_a_provider_does_not_learn_what_is_masked_here(stage: Stage) -> None:
    stage.answer("fine")
    assert stage.ask("the moonraker is naughty").status_code == 200
    assert all(b"moonraker" not in one.body for one in stage.judge.seen)
    sent = json.loads(stage.raw.seen[0].body)["messages"][0]["content"]
    assert sent == "the [CODENAME] is *****"


def test_an_answer_is_judged_by_the_provider_too(stage: Stage) -> None:
    stage.answer("this is evil")
    assert stage.ask("hello").status_code == 400
    stage.answer("this is naughty")
    told = stage.ask("hello").json()["choices"][0]["message"]["content"]
    assert told == "this is *****"


def test_a_stream_is_judged_in_pieces_before_they_go_on(stage: Stage) -> None:
    stage.stream(*["all is well. "] * 200, "this is naughty. ", *["so on. "] * 100)
    answer = stage.ask("hello", stream=True)
    assert said(answer) == "all is well. " * 200 + "this is *****. " + "so on. " * 100
    stage.stream(*["all is well. "] * 200, "this is evil. ", *["so on. "] * 100)
    answer = stage.ask("hello", stream=True)
    assert "evil" not in answer.text
    assert said(answer).startswith("all is well. " * 50)
    assert "content_policy_violation" in answer.text


def test_a_provider_that_is_gone_is_no_permission(stage: Stage) -> None:
    stage.answer("fine")
    stage.judge.answer = lambda _: Reply(500, [JSON], [b"{}"])
    answer = stage.ask("hello")
    assert answer.status_code == 400
    assert stage.raw.seen == []
    record = stage.record(answer)
    assert record["detections"][0]["skipped"][0]["detector"] == "judge"
