"""The plugin as the registry finds it."""

from gateway.protocols.anthropic import Anthropic
from gateway.protocols.base import Settings
from gateway.protocols.registry import plugin_of
from tests.protocols.anthropic.clients import plugin


def test_the_registry_finds_it_by_its_name() -> None:
    made = plugin_of("anthropic")(Settings("/a", "b", 1024))
    assert isinstance(made, Anthropic)
    assert made.name == "anthropic"


def test_the_list_of_models_is_the_only_one() -> None:
    listed = ("models/list", "models/get", "messages", "tools/list")
    assert [method for method in listed if plugin().list_method(method)] == ["models/list"]
