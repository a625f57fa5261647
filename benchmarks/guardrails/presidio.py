"""What Presidio's pattern recognisers cost, run by the Python of a folder that has them.

    .presidio/bin/python benchmarks/guardrails/presidio.py < texts.json > costs.json

No language model is loaded and nothing is fetched. It imports nothing of the project.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

PHONE = "PhoneRecognizer"
ALIKE = (
    *("CreditCardRecognizer", "EmailRecognizer", "IbanRecognizer", "IpRecognizer"),
    *("UsSsnRecognizer", "CryptoRecognizer", "UsItinRecognizer", "NhsRecognizer"),
)
"""Types that the gateway's detector has as well."""


def recognisers(names: Iterable[str]) -> list[Any]:
    """These recognisers as they come, for English."""
    found = import_module("presidio_analyzer.predefined_recognizers")
    return [getattr(found, name)() for name in names]


def microseconds(analyse: Callable[[str], object], text: str, rounds: int) -> float:
    """CPU time for a kilobyte of UTF-8: the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time_ns()
        analyse(text)
        best = min(best, time.process_time_ns() - began)
    return best / 1_000 / (len(text.encode()) / 1_000)


def main() -> None:
    """Read texts by name, write the costs of each set of recognisers on each."""
    suffixes = import_module("tldextract")
    # Else the recogniser of e-mail fetches a list of suffixes; the one that it comes with will do.
    vars(suffixes)["extract"] = suffixes.TLDExtract(suffix_list_urls=())
    texts: dict[str, str] = json.load(sys.stdin)
    sets = {"eight pattern recognisers": ALIKE, "the same and telephone numbers": (*ALIKE, PHONE)}
    costs: dict[str, dict[str, float]] = {}
    for name, chosen in sets.items():
        loaded = recognisers(chosen)

        def analyse(text: str) -> None:
            for one in loaded:  # noqa: B023  called at once
                one.analyze(text, one.supported_entities, None)

        analyse("warm-up +44 20 7946 0000")
        costs[name] = {what: microseconds(analyse, text, 3) for what, text in texts.items()}
    json.dump(costs, sys.stdout)


if __name__ == "__main__":
    main()
