import sys

import pytest

from gateway.policy.celengine import Engine, runtime


@pytest.mark.parametrize("engine", ["cel-expr-python", "cel-python"])
def test_an_engine_is_had_by_its_name(engine: Engine) -> None:
    assert runtime(engine).name == engine


def test_the_native_engine_is_the_default() -> None:
    assert runtime().name == "cel-expr-python"


def test_where_the_native_engine_cannot_be_imported_the_fallback_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "gateway.policy.celexpr", raising=False)
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    assert runtime().name == "cel-python"
    with pytest.raises(ImportError):
        runtime("cel-expr-python")
