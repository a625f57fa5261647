"""The plugin as the gateway sees it."""

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.base import Protocol, Settings
from gateway.protocols.openai import PROTOCOL
from gateway.protocols.openai.paths import METHODS
from gateway.protocols.openai.render import render
from gateway.protocols.registry import plugin_of
from tests.protocols.openai.clients import head


def test_it_is_found_by_its_name() -> None:
    plugin: Protocol = plugin_of("openai")(Settings("/v1", "models", 100))
    assert plugin.name == "openai"


def test_only_the_list_of_models_is_filtered() -> None:
    plugin = PROTOCOL(Settings("/v1", "models", 100))
    assert [method for method in sorted(METHODS) if plugin.list_method(method)] == ["models/list"]


def test_a_refusal_is_rendered_in_its_form() -> None:
    plugin = PROTOCOL(Settings("/v1", "models", 100))
    refusal = Refusal(Reason.DENIED, "no")
    assert plugin.render(refusal, "a", head("models")) == render(refusal, "a")


def test_the_base_path_is_that_of_the_route() -> None:
    plugin = PROTOCOL(Settings("/openai/v1", "models", 100))
    assert isinstance(plugin.open(head("models", (), "GET")).verdict, Refusal)
