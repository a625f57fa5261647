"""Which CEL implementation this process uses. Pure: no I/O, no clock."""

from typing import Final, Literal

from gateway.policy.cel import Runtime

Engine = Literal["cel-expr-python", "cel-python"]

FALLBACK: Final[Engine] = "cel-python"


def runtime(engine: Engine | None = None) -> Runtime:
    """The named implementation; without a name the C++ one, or the fallback where that one cannot
    be imported.

    Raises ImportError when the C++ one is asked for by name and is not there.
    """
    if engine == FALLBACK:
        return _fallback()
    try:
        from gateway.policy.celexpr import CelExprRuntime  # noqa: PLC0415  may have no wheel here
    except ImportError:
        if engine is not None:
            raise
        return _fallback()
    return CelExprRuntime()


def _fallback() -> Runtime:
    from gateway.policy.celpython import CelPythonRuntime  # noqa: PLC0415  slow to import

    return CelPythonRuntime()
