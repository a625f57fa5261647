"""What documents select calls by."""

import pytest
from pydantic import ValidationError

from gateway.config.selection import CallMatch, Target


def test_a_target_is_one_backend_or_one_route() -> None:
    assert Target(backend="tracker").route is None
    for given in ({}, {"backend": "a", "route": "b"}):
        with pytest.raises(ValidationError, match="either a backend or a route"):
            Target(**given)


def test_an_empty_list_would_mean_everybody_and_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        CallMatch(principals=())


def test_a_match_that_says_nothing_is_for_every_call() -> None:
    assert CallMatch().model_dump(exclude_none=True) == {}
