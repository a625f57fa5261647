"""The Provenance document."""

import pytest
from pydantic import ValidationError

from tests.policy.test_provenance import document


def test_a_taint_lasts_an_hour_and_is_of_the_session_where_nothing_is_said() -> None:
    spec = document({"name": "a"}).spec
    assert (spec.ttl, spec.scope) == (3600.0, "session")


@pytest.mark.parametrize("named", ["Prompt", "a/b/c", "a/", ""])
def test_a_finding_is_named_by_detector_or_by_detector_and_category(named: str) -> None:
    with pytest.raises(ValidationError):
        document({"name": "a", "findings": [named]})
