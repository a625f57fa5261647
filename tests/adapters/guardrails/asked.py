"""Questions to providers, their configuration, and services that answer what a test says."""

import json
from collections.abc import Callable
from typing import Any

from gateway.config.providers import GuardrailProvider
from gateway.guardrails.provider import Direction, Question
from gateway.model.passage import Part, Stage
from tests.support.echo import Seen
from tests.support.raw_backend import Reply


def question(*texts: str, response: bool = False, model: str = "", name: str = "") -> Question:
    """A question about these texts of a user, or of an assistant."""
    part = Part.ASSISTANT if response else Part.USER
    return Question(
        texts,
        Stage.RESPONSE if response else Stage.REQUEST,
        (part,) * len(texts),
        Direction.RESPONSE if response else Direction.REQUEST,
        model,
        name,
    )


def provider(kind: str, section: dict[str, Any], **values: Any) -> GuardrailProvider:
    """A provider's configuration, with time enough for a busy machine."""
    value = {"name": "one", "timeout": 20, kind: section, **values}
    return GuardrailProvider.model_validate_json(json.dumps(value))


def replying(value: Any, status: int = 200) -> Reply:
    """An answer with this JSON."""
    return Reply(status, [("content-type", "application/json")], [json.dumps(value).encode()])


def answering(value: Any, status: int = 200) -> Callable[[Seen], Reply]:
    """What answers everything with this JSON."""
    return lambda _seen: replying(value, status)


def sent(seen: Seen) -> Any:
    """The JSON of a request."""
    return json.loads(seen.body)
