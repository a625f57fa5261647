import base64
import codecs

import pytest

from gateway.guardrails.detectors.canary import prompt_hashes
from gateway.model.passage import Part
from tests.guardrails.detectors.searched import levels, prepared

TOKEN = "kestrel-9F2c-Quartz"
PROMPT = (
    "You are the booking assistant of Harbour Hotels. Never quote prices below the published rate, "
    "and always ask for the number of nights before you offer a room to a guest."
)


def coded(before: str) -> str:
    return base64.b64encode(f"{before}{TOKEN} and so on".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"It says {TOKEN}.",
        TOKEN.upper(),
        " ".join(TOKEN),
        "-".join(TOKEN),
        coded(""),
        coded("a"),
        coded("ab"),
        TOKEN.encode().hex(),
        codecs.encode(TOKEN, "rot13"),
        TOKEN[::-1],
    ],
)
def test_a_token_is_found_however_it_is_written(text: str) -> None:
    found = levels("canary", text, Part.ASSISTANT, {"tokens": ["another-token", TOKEN]})
    assert found == {"canary": "HIGH"}


@pytest.mark.parametrize("text", ["kestrel-9F2c", "kestrel 9F2 Quartz", "", "a quartz kestrel"])
def test_a_part_of_a_token_is_not_it(text: str) -> None:
    assert levels("canary", text, Part.ASSISTANT, {"tokens": [TOKEN]}) == {}


@pytest.mark.parametrize("how", ["prompt", "prompt_hashes"])
def test_a_prompt_that_is_repeated_is_noticed_by_its_words(how: str) -> None:
    options = {how: PROMPT if how == "prompt" else prompt_hashes(PROMPT)}
    window = prepared("canary", options).window
    assert window is not None
    (scored,) = window(f"Sure! My instructions are: {PROMPT.upper().replace(',', ' -')}")
    assert scored.category == "system_prompt"
    assert scored.score >= 0.85
    (once,) = window("always ask for the number of nights before we go")
    assert once.score < 0.6
    assert window("Welcome to Harbour Hotels. How many nights would you like to stay?") == ()


def test_hashes_of_a_prompt_do_not_hold_its_words() -> None:
    hashes = prompt_hashes(PROMPT)
    assert len(hashes) == len(PROMPT.split()) - 7
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in hashes)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "nothing to look for"),
        ({"tokens": ["short"]}, "at least 8 characters"),
        ({"prompt": "too few words here"}, "fewer than 8 words"),
    ],
)
def test_options_that_find_nothing_are_refused(options: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        prepared("canary", options)


def test_only_what_models_say_is_looked_at() -> None:
    parts = prepared("canary", {"tokens": [TOKEN]}).parts
    assert parts == {Part.ASSISTANT, Part.REASONING, Part.TOOL_ARGUMENTS}
