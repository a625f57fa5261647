"""Every source file has tests of its own: those of gateway/x/y.py are in tests/x/test_y.py."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TYPES_ONLY: Final = """
config/backend config/pool extproc/commands extproc/events guardrails/detector
guardrails/means guardrails/origin guardrails/pattern
identity/base model/call model/demand model/engine model/jsonvalue model/passage model/permit
model/placement model/principal model/problem model/prompt model/refusal
model/screening model/usage model/verdict pipeline/admitted
picker/flow/ceiling_policy picker/flow/entry picker/endpoint picker/flow/fairness_policy
picker/flow/ordering_policy picker/flow/view
picker/profile policy/book policy/cel policy/context policy/rule protocols/base
simulation/workload suite/results suite/schema supervisor/start_error
telemetry/asked telemetry/operation
"""
EXEMPT: Final = frozenset(TYPES_ONLY.split())


def _untested() -> frozenset[str]:
    source, tests = ROOT / "gateway", ROOT / "tests"
    return frozenset(
        file.relative_to(source).with_suffix("").as_posix()
        for file in source.rglob("*.py")
        if not file.name.startswith("__")
        and not file.name.endswith("_pb2.py")
        and not (tests / file.parent.relative_to(source) / f"test_{file.name}").is_file()
    )


def test_every_source_file_has_tests_of_its_own() -> None:
    assert _untested() - EXEMPT == frozenset(), "write tests/x/test_y.py for gateway/x/y.py"


def test_no_file_is_exempt_that_has_tests_or_is_gone() -> None:
    assert EXEMPT - _untested() == frozenset(), "take these names out of tests/test_layout.py"
