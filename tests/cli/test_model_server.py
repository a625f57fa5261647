"""How a model server is asked what it is."""

import pytest

from gateway.cli.model_server import AskError, ModelServer, parse_url
from tests.support.engines import engine
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port


class Odd(Handler):
    """Answers that are none."""

    def do_GET(self) -> None:  # noqa: N802  http.server calls it
        match self.path:
            case "/list/models":
                self.answer(200, b"[]")
            case "/page/models":
                self.answer(200, b"<html>")
            case "/other/models":
                self.answer(200, b'{"data": "none"}')
            case "/long/models":
                self.answer(200, b" " * 5_000_000)
            case _:
                self.answer(503, b"")


def test_a_server_tells_its_models_and_answers() -> None:
    with engine(model="llama,llama-chat", speed=20) as one:
        server = ModelServer(f"{one.url}/v1", f"{one.url}/metrics")
        assert server.models()[:2] == ("llama", "llama-chat")
        assert b"vllm:num_requests_running" in server.ask_metrics().body
        assert "choices" in server.complete("llama", "Hello")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("list", "no JSON object"),
        ("page", "no JSON"),
        ("other", "no list of models"),
        ("long", "does not end"),
        ("down", "answers 503"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(path: str, said: str) -> None:
    with serving(Odd) as address, pytest.raises(AskError, match=said):
        ModelServer(f"http://{address}/{path}", "").models()


def test_nobody_there_is_said_without_a_credential() -> None:
    headers = {"authorization": "Bearer a-secret-0123456789"}
    server = ModelServer(f"http://127.0.0.1:{free_port()}/v1", "", headers)
    with pytest.raises(AskError, match="GET /v1/models") as found:
        server.models()
    assert "a-secret" not in f"{found.value} {server!r}"


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://gpu-1:8000/v1/", "http://gpu-1:8000/v1"),
        ("http://gpu-1/openai/v1", "http://gpu-1:80/openai/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
    ],
)
def test_a_url_says_where_the_api_begins(text: str, base: str) -> None:
    url = parse_url(text)
    assert url.base == base
    assert url.metrics == f"http://{url.address}/metrics"


@pytest.mark.parametrize(
    "text",
    [
        *("", "http://", "https://gpu:8000", "http://gpu:99999", "http://gpu:port"),
        *("http://user:pass@gpu:8000", "http://gpu:8000/?x=1", "http://gpu:8000/#x", "http://[::1"),
    ],
)
def test_what_is_no_such_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_url(text)
