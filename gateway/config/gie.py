"""Documents of the Gateway API Inference Extension and of llm-d, as they are. Pure: no I/O, no
clock.

Kinds: InferencePool, InferenceObjective, InferenceModelRewrite, EndpointPickerConfig.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from gateway.config.document import Document, validate
from gateway.config.gie_config import EndpointPickerConfig
from gateway.config.gie_picker import PickerReading, read_picker
from gateway.config.gie_plugins import Known
from gateway.config.gie_resources import (
    InferenceModelRewrite,
    InferenceObjective,
    InferencePool,
    PoolParts,
    pool_parts,
)
from gateway.config.gie_rewrite import rewrites_of
from gateway.config.pool import Rewrite
from gateway.model.problem import Problem

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "InferencePool": InferencePool,
    "InferenceObjective": InferenceObjective,
    "InferenceModelRewrite": InferenceModelRewrite,
    "EndpointPickerConfig": EndpointPickerConfig,
}
GIE_KINDS: Final = frozenset(_MODELS)
"""The kinds that are read here."""


@dataclass(frozen=True, slots=True)
class Gie:
    """What was read. With an error among `problems` it is incomplete and must not be used."""

    pools: tuple[PoolParts, ...] = ()
    objectives: tuple[InferenceObjective, ...] = ()
    rewrites: tuple[InferenceModelRewrite, ...] = ()
    pickers: tuple[PickerReading, ...] = ()
    problems: tuple[Problem, ...] = ()
    documents: tuple[tuple[BaseModel, Document], ...] = ()
    """All but the pickers, each with what it was read from."""

    def priorities(self, pool: str, namespace: str = "default") -> dict[str, int]:
        """Priorities by objective of a pool, as `Pool.objectives` has them."""
        return {
            found.metadata.name: found.spec.priority
            for found in self.objectives
            if (found.spec.pool_ref.name, found.metadata.namespace) == (pool, namespace)
        }

    def rewrites_for(self, pool: str, namespace: str = "default") -> tuple[Rewrite, ...]:
        """The model rewrites of a pool in the order in which they count, as `Pool.rewrites`."""
        return rewrites_of(
            [
                found
                for found in self.rewrites
                if (found.spec.pool_ref.name, found.metadata.namespace) == (pool, namespace)
            ]
        )


def is_gie(document: Document) -> bool:
    """Whether a document is one of `GIE_KINDS`."""
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    return isinstance(kind, str) and kind in GIE_KINDS


def read_gie(documents: Sequence[Document], known: Known) -> Gie:
    """All `documents`. `known` says what our plugins take, by kind and type."""
    read: list[tuple[BaseModel, Document]] = []
    pickers: list[PickerReading] = []
    problems: list[Problem] = []
    for document in documents:
        model = _read(document)
        if isinstance(model, tuple):
            problems += model
        elif isinstance(model, EndpointPickerConfig):
            pickers.append(read_picker(document, model, known))
            problems += pickers[-1].problems
        else:
            read.append((model, document))
    found = [model for model, _ in read]
    return Gie(
        pools=tuple(pool_parts(one) for one in found if isinstance(one, InferencePool)),
        objectives=tuple(one for one in found if isinstance(one, InferenceObjective)),
        rewrites=tuple(one for one in found if isinstance(one, InferenceModelRewrite)),
        pickers=tuple(pickers),
        problems=tuple(problems),
        documents=tuple(read),
    )


def _read(document: Document) -> BaseModel | tuple[Problem, ...]:
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    if not isinstance(kind, str) or kind not in _MODELS:
        message = f"{document.quote(('kind',))} is not a kind that is read here"
        return (document.problem(("kind",), message, f"one of {', '.join(sorted(_MODELS))}"),)
    return validate(document, _MODELS[kind])
