"""Model Armor's API, asked as its clients ask."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from gateway.config.schema import ApiKey, Identity, ListenerIdentity
from gateway.guardrails.provider import Direction
from gateway.identity.identify import identify
from gateway.identity.keys import KeySets
from gateway.identity.rules import compile_rules
from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.head import RequestHead
from gateway.model.outcome import Found, Missed, Outcome
from gateway.model.passage import Part, Stage
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.server.model_armor import Examined, ModelArmorApplication, Terms
from gateway.server.model_armor_request import ClientText
from gateway.wire.sanitization import Filter

SECRET = "key-for-tests"
KEY = {"x-api-key": SECRET}
PROMPT = "/v1/projects/p/locations/l/templates/t:sanitizeUserPrompt"
ANSWER = "/v1/projects/p/locations/l/templates/t:sanitizeModelResponse"
RULES = compile_rules(
    ListenerIdentity(accept=("key",)),
    Identity(keys=(ApiKey(name="web", sha256=hashlib.sha256(SECRET.encode()).hexdigest()),)),
)


def authenticate(head: RequestHead) -> Principal | Refusal:
    return identify(head, RULES, KeySets({}), 0.0)


def outcome(*found: Found, missed: tuple[Missed, ...] = ()) -> Examined:
    return Examined(Outcome(found=found, missed=missed), frozenset({Filter.SDP}))


def found(action: Action = Action.BLOCK) -> Found:
    finding = Finding("pii", "email_address", "text", 0, 3, 0.9, Level.HIGH)
    return Found("g", finding, action, False, Stage.REQUEST, Part.USER)


def missed(reason: SkipReason, action: Action = Action.BLOCK) -> Missed:
    return Missed("g", Skipped("pii", "text", reason), action, False, Stage.REQUEST)


@dataclass
class Gate:
    """A served application. `act` may be exchanged while it runs."""

    terms: Terms = field(default_factory=Terms)
    asked: list[tuple[str, ClientText, str]] = field(
        default_factory=list[tuple[str, ClientText, str]]
    )
    act: Callable[[], Awaitable[Examined]] | None = None
    answer: Examined = field(default_factory=outcome)

    def __post_init__(self) -> None:
        application = ModelArmorApplication(lambda: self.terms, authenticate, self.examine)
        transport = httpx.ASGITransport(application.application)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gate", headers=KEY)

    async def examine(self, guardrail: str, asked: ClientText, principal: Principal) -> Examined:
        self.asked.append((guardrail, asked, principal.id))
        if guardrail == "unknown":
            raise KeyError(guardrail)
        return self.answer if self.act is None else await self.act()

    async def ask(self, path: str = PROMPT, **values: Any) -> httpx.Response:
        values = values or {"json": {"userPromptData": {"text": "hello"}}}
        return await self.client.post(path, **values)


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    served = Gate()
    async with served.client:
        yield served


def refused(response: httpx.Response, status: int, name: str) -> str:
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["code"], error["status"]) == (status, name)
    assert set(error) == {"code", "message", "status"}
    return str(error["message"])


async def test_a_prompt_is_judged_by_the_guardrail_that_its_template_names(gate: Gate) -> None:
    response = await gate.ask()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["sanitizationResult"]["filterMatchState"] == "NO_MATCH_FOUND"
    assert gate.asked == [("t", ClientText("hello", Direction.REQUEST), "key:web")]


async def test_templates_are_mapped_where_the_configuration_says_so(gate: Gate) -> None:
    gate.terms = Terms(templates={"t": "strict"})
    await gate.ask()
    assert gate.asked[0][0] == "strict"
    other = await gate.ask(PROMPT.replace("/t:", "/strict:"))
    refused(other, 404, "NOT_FOUND")


async def test_an_answer_of_a_model_is_judged_as_one(gate: Gate) -> None:
    body = {"model_response_data": {"text": "hello"}, "user_prompt": "hi"}
    assert (await gate.ask(ANSWER, json=body)).status_code == 200
    assert gate.asked[0][1] == ClientText("hello", Direction.RESPONSE)


async def test_the_query_that_googles_clients_send_changes_nothing(gate: Gate) -> None:
    assert (await gate.ask(f"{PROMPT}?%24alt=json%3Benum-encoding%3Dint")).status_code == 200


async def test_what_was_found_is_told_in_model_armors_form(gate: Gate) -> None:
    gate.answer = outcome(found())
    result = (await gate.ask()).json()["sanitizationResult"]
    assert result["filterMatchState"] == "MATCH_FOUND"
    (finding,) = result["filterResults"]["sdp"]["sdpFilterResult"]["inspectResult"]["findings"]
    assert finding["infoType"] == "EMAIL_ADDRESS"
    assert finding["location"]["byteRange"] == {"start": "0", "end": "3"}


async def test_a_masked_text_comes_back(gate: Gate) -> None:
    gate.answer = Examined(
        Outcome(found=(found(Action.MASK),)), frozenset({Filter.SDP}), "[EMAIL_ADDRESS]lo"
    )
    sdp = (await gate.ask()).json()["sanitizationResult"]["filterResults"]["sdp"]
    assert sdp["sdpFilterResult"]["deidentifyResult"]["data"] == {"text": "[EMAIL_ADDRESS]lo"}


async def test_without_a_credential_nothing_is_judged(gate: Gate) -> None:
    gate.client.headers.pop("x-api-key")
    response = await gate.ask()
    refused(response, 401, "UNAUTHENTICATED")
    assert "www-authenticate" in response.headers
    assert gate.asked == []


async def test_a_wrong_credential_is_refused_and_not_quoted(gate: Gate) -> None:
    response = await gate.ask(
        json={"userPromptData": {"text": "x"}}, headers={"x-api-key": "wr0ng"}
    )
    assert "wr0ng" not in refused(response, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "path",
    [
        PROMPT.replace("/t:", "/unknown:"),
        PROMPT.replace("sanitizeUserPrompt", "streamSanitizeUserPrompt"),
        PROMPT.replace(":sanitizeUserPrompt", ""),
        PROMPT.replace("/t:", "/:"),
        "/v1/projects/p/locations/l/templates",
        "/",
    ],
)
async def test_what_there_is_not_is_not_found(gate: Gate, path: str) -> None:
    refused(await gate.ask(path), 404, "NOT_FOUND")


async def test_another_method_of_http_is_not_found(gate: Gate) -> None:
    refused(await gate.client.get(PROMPT), 404, "NOT_FOUND")


async def test_a_wrong_body_is_an_invalid_argument_and_not_quoted(gate: Gate) -> None:
    response = await gate.ask(content=b'{"userPromptData": {"txt": "s3cret"}}')
    assert "s3cret" not in refused(response, 400, "INVALID_ARGUMENT")
    assert gate.asked == []


async def test_a_body_is_read_no_further_than_its_limit(gate: Gate) -> None:
    gate.terms = Terms(max_bytes=1024)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 512
            assert sent < 100

    refused(await gate.ask(content=endless()), 413, "INVALID_ARGUMENT")


async def test_more_requests_at_once_than_configured_are_told_to_come_later(gate: Gate) -> None:
    gate.terms = Terms(concurrency=1)
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> Examined:
        inside.set()
        await go_on.wait()
        return outcome()

    gate.act = hold
    first = asyncio.ensure_future(gate.ask())
    await asyncio.wait_for(inside.wait(), 20)
    refused(await gate.ask(), 429, "RESOURCE_EXHAUSTED")
    go_on.set()
    assert (await first).status_code == 200
    assert (await gate.ask()).status_code == 200


async def test_a_judgement_that_takes_too_long_is_an_error(gate: Gate) -> None:
    async def never() -> Examined:
        await asyncio.Event().wait()
        return outcome()

    gate.terms, gate.act = Terms(seconds=0.05), never
    refused(await gate.ask(), 504, "DEADLINE_EXCEEDED")


async def test_a_fault_of_our_own_tells_nothing_of_itself(gate: Gate) -> None:
    async def fails() -> Examined:
        raise RuntimeError("s3cret")

    gate.act = fails
    assert "s3cret" not in refused(await gate.ask(), 500, "INTERNAL")


async def test_what_had_to_be_judged_and_was_not_is_an_error(gate: Gate) -> None:
    gate.answer = outcome(missed=(missed(SkipReason.TIMEOUT),))
    refused(await gate.ask(), 503, "UNAVAILABLE")
    gate.answer = outcome(missed=(missed(SkipReason.OVERSIZE),))
    refused(await gate.ask(), 413, "INVALID_ARGUMENT")


async def test_what_was_found_is_told_although_something_was_not_judged(gate: Gate) -> None:
    gate.answer = outcome(found(), missed=(missed(SkipReason.TIMEOUT),))
    result = (await gate.ask()).json()["sanitizationResult"]
    assert result["filterMatchState"] == "MATCH_FOUND"
    assert result["invocationResult"] == "FAILURE"


async def test_what_may_be_skipped_is_told_as_skipped(gate: Gate) -> None:
    gate.answer = outcome(missed=(missed(SkipReason.TIMEOUT, Action.LOG),))
    response = await gate.ask()
    assert response.json()["sanitizationResult"]["invocationResult"] == "FAILURE"
    assert "EXECUTION_SKIPPED" in json.dumps(response.json())
