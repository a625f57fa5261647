"""Everything that one run measured."""

from dataclasses import dataclass, field

from benchmarks.guardrails.accuracy import Accuracy, Benign, OfType
from benchmarks.guardrails.cost import Capped, Cost
from benchmarks.guardrails.disguised import Disguised
from benchmarks.guardrails.peers import Peer
from benchmarks.guardrails.through import Row
from benchmarks.guardrails.training.evaluation import Recall
from benchmarks.machine import Machine
from benchmarks.micro import Figure


@dataclass(slots=True)
class Results:
    """Tables by what they are about; empty where it was not asked for. `notes` tell what could not
    be measured, and why; `slow` counts the patterns that the engine does not take: RE2 searches
    every text for those."""

    machine: Machine
    generator: str
    rounds: int
    seconds: float
    detectors: tuple[str, ...]
    costs: list[Cost] = field(default_factory=list[Cost])
    capped: list[Capped] = field(default_factory=list[Capped])
    accuracy: list[Accuracy] = field(default_factory=list[Accuracy])
    benign: list[Benign] = field(default_factory=list[Benign])
    types: list[OfType] = field(default_factory=list[OfType])
    sources: list[Recall] = field(default_factory=list[Recall])
    disguised: list[Disguised] = field(default_factory=list[Disguised])
    deltas: list[Figure] = field(default_factory=list[Figure])
    through: list[Row] = field(default_factory=list[Row])
    peers: list[Peer] = field(default_factory=list[Peer])
    slow: int = 0
    notes: list[str] = field(default_factory=list[str])
