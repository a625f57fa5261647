"""What the spans of requests to model servers are called and say."""

from typing import Any

import pytest

from gateway.model.call import Call, Kind
from gateway.model.usage import Usage
from gateway.policy.vocabulary import METHODS_OF
from gateway.telemetry.conventions import OPERATIONS
from gateway.telemetry.spans.genai import answered, describe
from tests.telemetry.stage import NAMES


def call(
    method: str, model: str | None = "small", protocol: str = "openai", **attributes: Any
) -> Call:
    return Call(protocol, method, Kind.REQUEST, None, model, "", attributes)


def test_a_chat_says_what_was_asked_for() -> None:
    asked: dict[str, Any] = {
        "max_tokens": 100,
        "temperature": 0.5,
        "top_p": 1,
        "n": 2,
        "stream": True,
    }
    described = describe(call("chat/completions", **asked, user="ada", roles=["user"]), NAMES)
    assert described.name == "chat small"
    assert described.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "small",
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 1,
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stream": True,
    }


def test_what_was_not_asked_for_is_not_told() -> None:
    described = describe(call("messages", protocol="anthropic", n=1, stream=False), NAMES)
    assert described.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "small",
    }


@pytest.mark.parametrize(
    ("method", "model", "name"),
    [
        ("chat/completions", "made-up-9", "chat _OTHER"),
        ("completions", "small", "text_completion small"),
        ("embeddings", "small", "embeddings small"),
        ("images/generations", "small", "generate_content small"),
        ("responses/get", None, "fetch_response"),
        ("models/list", None, "models/list"),
        ("files/create", None, "files/create"),
    ],
)
def test_names_are_of_words_that_configuration_knows(
    method: str, model: str | None, name: str
) -> None:
    assert describe(call(method, model), NAMES).name == name


def test_a_name_that_the_route_gives_a_model_is_known() -> None:
    assert describe(call("embeddings", "fast"), NAMES, {"fast": "small"}).name == "embeddings fast"


def test_every_operation_is_one_of_a_method_that_there_is() -> None:
    assert set(OPERATIONS) <= METHODS_OF["llm"]


def test_an_answer_that_was_not_read_tells_nothing() -> None:
    assert answered(None, None) == {}


def test_an_answer_tells_what_it_cost() -> None:
    usage = Usage(input=7, output=0, reasoning=2, model="m", finish="length", id="c-1")
    assert answered(usage, 0.5) == {
        "gen_ai.response.id": "c-1",
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("length",),
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }
