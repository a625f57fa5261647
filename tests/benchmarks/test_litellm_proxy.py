"""LiteLLM is installed from a lock file."""

from benchmarks.litellm_proxy import LOCK


def test_every_package_is_pinned_by_its_hash() -> None:
    pins = [line for line in LOCK.read_text().splitlines() if not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert any(pin.startswith("litellm==") for pin in pins)
