"""A Guardrail document as it comes from its file. Pure: no I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from gateway.config.document import Document, substituted
from gateway.config.yamltree import Path, path_text
from gateway.guardrails.detector import Detector
from gateway.guardrails.schema import Guardrail
from gateway.model.problem import Place, Problem


@dataclass(frozen=True, slots=True)
class GuardrailSource:
    """A validated document. `place` tells where the value at a YAML path was written (where it is
    absent: the nearest enclosing value), `document` is what it was made of, None in a worker,
    `text` the file as it is, and `beside` the folder that its paths are relative to, "" for the
    working directory."""

    model: Guardrail
    place: Callable[[Path], Place]
    document: Document | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    beside: str = ""

    @classmethod
    def of(
        cls,
        guardrail: Guardrail,
        document: Document,
        detectors: Mapping[str, Detector[Any]],
        text: str = "",
    ) -> "GuardrailSource":
        """The source of a document. Options in which something was substituted are what their
        `detectors` take, so that they can be read without the document."""
        uses = list(guardrail.spec.detectors)
        for number, use in enumerate(uses):
            path: Path = ("spec", "detectors", number, "options")
            filled = any(written[: len(path)] == path for written in document.written)
            if filled and use.type in detectors:
                options = substituted(document, detectors[use.type].options, path)
                changed = {"options": options if isinstance(options, dict) else use.options}
                uses[number] = use.model_copy(update=changed)
        spec = guardrail.spec.model_copy(update={"detectors": tuple(uses)})
        model = guardrail.model_copy(update={"spec": spec})
        folder = str(FilePath(document.file).parent.resolve())
        return cls(model, document.place, document, text, folder)

    @property
    def name(self) -> str:
        """How records name it."""
        return self.model.metadata.name

    def error(self, path: Path, message: str, fix: str = "") -> Problem:
        """An error about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix)

    def warning(self, path: Path, message: str, fix: str = "") -> Problem:
        """A warning about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix, "warning")
