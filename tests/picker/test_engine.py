from gateway.model.engine import EngineLoad
from gateway.picker.engine import Engine


def test_a_server_that_says_nothing_known_is_not_an_idle_one() -> None:
    engine = Engine("x", lambda told, at: EngineLoad(at=at, running=told.count("running")))
    assert engine.load(b"running 3\n", 7.0) == EngineLoad(at=7.0, running=3)
    assert engine.load(b"<html>not found</html>", 7.0) is None


def test_an_engine_without_metrics_tells_nothing() -> None:
    assert Engine("x", None).load(b"running 3\n", 7.0) is None
