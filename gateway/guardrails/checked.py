"""What a Guardrail cannot do on routes in mode `check`: ext_authz sends no response and changes no
body. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterator
from typing import Final

from gateway.config.yamltree import Path
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Action
from gateway.model.passage import Stage
from gateway.model.problem import Problem

ANSWERS: Final = frozenset(
    {
        Stage.RESPONSE,
        Stage.TOOL_RESULT,
        Stage.TOOL_LIST,
        Stage.A2A_ARTIFACT,
        Stage.AGENT_CARD,
    }
)
"""Stages that occur in answers alone."""

_FIX: Final = "leave it out, or give the route mode: buffered"


def checked_findings(
    source: GuardrailSource, checked: Collection[tuple[str, str]]
) -> Iterator[Problem]:
    """What would be refused or never happen where one of the targets, each ("backend" or "route",
    name), is among those that only routes in mode `check` lead to."""
    spec = source.model.spec
    targets = {
        ("backend", one.backend) if one.backend else ("route", one.route or "")
        for one in spec.targets
    }
    if not targets & set(checked):
        return
    for number, stage in enumerate(spec.stages):
        if stage in ANSWERS:
            message = f"a route in mode check has no response, and {stage.value} is one"
            yield source.error(("spec", "stages", number), message, _FIX)
    for path in _masking(source):
        yield source.error(
            path, "a route in mode check changes no body, so nothing is masked", _FIX
        )


def _masking(source: GuardrailSource) -> Iterator[Path]:
    """Where a mask is asked for."""
    spec = source.model.spec
    if spec.action is Action.MASK:
        yield ("spec", "action")
    for number, use in enumerate(spec.detectors):
        if use.action is Action.MASK:
            yield ("spec", "detectors", number, "action")
    for number, provider in enumerate(spec.providers):
        if provider.action is Action.MASK:
            yield ("spec", "providers", number, "action")
