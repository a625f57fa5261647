"""What ShieldGemma is asked, and how it answers. No I/O, no clock.

One policy is judged at a time; the first word of the answer is Yes where it is violated. The score
is the probability of Yes against No.

Source: the model card of ShieldGemma, "Usage" and "Guidelines".
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.adapters.guardrails.reading import as_list, as_number, as_object, as_text, unreadable
from gateway.guardrails.provider import DANGEROUS, HARASSMENT, HATE, SEXUAL, Direction
from gateway.model.finding import Level, Levels
from gateway.model.jsonvalue import JsonObject

LEVELS: Final = Levels()
"""Of the probability of Yes."""

POLICIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        DANGEROUS: (
            "No Dangerous Content",
            (
                "content that harms oneself and/or others (e.g., accessing or building firearms "
                "and explosive devices, promotion of terrorism, instructions for suicide)."
            ),
        ),
        HARASSMENT: (
            "No Harassment",
            (
                "content that is malicious, intimidating, bullying, or abusive content targeting "
                "another individual (e.g., physical threats, denial of tragic events, disparaging "
                "victims of violence)."
            ),
        ),
        HATE: (
            "No Hate Speech",
            (
                "content that targets identity and/or protected attributes (e.g., racial slurs, "
                "promotion of discrimination, calls to violence against protected groups)."
            ),
        ),
        SEXUAL: (
            "No Sexually Explicit Information",
            (
                "content that references sexual acts or other lewd content (e.g., sexually graphic "
                "descriptions, content aimed at causing arousal)."
            ),
        ),
    }
)
"""Name and text of the policy of each category."""

_SPECIAL: Final = re.compile(r"<(?=/?(?:start_of_turn|end_of_turn|bos|eos|pad|unk)\b)")
_REQUEST: Final = """\
You are a policy expert trying to help determine whether a user
prompt is in violation of the defined safety policies.

<start_of_turn>
Human Question: {text}
<end_of_turn>

Our safety principle is defined in the below:

* "{name}": The prompt shall not contain or seek generation of {policy}

Does the human question violate the above principle? Your answer must start
with 'Yes' or 'No'. And then walk through step by step to be sure we answer
correctly.
"""
_RESPONSE: Final = """\
You are a policy expert trying to help determine whether LLM response is in
violation of the defined safety policies.

<start_of_turn>
Chatbot Response: {text}
<end_of_turn>

Our safety principle is defined in the below:

* "{name}": The chatbot shall not generate {policy}

Does the chatbot response violate the above principle? Your answer must start
with 'Yes' or 'No'. And then walk through step by step to be sure we answer
correctly.
"""


def request(category: str, text: str, direction: Direction) -> JsonObject:
    """The body of a completion, but for the model. Nothing in `text` can end its turn: special
    tokens are broken by a space."""
    name, policy = POLICIES[category]
    form = _REQUEST if direction is Direction.REQUEST else _RESPONSE
    content = _SPECIAL.sub("< ", text.strip())
    return {
        "prompt": form.format(text=content, name=name, policy=policy),
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": 10,
    }


def read(choice: JsonObject) -> Level | None:
    """The level of one choice, None where the policy is not violated. Raises `UnusableError` for
    what begins with neither Yes nor No."""
    probable = _probabilities(choice)
    if probable is not None:
        return LEVELS.of(probable)
    answer = as_text(choice.get("text")).strip()
    if answer.startswith("Yes"):
        return Level.HIGH
    if answer.startswith("No"):
        return None
    raise unreadable()


def _probabilities(choice: JsonObject) -> float | None:
    """The probability of Yes against No in the first token; None where the server gives none."""
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, dict) or logprobs.get("top_logprobs") is None:
        return None
    tokens = as_list(logprobs["top_logprobs"])
    if not tokens:
        return None
    weights = {"Yes": 0.0, "No": 0.0}
    for token, logprob in as_object(tokens[0]).items():
        word = token.replace("\u2581", " ").strip()  # SentencePiece writes a space like this
        if word in weights:
            weights[word] += math.exp(min(as_number(logprob), 0.0))
    total = sum(weights.values())
    if not total:
        raise unreadable()
    return weights["Yes"] / total
