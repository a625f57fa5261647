"""The models of pools, page by page: those that a caller may use, and no others."""

import json
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic as Sdk
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.refusal import Answer, Reason, Refusal
from gateway.protocols.anthropic import Anthropic
from gateway.protocols.anthropic.catalogue import page_of_models
from gateway.protocols.base import Settings
from tests.protocols.anthropic.clients import BASE, LIMIT, head

NAMES = tuple(f"model-{number:03}" for number in range(45))
SETTINGS = Settings(
    BASE,
    "models",
    LIMIT,
    aliases={"fast": NAMES[0], "gone": "model-of-nobody"},
    models=(*NAMES, "maker/small", "secret"),
)


def shows(method: str, name: str) -> bool:
    return method == "models/list" and "secret" not in name


def everything(method: str, name: str) -> bool:
    return bool(method and name)


def asked(path: str, settings: Settings = SETTINGS) -> Answer | Refusal | None:
    found = Anthropic.of(settings).open(head((), "GET", path)).deframe(b"")
    assert isinstance(found, Deframed), found
    return None if found.answered is None else found.answered(shows)


def document(path: str) -> Any:
    answer = asked(path)
    assert isinstance(answer, Answer)
    assert answer.status == 200
    return json.loads(answer.body)


def page(query: str = "", names: tuple[str, ...] = NAMES) -> Any:
    answer = page_of_models(f"/v1/models{query}", names, everything)
    assert isinstance(answer, Answer), answer
    return json.loads(answer.body)


def ids(page: Any) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_the_models_of_all_pools_are_listed_with_their_aliases() -> None:
    listed = ids(document("/v1/models?limit=1000"))
    assert listed == [*NAMES, "maker/small", "fast"]


def test_a_model_has_every_member_that_the_api_requires() -> None:
    assert document("/v1/models/maker/small") == {
        "type": "model",
        "id": "maker/small",
        "display_name": "maker/small",
        "created_at": "1970-01-01T00:00:00Z",
    }
    assert document("/v1/models/fast")["id"] == "fast"


@pytest.mark.parametrize("name", ["secret", "secretx", "gone", "nothing-like-it"])
def test_a_model_that_the_caller_must_not_see_is_unknown_and_not_named(name: str) -> None:
    refusal = asked(f"/v1/models/{name}")
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.UNKNOWN_MODEL
    assert "secret" not in refusal.message


def test_a_model_that_was_misspelt_is_told_its_name() -> None:
    refusal = asked("/v1/models/maker/smal")
    assert isinstance(refusal, Refusal)
    assert '"maker/small"' in refusal.message


def test_a_backend_answers_for_itself_where_no_pool_is() -> None:
    assert asked("/v1/models", Settings(BASE, "models", LIMIT, aliases={"a": "b"})) is None


def test_a_page_has_twenty_models_unless_more_are_asked_for() -> None:
    first = page()
    assert (ids(first), first["has_more"]) == (list(NAMES[:20]), True)
    assert (first["first_id"], first["last_id"]) == (NAMES[0], NAMES[19])
    assert len(ids(page("?limit=1000&beta=true"))) == len(NAMES)


def test_pages_go_on_before_and_behind_a_model() -> None:
    behind = page(f"?limit=10&after_id={NAMES[39]}")
    assert (ids(behind), behind["has_more"]) == (list(NAMES[40:]), False)
    before = page(f"?limit=10&before_id={NAMES[12]}")
    assert (ids(before), before["has_more"]) == (list(NAMES[2:12]), True)
    assert ids(page("?before_id=nobody")) == []


def test_a_page_without_models_says_so() -> None:
    assert page("", ()) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?limit=x", "?limit=", "?limit=1&limit=2", "?limit=%zz"]
)
def test_a_query_that_means_nothing_is_refused(query: str) -> None:
    assert isinstance(page_of_models(f"/v1/models{query}", NAMES, everything), Refusal)


@given(st.integers(0, 45), st.integers(1, 12))
def test_the_sdk_finds_every_model_once_by_going_through_the_pages(count: int, limit: int) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        found = page_of_models(path, NAMES[:count], everything)
        assert isinstance(found, Answer)
        return httpx2.Response(found.status, headers=dict(found.headers), content=found.body)

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    with Sdk(api_key="k", base_url="http://models.example", http_client=client) as sdk:
        assert [one.id for one in sdk.models.list(limit=limit)] == list(NAMES[:count])
