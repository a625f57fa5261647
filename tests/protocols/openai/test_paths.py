"""Every URL of the API means one method, and no other URL means any."""

import pytest

from gateway.policy.vocabulary import METHODS_OF
from gateway.protocols.openai.paths import METHODS, endpoints

ANTHROPIC = {"messages", "messages/count_tokens"}


def test_the_methods_are_those_of_the_vocabulary() -> None:
    assert METHODS_OF["llm"] - ANTHROPIC == METHODS


@pytest.mark.parametrize(
    ("path", "http", "method", "ident"),
    [
        ("chat/completions", "POST", "chat/completions", ""),
        ("responses", "POST", "responses", ""),
        ("responses/r1", "GET", "responses/get", "r1"),
        ("responses/r1", "DELETE", "responses/delete", "r1"),
        ("responses/r1/cancel", "POST", "responses/cancel", "r1"),
        ("responses/r1/input_items", "GET", "responses/input_items", "r1"),
        ("models", "GET", "models/list", ""),
        ("models/a", "GET", "models/get", "a"),
        ("models/org/a", "GET", "models/get", "org/a"),
        ("models/{}", "GET", "models/get", "{}"),
        ("responses/{}", "GET", "responses/get", "{}"),
        ("files", "POST", "files/create", ""),
        ("files", "GET", "files/list", ""),
        ("files/f1/content", "GET", "files/content", "f1"),
        ("files/f1", "DELETE", "files/delete", "f1"),
    ],
)
def test_a_url_and_an_http_method_mean_a_method(
    path: str, http: str, method: str, ident: str
) -> None:
    found = endpoints(tuple(path.split("/")))
    assert found is not None
    methods, name = found
    assert methods[http].method == method
    assert name == ident


@pytest.mark.parametrize(
    "path",
    [
        "",
        "chat",
        "chat/x/completions",
        "{}",
        "chat/completions/c1",
        "files/f1/x",
        "Models",
        "batches",
    ],
)
def test_any_other_url_means_nothing(path: str) -> None:
    assert endpoints(tuple(path.split("/"))) is None


def test_the_base_alone_means_nothing() -> None:
    assert endpoints(()) is None
