"""Guardrail documents as they come from files."""

import json
from pathlib import Path

from pydantic import Field

from gateway.config.document import Document, parse_documents, validate
from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.schema import Guardrail
from gateway.guardrails.source import GuardrailSource
from tests.guardrails.guarding import HEAD, guardrail, sources


class Options(Section):
    """Of a detector for this test."""

    many: int = 1
    words: tuple[str, ...] = Field(default=())


COUNTING: Detector[Options] = Detector("counting", "", {"x": ""}, Options, lambda _: Prepared())


def test_problems_have_the_place_of_the_value() -> None:
    (source,) = sources(guardrail())
    assert source.name == "g"
    error = source.error(("spec", "detectors", 0, "type"), "wrong", "do right")
    assert str(error) == "0.yaml:4:87: error: spec.detectors[0].type: wrong (do right)"
    assert source.warning(("spec",), "hm").severity == "warning"


def test_options_that_were_filled_in_are_what_their_detector_takes() -> None:
    text = (
        f"{HEAD}metadata: {{name: g}}\nspec:\n  targets: [{{backend: tracker}}]\n"
        "  stages: [request]\n  detectors:\n  - type: counting\n    options:\n"
        "      many: ${MANY}\n      words:\n      - ${WORD}\n"
    )
    environment = {"MANY": "12", "WORD": "34"}
    (document,) = parse_documents(text, "g.yaml", environment, Path())
    assert isinstance(document, Document)
    model = validate(document, Guardrail)
    assert isinstance(model, Guardrail)
    source = GuardrailSource.of(model, document, {"counting": COUNTING})
    options = source.model.spec.detectors[0].options
    assert options == {"many": 12, "words": ["34"]}
    assert Options.model_validate_json(json.dumps(options)).many == 12
