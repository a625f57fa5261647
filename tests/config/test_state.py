import json
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from gateway.config.state import State, StateSetting


class Whole(BaseModel):
    state: StateSetting = State()


def state(value: Any) -> State:
    return Whole.model_validate_json(json.dumps({"state": value})).state


def test_a_url_alone_is_a_state() -> None:
    assert state("redis://127.0.0.1:6379/2") == state({"url": "redis://127.0.0.1:6379/2"})
    assert state("redis://127.0.0.1").shared


def test_memory_shares_nothing_and_is_what_there_is_otherwise() -> None:
    assert state("memory") == Whole().state
    assert not Whole().state.shared


def test_a_password_is_not_shown() -> None:
    told = state({"url": "unix:///run/redis.sock", "username": "gate", "password": "s3cret"})
    assert told.password == SecretStr("s3cret")
    assert "s3cret" not in repr(told)


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1",
        "redis://",
        "redis://host/db",
        "redis://host?password=x",
        "unix://relative",
        "unix:///a?db=1",
        "Memory",
        {"url": "redis://host", "prefix": ""},
        {"url": "redis://host", "prefix": "a b"},
        {"url": "redis://host", "answer_seconds": 0},
        {"url": "redis://host", "key": "x"},
        7,
    ],
)
def test_what_is_no_state_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        state(value)
