"""Identity configuration that could not work or would be ambiguous."""

from typing import Any

import pytest

from gateway.config.schema import ApiKey, Identity, ListenerIdentity
from gateway.identity.rules import compile_rules
from tests.identity.issuer import issuer_config

HASHES = ("0" * 64, "1" * 64)


@pytest.mark.parametrize(
    ("listener", "text"),
    [
        ({"accept": ()}, "empty"),
        ({"accept": ("jwt", "jwt")}, "twice"),
        ({"accept": ("xfcc",)}, "xfcc_from"),
        ({"accept": ("xfcc",), "xfcc_from": ("proxy",)}, "SPIFFE"),
        ({"accept": ("metadata",)}, "metadata_namespaces"),
        ({"accept": ("metadata",), "metadata_namespaces": ("a#b",)}, "#"),
    ],
)
def test_a_listener_that_could_not_work_is_an_error(listener: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        compile_rules(ListenerIdentity(**listener), Identity())


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        (Identity(jwt=(issuer_config(), issuer_config())), "issuer is given twice"),
        (Identity(jwt=(issuer_config(issuer="https://a#b"),)), "#"),
        (Identity(jwt=(issuer_config(issuer="https://a\x1f"),)), "printable"),
        (
            Identity(keys=tuple(ApiKey(name="a", sha256=digest) for digest in HASHES)),
            "name is given twice",
        ),
        (
            Identity(keys=tuple(ApiKey(name=name, sha256=HASHES[0]) for name in "ab")),
            "sha256 is given twice",
        ),
    ],
)
def test_two_identities_never_share_a_name(identity: Identity, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        compile_rules(ListenerIdentity(), identity)
