"""The detector of credentials."""

import argparse
import http.client
import inspect
import smtplib
import urllib.request

from gateway.guardrails.detector import NoOptions
from gateway.guardrails.detectors import find_detectors
from gateway.guardrails.detectors.secrets import DETECTOR
from gateway.guardrails.patterns import PatternSet
from tests.guardrails.finding import scorer
from tests.guardrails.secrets.issued import drawn

PATTERNS = DETECTOR.prepare(NoOptions()).patterns
find = scorer(PATTERNS)


def test_it_is_known_by_its_name() -> None:
    assert find_detectors()["secrets"] is DETECTOR


def test_every_pattern_finds_a_category_that_the_detector_names() -> None:
    assert {pattern.category for pattern in PATTERNS} == set(DETECTOR.categories)
    assert len({pattern.name for pattern in PATTERNS}) == len(PATTERNS)


def test_all_of_it_is_searched_in_one_pass() -> None:
    assert PatternSet({"secrets": PATTERNS}).slow == frozenset()


def test_a_known_form_scores_higher_than_a_name() -> None:
    [(category, _, certain)] = find("see " + "gh" + "p_" + drawn(36))
    assert (category, certain) == ("github_token", 0.95)
    [(category, _, likely)] = find(f"api_key = {drawn(36)}")
    assert (category, likely) == ("api_key", 0.8)


def test_ordinary_code_has_no_finding() -> None:
    for module in (argparse, http.client, smtplib, urllib.request):
        assert find(inspect.getsource(module)) == []
