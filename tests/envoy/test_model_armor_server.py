"""Model Armor's API of a running gateway, asked as its clients ask, and by another gateway that has
it as a provider."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import JSON, guardrail, words
from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy
from tests.support.ports import free_port, free_ports
from tests.support.raw_backend import RawBackend, Reply, raw_backend

LLM = {"name": "chat", "path": "/chat/up", "protocol": "openai", "backend": "up"}
ALLOWED = policy("all", "up", {"name": "all", "effect": "allow"})
EDGE = guardrail(
    "edge",
    {"backend": "up"},
    ["request", "response"],
    detectors=[
        words("verboten"),
        {**words("moonraker", category="codename"), "action": "mask"},
    ],
)
PROMPTS = guardrail("prompts", {"backend": "up"}, ["request"], detectors=[words("verboten")])
QUIET = guardrail(
    "quiet", {"backend": "up"}, ["request", "response"], mode="shadow", detectors=[words("hush")]
)
TEMPLATES = {"strict": "edge", "prompts-only": "prompts", "watched": "quiet"}


@dataclass
class Stage:
    gateway: Gateway
    port: int

    def ask(
        self,
        text: str,
        template: str = "strict",
        method: str = "sanitizeUserPrompt",
        **headers: str,
    ) -> httpx.Response:
        name = "userPromptData" if method == "sanitizeUserPrompt" else "modelResponseData"
        url = (
            f"http://127.0.0.1:{self.port}/v1/projects/p/locations/l/templates/{template}:{method}"
        )
        return httpx.post(
            url, json={name: {"text": text}}, headers={"x-api-key": KEY, **headers}, timeout=30
        )

    def found(self, text: str, **more: str) -> dict[str, Any]:
        answer = self.ask(text, **more)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["sanitizationResult"]
        return result

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        audit_id = answer.headers["x-gatehouse-audit-id"]
        return self.gateway.wait_for_records(1, audit_id=audit_id)[-1]


def service_of(model_armor: dict[str, Any]) -> dict[str, Any]:
    admin, envoy_admin = free_ports(2)
    return {
        "admin": f"127.0.0.1:{admin}",
        "envoy_admin": f"127.0.0.1:{envoy_admin}",
        "model_armor": model_armor,
    }


def serving(folder: Path, port: int, **more: Any) -> Any:
    return gatehouse(
        folder,
        backends={"up": ["http://127.0.0.1:9/up"]},
        policies=[ALLOWED, EDGE, PROMPTS, QUIET],
        routes=[LLM],
        identity={"keys": [key_entry("tester", KEY)]},
        service=service_of({"address": f"127.0.0.1:{port}", "templates": TEMPLATES, **more}),
    )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    port = free_port()
    with serving(tmp_path_factory.mktemp("armor"), port) as gateway:
        yield Stage(gateway, port)


def test_a_prompt_in_which_something_is_found_is_a_match(stage: Stage) -> None:
    assert stage.found("all is well")["filterMatchState"] == "NO_MATCH_FOUND"
    answer = stage.ask("this is verboten")
    result = answer.json()["sanitizationResult"]
    assert result["filterMatchState"] == "MATCH_FOUND"
    (finding,) = result["filterResults"]["sdp"]["sdpFilterResult"]["inspectResult"]["findings"]
    assert finding["infoType"] == "FORBIDDEN"
    assert finding["location"]["byteRange"] == {"start": "8", "end": "16"}
    record = stage.record(answer)
    assert (record["decision"], record["route"]) == ("served", "model-armor")
    assert (record["protocol"], record["principal"]) == ("model_armor", "key:tester")
    assert (record["method"], record["target"]) == ("sanitizeUserPrompt", "edge")
    assert record["guardrails"]["blocked_by"] == "edge"
    assert "verboten" not in json.dumps(record)


def test_an_answer_is_masked_and_comes_back_deidentified(stage: Stage) -> None:
    result = stage.found("the moonraker flies", method="sanitizeModelResponse")
    sdp = result["filterResults"]["sdp"]["sdpFilterResult"]["deidentifyResult"]
    assert sdp["data"] == {"text": "the [CODENAME] flies"}
    assert sdp["infoTypes"] == ["CODENAME"]


def test_a_guardrail_in_shadow_finds_no_match_and_is_recorded(stage: Stage) -> None:
    answer = stage.ask("hush", template="watched")
    assert answer.json()["sanitizationResult"]["filterMatchState"] == "NO_MATCH_FOUND"
    assert stage.record(answer)["guardrails"]["shadow"] == "block"


def test_what_a_guardrail_does_not_judge_is_not_called_harmless(stage: Stage) -> None:
    assert stage.ask("verboten", template="prompts-only").status_code == 200
    told = stage.ask("verboten", template="prompts-only", method="sanitizeModelResponse")
    assert (told.status_code, told.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert stage.ask("verboten", template="edge").status_code == 404


def test_who_has_no_key_learns_nothing_and_is_recorded(stage: Stage) -> None:
    before = len(stage.gateway.records())
    answer = stage.ask("verboten", **{"x-api-key": "another"})
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    record = stage.gateway.wait_for_records(before + 1)[-1]
    assert (record["decision"], record["reason"]) == ("refuse", "unauthenticated")


def test_what_was_judged_is_counted(stage: Stage) -> None:
    line = 'gatehouse_guardrail_checks_total{action="block",detector="words",guardrail="edge"'
    before = stage.gateway.metric(line)
    stage.ask("verboten")
    wait_until(lambda: stage.gateway.metric(line) == before + 1)


def test_every_worker_serves_the_address_and_a_reload_changes_what_is_judged(
    tmp_path: Path,
) -> None:
    port = free_port()
    with gatehouse(
        tmp_path,
        backends={"up": ["http://127.0.0.1:9/up"]},
        policies=[ALLOWED, EDGE],
        routes=[LLM],
        identity={"keys": [key_entry("tester", KEY)]},
        service=service_of({"address": f"127.0.0.1:{port}"}),
        workers=2,
    ) as gateway:
        stage = Stage(gateway, port)
        workers = {holder for holder in gateway.workers if listens(holder, port)}
        assert workers == set(gateway.workers)
        assert len(workers) == 2
        gateway.write_policies(ALLOWED, QUIET)
        wait_until(lambda: stage.ask("hush", template="quiet").status_code == 200)
        moved = free_port()
        changed = {**gateway.config["service"], "model_armor": {"address": f"127.0.0.1:{moved}"}}
        gateway.write_config(service=changed)
        wait_until(lambda: serves(moved) and not serves(port))
        assert Stage(gateway, moved).ask("hush", template="quiet").status_code == 200
        gateway.write_config(service={k: v for k, v in changed.items() if k != "model_armor"})
        wait_until(lambda: not serves(moved))


def test_a_gateway_judges_for_another_that_has_it_as_a_provider(tmp_path: Path) -> None:
    advised = guardrail(
        "advised", {"backend": "up"}, ["request", "response"], providers=[{"name": "other"}]
    )
    port = free_port()
    provider = {
        "name": "other",
        "model_armor": {
            "project": "p",
            "location": "l",
            "template": "strict",
            "url": f"http://127.0.0.1:{port}",
            "may_skip": ["pi_and_jailbreak", "malicious_uris", "rai", "csam"],
        },
    }
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(lambda _: answered("fine")))
        (tmp_path / "other").mkdir()
        stack.enter_context(serving(tmp_path / "other", port, accept=["anonymous"]))
        (tmp_path / "own").mkdir()
        gateway = stack.enter_context(
            gatehouse(
                tmp_path / "own",
                backends={"up": [f"http://{raw.address}/up"]},
                policies=[ALLOWED, advised],
                routes=[LLM],
                identity={"keys": [key_entry("tester", KEY)]},
                guardrail_providers=[provider],
            )
        )
        assert chat(gateway, "hello").status_code == 200
        raw.seen.clear()
        refused = chat(gateway, "this is verboten")
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "content_policy_violation"
        assert raw.seen == []
        assert chat(gateway, "the moonraker flies").status_code == 200
        assert sent(raw) == "the [CODENAME] flies"
        raw.answer = lambda _: answered("so be it, moonraker")
        told = chat(gateway, "hello").json()["choices"][0]["message"]["content"]
        assert told == "so be it, [CODENAME]"


def answered(text: str) -> Reply:
    message = {"role": "assistant", "content": text}
    whole = {"id": "c", "choices": [{"index": 0, "message": message}]}
    return Reply(200, [JSON], [json.dumps(whole).encode()])


def chat(gateway: Gateway, text: str) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    url = gateway.url("chat") + "/chat/completions"
    return httpx.post(url, json=body, headers={"x-api-key": KEY}, timeout=30)


def sent(raw: RawBackend) -> str:
    text: str = json.loads(raw.seen[-1].body)["messages"][0]["content"]
    return text


def serves(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.TransportError:
        return False
    return True


def listens(pid: int, port: int) -> bool:
    """Whether a process has a listening socket of this port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    sockets = {
        f"socket:[{fields[9]}]"
        for fields in map(str.split, lines)
        if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"
    }
    held = Path(f"/proc/{pid}/fd").iterdir()
    return any(str(one.readlink()) in sockets for one in held if one.is_symlink())


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
