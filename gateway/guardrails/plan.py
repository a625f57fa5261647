"""Which detectors look at a text, and for which Guardrails. Pure: no I/O, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.guardrails.guard import Check, Engine, Guard
from gateway.model.passage import Part, Stage


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with texts of one stage and part by the Guardrails that apply to a call.

    `checks` are those of each engine by its key, `wanted` the keys that have patterns, `windows`
    the engines that score windows. `hold_back` is the most that any of the Guardrails asks for.
    """

    guards: tuple[Guard, ...] = ()
    checks: Mapping[str, tuple[tuple[Guard, Check], ...]] = field(
        default_factory=dict[str, tuple[tuple[Guard, Check], ...]]
    )
    wanted: frozenset[str] = frozenset()
    windows: tuple[Engine, ...] = ()
    hold_back: int = 0


NOTHING = Plan()
"""For texts that no Guardrail is about."""


def plan_for(guards: Iterable[Guard], stage: Stage, part: Part) -> Plan:
    """The plan for texts of a stage and part."""
    concerned: list[Guard] = []
    checks: dict[str, list[tuple[Guard, Check]]] = {}
    engines: dict[str, Engine] = {}
    for guard in guards:
        mine = [
            check
            for check in (guard.checks if stage in guard.stages else ())
            if check.parts is None or part in check.parts
        ]
        if mine:
            concerned.append(guard)
        for check in mine:
            checks.setdefault(check.engine.key, []).append((guard, check))
            engines[check.engine.key] = check.engine
    if not concerned:
        return NOTHING
    return Plan(
        guards=tuple(concerned),
        checks={key: tuple(found) for key, found in checks.items()},
        wanted=frozenset(key for key, engine in engines.items() if engine.categories),
        windows=tuple(engine for engine in engines.values() if engine.window is not None),
        hold_back=max(guard.hold_back for guard in concerned),
    )
