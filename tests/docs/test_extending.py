"""docs/extending.md: the files that it names are there, and its example is a plugin."""

import dataclasses
import re
import sys
import types
from random import Random
from typing import Any

import pytest

from gateway.guardrails.budget import Budget
from gateway.guardrails.detector import Detector
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part
from gateway.picker.plugins import scorers
from gateway.picker.plugins.base import Scorer
from gateway.picker.plugins.registry import ParameterError, PluginType
from tests.picker.plugins.case import DEMAND, candidate
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text()
EXAMPLE = ("gateway/picker/plugins/scorers/zone_scorer.py",
           "tests/picker/plugins/scorers/test_zone_scorer.py")  # fmt: skip
DETECTOR = ("gateway/guardrails/detectors/ticket.py", "tests/guardrails/detectors/test_ticket.py")


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:gateway|protos|tests)/[\w/.]+)`", PAGE))
    named -= {*EXAMPLE, *DETECTOR}
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> PluginType[Scorer]:
    """The plugin of the page, as if it were a file of its package."""
    source, _ = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    module = types.ModuleType(f"{scorers.__name__}.zone_scorer")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where dataclasses look names up
    exec(compile(source, EXAMPLE[0], "exec"), module.__dict__)
    return PluginType("zone-scorer", module.Parameters, module.plugin)


def test_the_example_scores_by_its_parameters(example: PluginType[Scorer]) -> None:
    near, far = candidate("10.0.0.1:1"), candidate("10.0.0.2:1")
    endpoint = dataclasses.replace(near.state.endpoint, zone="eu-1")
    near = dataclasses.replace(near, state=dataclasses.replace(near.state, endpoint=endpoint))
    scorer = example.make({"zone": "eu-1", "elsewhere": 0.25}, Random(0))
    assert scorer.score(DEMAND, [far, near], 0.0) == [0.25, 1.0]


def test_the_example_takes_no_other_parameter(example: PluginType[Scorer]) -> None:
    with pytest.raises(ParameterError):
        example.make({"zone": "eu-1", "region": "eu"}, Random(0))


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Detector[Any]:
    """The detector of the page, as if it were a file of its package."""
    _, source = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    module = types.ModuleType("gateway.guardrails.detectors.ticket")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, DETECTOR[0], "exec"), module.__dict__)
    found: Detector[Any] = module.DETECTOR
    return found


def test_the_detector_of_the_page_finds_what_it_says(detector: Detector[Any]) -> None:
    prepared = detector.prepare(detector.options.model_validate({"project": "HELP"}))
    patterns = PatternSet({detector.name: prepared.patterns}, None)
    text = "HELP-4 and ticket HELP-17, not HELP-012 or OPS-1"
    found = patterns.find(text, Part.USER, None, Budget())
    spans = {(text[one.start : one.end], one.category, one.score) for one in found}
    assert spans == {("HELP-4", "ticket_number", 0.6), ("HELP-17", "ticket_number", 0.9)}
    assert {one.category for one in found} <= detector.categories.keys()
