import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.providers import KINDS, GuardrailProvider

HOOK = {"url": "https://hook.example"}


def provider(**values: Any) -> GuardrailProvider:
    return GuardrailProvider.model_validate_json(json.dumps({"name": "one", **values}))


def test_a_provider_tells_of_which_kinds_it_is() -> None:
    assert provider().kinds == ()
    assert provider(webhook=HOOK).kinds == ("webhook",)
    assert provider(webhook=HOOK, litellm=HOOK).kinds == ("webhook", "litellm")


def test_every_kind_is_a_section_of_a_provider() -> None:
    assert set(KINDS) <= set(GuardrailProvider.model_fields)


def test_a_provider_is_asked_for_a_second_where_nothing_is_said() -> None:
    assert provider(webhook=HOOK).timeout == 1.0


def test_credentials_are_not_shown() -> None:
    shown = repr(provider(webhook={**HOOK, "auth": {"value": "Bearer s3cret"}}))
    shown += repr(provider(grpc={"address": "h:1", "token": "s3cret"}))
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hook.example",
        "https://user:password@hook.example",
        "https://hook.example/a?key=x",
        "https://hook.example/#a",
        "https://",
        "hook.example",
    ],
)
def test_a_url_has_neither_credentials_nor_a_query(url: str) -> None:
    with pytest.raises(ValidationError):
        provider(webhook={"url": url})


@pytest.mark.parametrize("template", ["a/b", "..", "", "a:sanitizeUserPrompt?x", "ä"])
def test_a_template_is_one_segment_of_a_resource_name(template: str) -> None:
    armor = {"project": "p", "location": "l", "template": template}
    with pytest.raises(ValidationError):
        provider(model_armor=armor)
