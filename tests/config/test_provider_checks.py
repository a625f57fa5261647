from pathlib import Path
from typing import Any

import pytest

from tests.config.case import complaints, right
from tests.support.certificates import Authority

ARMOR = {"project": "p", "location": "europe-west4", "template": "strict"}
HOOK = {"url": "https://hook.example/guard"}


def with_provider(provider: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    named = [{"name": f"one-{index}", **one} for index, one in enumerate((provider, *others))]
    return right() | {"guardrail_providers": named}


def with_server(server: dict[str, Any]) -> dict[str, Any]:
    value = right()
    value["service"] = {**value["service"], "model_armor": server}
    return value


@pytest.mark.parametrize(
    "provider",
    [
        {"model_armor": {**ARMOR, "auth": {"value": "Bearer x"}}},
        {"model_armor": {**ARMOR, "url": "http://127.0.0.1:9000"}},
        {"webhook": HOOK},
        {"webhook": {"url": "http://localhost:9000"}},
        {"litellm": HOOK},
        {"openai_moderation": {"auth": {"value": "Bearer x"}}},
        {"guard_model": {"url": "http://[::1]:9/v1", "model": "m", "form": "shieldgemma"}},
        {"grpc": {"address": "guard.internal:443", "token": "x"}},
        {"grpc": {"address": "127.0.0.1:9000", "tls": False, "token": "x"}},
    ],
)
def test_these_providers_are_right(provider: dict[str, Any], tmp_path: Path) -> None:
    assert complaints(with_provider(provider), tmp_path) == []


@pytest.mark.parametrize(
    ("provider", "complaint"),
    [
        ({}, "error guardrail_providers[0]: a provider is of exactly one kind"),
        (
            {"webhook": HOOK, "litellm": HOOK},
            "error guardrail_providers[0]: a provider is of exactly one kind",
        ),
        (
            {"model_armor": ARMOR},
            "error guardrail_providers[0].model_armor: Google asks for a token",
        ),
        (
            {"webhook": {"url": "http://hook.example"}},
            (
                "warning guardrail_providers[0].webhook.url: what is judged crosses the network "
                "without TLS"
            ),
        ),
        (
            {"webhook": {"url": "http://hook.example", "auth": {"value": "x"}}},
            (
                "warning guardrail_providers[0].webhook.url: what is judged crosses the network "
                "without TLS, the credential with it"
            ),
        ),
        (
            {"webhook": {"url": "https://hook.example:99999"}},
            (
                'error guardrail_providers[0].webhook.url: "https://hook.example:99999" has no '
                "host:port"
            ),
        ),
        (
            {"webhook": {**HOOK, "auth": {"header": "host", "value": "x"}}},
            (
                "error guardrail_providers[0].webhook.auth.header: a credential cannot be sent as "
                '"host"'
            ),
        ),
        (
            {"webhook": {**HOOK, "auth": {"value": "s3cret\nx"}}},
            "error guardrail_providers[0].webhook.auth.value: not a header value",
        ),
        (
            {"grpc": {"address": "guard"}},
            'error guardrail_providers[0].grpc.address: "guard" is not host:port',
        ),
        (
            {"grpc": {"address": "127.0.0.1:9000", "token": "a\nb"}},
            "error guardrail_providers[0].grpc.token: not a header value",
        ),
    ],
)
def test_what_is_wrong_with_a_provider_is_told_at_its_place(
    provider: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    assert complaints(with_provider(provider), tmp_path) == [complaint]


def test_a_token_may_not_cross_the_network_without_tls(tmp_path: Path) -> None:
    told = complaints(
        with_provider({"grpc": {"address": "guard.internal:80", "tls": False, "token": "x"}}),
        tmp_path,
    )
    assert told[0] == (
        "error guardrail_providers[0].grpc.token: the token would cross the network without TLS"
    )


def test_a_provider_has_less_time_than_a_judgement(tmp_path: Path) -> None:
    value = with_provider({"webhook": HOOK, "timeout": 5})
    assert complaints(value, tmp_path) == [
        (
            "error guardrail_providers[0].timeout: "
            "a judgement ends before the time of this provider does"
        )
    ]
    assert complaints(value | {"limits": {"decision_seconds": 6}}, tmp_path) == []


def test_two_providers_cannot_have_one_name(tmp_path: Path) -> None:
    value = with_provider({"webhook": HOOK}, {"webhook": HOOK})
    value["guardrail_providers"][1]["name"] = "one-0"
    assert complaints(value, tmp_path) == [
        'error guardrail_providers[1].name: provider "one-0" already exists'
    ]


def test_a_provider_has_one_credential_and_its_file_must_be_there(tmp_path: Path) -> None:
    both = {**HOOK, "auth": {"value": "x"}, "token_file": "token"}
    assert complaints(with_provider({"webhook": both}), tmp_path) == [
        "error guardrail_providers[0].webhook.token_file: auth and token_file exclude each other",
        (
            'error guardrail_providers[0].webhook.token_file: cannot read "token": '
            "No such file or directory"
        ),
    ]
    (tmp_path / "token").write_text("t")
    assert complaints(with_provider({"webhook": {**HOOK, "token_file": "token"}}), tmp_path) == []


@pytest.mark.parametrize("kind", [{"webhook": HOOK}, {"grpc": {"address": "guard.internal:443"}}])
def test_a_ca_holds_certificates(kind: dict[str, Any], tmp_path: Path) -> None:
    ((name, section),) = kind.items()
    (tmp_path / "ca.pem").write_text("no certificate")
    assert complaints(with_provider({name: {**section, "ca": "ca.pem"}}), tmp_path) == [
        f'error guardrail_providers[0].{name}.ca: "ca.pem" holds no PEM certificates'
    ]


def test_a_server_of_model_armor_is_right_on_loopback_or_with_tls(tmp_path: Path) -> None:
    pair = Authority(tmp_path).server("gate.example")
    files = {"certificate": str(pair.certificate), "key": str(pair.key)}
    assert complaints(with_server({"address": "127.0.0.1:9940"}), tmp_path) == []
    assert complaints(with_server({"address": "0.0.0.0:9940", **files}), tmp_path) == []


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        (
            {"address": "0.0.0.0:9940"},
            "warning service.model_armor.address: credentials and texts reach it without TLS",
        ),
        (
            {"address": "9940"},
            'error service.model_armor.address: "9940" is not host:port',
        ),
        (
            {"address": "127.0.0.1:9940", "accept": []},
            "error service.model_armor.accept: nobody can be identified here",
        ),
    ],
)
def test_what_is_wrong_with_the_server_is_told(
    server: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    assert complaints(with_server(server), tmp_path) == [complaint]


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    pair = Authority(tmp_path).server("gate.example")
    server = {"address": "0.0.0.0:9940", "certificate": str(pair.certificate)}
    assert complaints(with_server(server), tmp_path) == [
        "error service.model_armor: certificate and key belong together"
    ]
