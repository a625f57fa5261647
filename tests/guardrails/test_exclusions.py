import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from gateway.guardrails.exclusions import Exclusion, Exclusions, Matched, fingerprint

TODAY = date(2027, 1, 31)
FOUND = Matched("pii", "email_address", "help@example.com", "mail to ", " for help", "send")


def exclusion(**changed: object) -> Exclusion:
    told = {"owner": "sec", "reason": "public", "expires": "2027-01-31", **changed}
    return Exclusion.model_validate_json(json.dumps(told))


def excluded(one: Exclusion, found: Matched = FOUND) -> bool:
    return Exclusions([one], TODAY).of(found) is one


def test_a_fingerprint_excludes_its_text_under_its_category_only() -> None:
    one = exclusion(fingerprint=fingerprint("pii", "email_address", "help@example.com"))
    assert excluded(one)
    assert excluded(one, replace(FOUND, text="he\u200blp@ex\u0430mple.com"))
    assert not excluded(one, replace(FOUND, text="help2@example.com"))
    assert not excluded(one, replace(FOUND, category="phone"))
    assert not excluded(one, replace(FOUND, detector="custom"))


def test_a_fingerprint_is_32_hex_characters_that_stay_the_same() -> None:
    assert fingerprint("a", "b", "c") == "8badde10c760e9b702defb4b5e225de7"
    assert fingerprint("ab", "c", "d") != fingerprint("a", "bc", "d")


def test_a_pattern_has_to_match_all_of_what_was_found() -> None:
    assert excluded(exclusion(pattern=r"\w+@example\.com"))
    assert not excluded(exclusion(pattern=r"example\.com"))


def test_a_pattern_on_the_surroundings_has_to_overlap_the_finding() -> None:
    assert excluded(exclusion(pattern=r"mail to help@", within="surroundings"))
    assert excluded(exclusion(pattern=r"[a-z.]+ for help", within="surroundings"))
    assert not excluded(exclusion(pattern=r"mail to", within="surroundings"))
    assert not excluded(exclusion(pattern=r"for help", within="surroundings"))
    assert not excluded(exclusion(pattern=r"example\.com"), replace(FOUND, text="other"))


@pytest.mark.parametrize(
    ("limit", "inside", "outside"),
    [
        ({"detectors": ["pii"]}, {}, {"detector": "words"}),
        ({"categories": ["email_address"]}, {}, {"category": "phone"}),
        ({"tools": ["send"]}, {}, {"tool": ""}),
    ],
)
def test_limits_narrow_what_is_excluded(
    limit: dict[str, object], inside: dict[str, str], outside: dict[str, str]
) -> None:
    one = exclusion(pattern=".+", **limit)
    assert excluded(one, replace(FOUND, **inside))
    assert not excluded(one, replace(FOUND, **outside))


def test_an_exclusion_applies_up_to_its_last_day_and_is_told_then() -> None:
    last = exclusion(pattern=".+")
    over = exclusion(pattern=".+", expires="2027-01-30")
    assert Exclusions([last], TODAY).expired == ()
    both = Exclusions([over, last], TODAY)
    assert both.expired == (over,)
    assert both.of(FOUND) is last
    assert not Exclusions([over], TODAY)


def test_an_exclusion_expires_while_it_is_judged_by() -> None:
    last = exclusion(pattern=".+")
    loaded = Exclusions([last], TODAY)
    assert loaded.of(FOUND, last.expires) is last
    assert loaded.of(FOUND, last.expires + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "either `fingerprint` or `pattern`"),
        ({"pattern": "a", "fingerprint": "0" * 32}, "either `fingerprint` or `pattern`"),
        ({"pattern": "(a"}, "no RE2 expression"),
        ({"pattern": "a*"}, "matches the empty text"),
        ({"fingerprint": "xyz"}, "fingerprint"),
        ({"pattern": "a", "owner": ""}, "owner"),
        ({"pattern": "a", "expires": "soon"}, "expires"),
    ],
)
def test_an_exclusion_that_says_too_little_or_too_much_is_refused(
    changed: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        exclusion(**changed)
