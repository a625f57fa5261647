import gc

import pytest

from gateway.extproc.commands import Preview, Send, Wait
from gateway.extproc.events import BodyMode, Modes, RequestHeaders, RequestTrailers
from gateway.extproc.transitions import StreamError
from gateway.model.head import RequestHead
from tests.playbook import Playbook

HEAD = RequestHead("POST", "/mcp")
HEADERS = RequestHeaders(HEAD, end_of_stream=False, modes=Modes(BodyMode.DUPLEX, BodyMode.DUPLEX))


def test_a_right_conversation_is_true_and_may_go_on() -> None:
    playbook = Playbook()
    assert playbook >> HEADERS << Preview(HEAD)
    assert playbook >> HEADERS << StreamError


def test_a_wrong_answer_shows_the_conversation_as_a_diff() -> None:
    playbook = Playbook() >> HEADERS << Preview(HEAD) >> RequestTrailers() << Wait()
    with pytest.raises(AssertionError) as caught:
        bool(playbook)
    lines = str(caught.value).splitlines()
    assert "-    << Wait()" in lines
    assert any(line.startswith("+    << <class") and "StreamError" in line for line in lines)
    del playbook._said[:]  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  it has had its say


def test_a_conversation_that_ends_with_a_question_is_an_error() -> None:
    playbook = Playbook() >> HEADERS
    with pytest.raises(TypeError, match="unfinished"):
        bool(playbook)
    assert playbook << Preview(HEAD)


def test_an_answer_without_a_question_is_an_error() -> None:
    playbook = Playbook()
    with pytest.raises(TypeError, match="answers nothing"):
        playbook << Send(())  # pyright: ignore[reportUnusedExpression]
    assert playbook >> HEADERS << Preview(HEAD)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_playbook_that_nobody_asserted_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[BaseException | None] = []
    monkeypatch.setattr("sys.unraisablehook", lambda event: raised.append(event.exc_value))  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportUnknownArgumentType]
    playbook = Playbook() >> HEADERS << Preview(HEAD)
    del playbook
    gc.collect()
    assert [type(error) for error in raised] == [RuntimeError]
