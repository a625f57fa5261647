"""Keeps endpoints whose labels match a Kubernetes label selector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from random import Random
from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Filter
from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True, config=STRICT)
class Expression:
    """A condition on one label; `values` belong to In and NotIn alone."""

    key: Annotated[str, Field(min_length=1)]
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.operator in {"In", "NotIn"}) != bool(self.values):
            raise ValueError("In and NotIn need values, Exists and DoesNotExist take none")


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """All of `match_labels` and all of `match_expressions` must hold."""

    match_labels: dict[str, str] = field(default_factory=dict[str, str])
    match_expressions: tuple[Expression, ...] = ()


_HOLDS: Final[Mapping[str, Callable[[str | None, tuple[str, ...]], bool]]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}


class LabelSelectorFilter(Filter):
    """As Kubernetes defines selectors: NotIn also holds without the label (llm-d v0.10,
    label-selector-filter)."""

    def __init__(self, parameters: Parameters) -> None:
        self._labels = tuple(parameters.match_labels.items())
        self._expressions = parameters.match_expressions

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """See the module."""
        del demand, now
        return [c for c in candidates if self._matches(c.state.endpoint.labels)]

    def _matches(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self._labels) and all(
            _HOLDS[wanted.operator](labels.get(wanted.key), wanted.values)
            for wanted in self._expressions
        )


def plugin(parameters: Parameters, random: Random) -> Filter:
    """The filter; nothing in it is random."""
    del random
    return LabelSelectorFilter(parameters)
