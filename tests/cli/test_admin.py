"""How commands ask a running gateway."""

import pytest
import typer

from gateway.cli.admin import ask
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port


class Other(Handler):
    """Something at an admin address."""

    def do_GET(self) -> None:  # noqa: N802  http.server calls it
        match self.path:
            case "/pools":
                self.answer(200, b'{"pools": []}')
            case "/list":
                self.answer(200, b"[]")
            case "/page":
                self.answer(200, b"<html>")
            case _:
                self.answer(404, b'{"error": "no such pick is kept"}')


def test_a_document_is_what_the_gateway_answers() -> None:
    with serving(Other) as admin:
        assert ask(admin, "/pools") == {"pools": []}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/list", "does not answer as a gateway"),
        ("/page", "no gateway answers on"),
        ("/picks/1", "no such pick is kept"),
    ],
)
def test_what_is_no_answer_ends_the_command_with_a_sentence(
    capsys: pytest.CaptureFixture[str], path: str, said: str
) -> None:
    with serving(Other) as admin, pytest.raises(typer.Exit) as ended:
        ask(admin, path)
    assert ended.value.exit_code == 1
    assert said in capsys.readouterr().err


def test_nobody_at_the_address_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    admin = f"127.0.0.1:{free_port()}"
    with pytest.raises(typer.Exit):
        ask(admin, "/pools")
    assert capsys.readouterr().err.startswith(f"no gateway answers on {admin}: ")
