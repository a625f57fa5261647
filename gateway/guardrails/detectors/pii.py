"""Personal data in texts: cards, accounts, national numbers, e-mail, telephone, addresses of
machines, dates of birth, passports.

Pure: no I/O, no clock. Scores: 0.9 where check digits hold and nothing else is written like that,
0.85 where rules hold and a word near it says what it is, 0.7 where rules hold for a form that
little else has, 0.5 for the form alone, 0.4 for what is as likely something else (private IP
addresses, passports). Names of people, street addresses and everything else that only the meaning
of a text tells are out of reach of patterns: they need a language model.
"""

from typing import Final

import phonenumbers
from pydantic import Field

from gateway.config.section import Section
from gateway.config.shape import nearest
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.kind import Kind, catalogue
from gateway.guardrails.pii import (
    americas,
    asia_pacific,
    bank,
    birth,
    card,
    documents,
    email,
    europe,
    network,
    united_kingdom,
    united_states,
    wallet,
)
from gateway.guardrails.pii.phone import REGIONS, phone

_KINDS: Final[tuple[Kind, ...]] = (
    *card.KINDS,
    *bank.KINDS,
    *united_states.KINDS,
    *united_kingdom.KINDS,
    *europe.KINDS,
    *americas.KINDS,
    *asia_pacific.KINDS,
    *email.KINDS,
    *network.KINDS,
    *birth.KINDS,
    *documents.KINDS,
    *wallet.KINDS,
)
_PHONE: Final = phone(REGIONS, named=False)
_CATEGORIES: Final = catalogue((*_KINDS, _PHONE))


class PiiOptions(Section):
    """What to look for."""

    types: tuple[str, ...] | None = Field(
        default=None, description="Categories to look for; all where it is left out."
    )
    regions: tuple[str, ...] | None = Field(
        default=None,
        description="Countries (ISO 3166) whose telephone numbers count in national form without a "
        "word that announces them.",
    )


def _prepare(options: PiiOptions) -> Prepared:
    unknown = sorted(set(options.types or ()) - _CATEGORIES.keys())
    if unknown:
        near = nearest(unknown[0], _CATEGORIES)
        fix = f' (did you mean "{near}"?)' if near else ""
        raise ValueError(f"types: there is no {unknown[0]!r}{fix}")
    regions = options.regions
    strange = sorted(set(regions or ()) - phonenumbers.SUPPORTED_REGIONS)
    if strange:
        raise ValueError(f"regions: {strange[0]!r} has no telephone numbers")
    telephone = _PHONE if regions is None else phone(regions, named=True)
    wanted = _CATEGORIES.keys() if options.types is None else frozenset(options.types)
    return Prepared(
        patterns=tuple(
            pattern
            for kind in (*_KINDS, telephone)
            if kind.category in wanted
            for pattern in kind.patterns
        )
    )


DETECTOR: Final = Detector(
    name="pii",
    summary="Personal data with known forms: cards, accounts, national numbers, contacts.",
    categories=_CATEGORIES,
    options=PiiOptions,
    prepare=_prepare,
)
