"""How a gateway is started."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from gateway.supervisor.workers import Timing


@dataclass(frozen=True, slots=True)
class Child:
    """A program that runs as long as the gateway does."""

    name: str
    command: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Child":
        """`NAME=COMMAND` with shell quoting. Raises ValueError."""
        name, equals, command = text.partition("=")
        words = tuple(shlex.split(command))
        if not equals or not name or not words:
            raise ValueError(f"{text!r}: want NAME=COMMAND")
        return cls(name, words)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; `workers` None means the configuration's number."""

    config: Path
    workers: int | None = None
    ready_file: Path | None = None
    children: tuple[Child, ...] = field(default=())
    demo: bool = False
    quiet: bool = False
    envoy: bool = False
    worker_command: tuple[str, ...] = ()
    worker_timing: Timing = field(default_factory=Timing)
