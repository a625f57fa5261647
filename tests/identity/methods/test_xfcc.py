"""x-forwarded-client-cert: who may send it, and what of it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.base import Invalid, Outcome
from gateway.identity.methods.xfcc import HEADER, MAX_LENGTH, last_element, verify
from gateway.model.principal import Principal
from tests.identity.issuer import AGENT, NOW, key_sets, request, rules

HOP = "spiffe://cluster.local/ns/edge/sa/proxy"
ELEMENT = f'By={HOP};Hash=468ed33be74eee6556d9;Subject="CN=x,O=\\"y;z\\"";URI={AGENT};DNS=a;DNS=b'


def outcome(*values: str, peer: str | None = HOP) -> Outcome:
    head = request(*((HEADER, value) for value in values), spiffe=peer)
    return verify(head, rules("xfcc", xfcc_from=(HOP,)), key_sets(), NOW)


def test_a_named_hop_speaks_for_its_client() -> None:
    principal = outcome(ELEMENT)
    assert isinstance(principal, Principal)
    assert principal.id == AGENT


def test_without_the_header_there_is_nothing_to_believe() -> None:
    assert outcome() is None


@pytest.mark.parametrize("peer", [None, AGENT, HOP + "2"])
def test_nobody_else_may_send_it(peer: str | None) -> None:
    assert isinstance(outcome(ELEMENT, peer=peer), Invalid)


def test_only_the_last_element_counts() -> None:
    forged = "Hash=00;URI=spiffe://cluster.local/ns/admin/sa/root"
    for values in ((f"{forged},{ELEMENT}",), (forged, ELEMENT)):
        principal = outcome(*values)
        assert isinstance(principal, Principal)
        assert principal.id == AGENT


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",",
        ";",
        f"{ELEMENT},",
        f"{ELEMENT};",
        f",{ELEMENT}",
        f"{ELEMENT};URI={AGENT}",
        "Hash=00",
        "Hash=00;URI=",
        "Hash=00;URI=https://a/b",
        f"Hash=00;Hash=01;URI={AGENT}",
        f"Colour=red;URI={AGENT}",
        f"URI={AGENT} ",
        f"URI= {AGENT}",
        f'Subject="open;URI={AGENT}',
        f'Subject="a"b;URI={AGENT}',
        f'Subject=a"b";URI={AGENT}',
        f"={AGENT}",
        f"bad element,URI={AGENT}",
    ],
)
def test_anything_but_the_grammar_is_refused(value: str) -> None:
    assert isinstance(outcome(value), Invalid)


def test_quoted_values_keep_their_separators() -> None:
    element = last_element(ELEMENT)
    assert element is not None
    assert element["subject"] == ('CN=x,O="y;z"',)
    assert element["dns"] == ("a", "b")


def test_a_value_has_a_greatest_length() -> None:
    assert last_element("Hash=" + "0" * (MAX_LENGTH - 5)) is not None
    assert last_element("Hash=" + "0" * (MAX_LENGTH - 4)) is None


@given(st.text(alphabet='Uu=",;\\ RI' + AGENT, max_size=300))
def test_no_value_raises(value: str) -> None:
    assert isinstance(outcome(value), Invalid | Principal)
