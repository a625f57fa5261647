from typing import get_args

import pytest

from gateway.config.schema import Route
from gateway.protocols.base import Protocol, Settings
from gateway.protocols.registry import plugin_of, protocol_names

SETTINGS = Settings("/x", "backend", 1024)


@pytest.mark.parametrize("name", protocol_names())
def test_every_plugin_makes_a_protocol_of_its_own_name(name: str) -> None:
    made: Protocol = plugin_of(name)(SETTINGS)
    assert made.name == name


def test_routes_can_name_every_plugin_and_nothing_else() -> None:
    named = get_args(Route.model_fields["protocol"].annotation)
    assert set(named) == {*protocol_names(), "unjudged"}


@pytest.mark.parametrize("name", ["base", "registry", "unjudged", "..model", ""])
def test_what_is_no_plugin_is_not_imported_as_one(name: str) -> None:
    with pytest.raises(LookupError):
        plugin_of(name)
