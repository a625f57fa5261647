"""Guardrail documents of what is measured, and their compilation as a gateway compiles them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.guardrails.subject import Options
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.database import DatabaseCache
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from gateway.model.problem import Place


def guardrail(
    name: str, chosen: Mapping[str, Options], route: str = "everything"
) -> dict[str, Any]:
    """What judges prompts and answers of a route. It finds, and changes nothing."""
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": name},
        "spec": {
            "targets": [{"route": route}],
            "stages": ["request", "response"],
            "detectors": [{"type": one, "options": dict(told)} for one, told in chosen.items()],
            "action": "log",
        },
    }


def compiled(documents: Sequence[Mapping[str, Any]], cache: DatabaseCache) -> GuardrailBook:
    """The documents compiled. ValueError for unsound ones."""
    sources = [
        GuardrailSource(Guardrail.model_validate_json(json.dumps(one)), lambda _: Place("", 1, 1))
        for one in documents
    ]
    found = compile_guardrails(sources, dt.date(2026, 1, 1), cache=cache)
    if isinstance(found, GuardrailBook):
        return found
    raise ValueError("; ".join(map(str, found)))
