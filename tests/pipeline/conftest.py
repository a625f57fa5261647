import pytest

from tests.pipeline.exchange_stage import Seen


@pytest.fixture
def seen() -> Seen:
    """What exchanges of this test tell."""
    return Seen()
