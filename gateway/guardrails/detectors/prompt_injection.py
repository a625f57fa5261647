"""Prompt injection: text that wants to be an instruction. Pure: no I/O, no clock.

Rules tell families of wording and where they are; the scorer, trained on word n-grams, tells
windows that read like attacks. Neither sees an injection that is worded like an ordinary request:
what a document asks for without saying "ignore your instructions" has to be met by rules on where
data comes from, not by its text.
"""

from typing import Final

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.scorer.attacks import CATEGORIES, prepared
from gateway.guardrails.scorer.injection import INJECTION
from gateway.guardrails.scorer.jailbreaking import JAILBREAKS


class Options(Section):
    """`scorer` asks the trained scorer, too: about 0.1 ms for a kilobyte."""

    scorer: bool = True


def _prepare(options: Options) -> Prepared:
    return prepared(INJECTION, JAILBREAKS, scorer=options.scorer)


DETECTOR: Final = Detector(
    "prompt_injection",
    "text that gives the model instructions it should not take",
    {family.category: family.summary for family in INJECTION} | CATEGORIES,
    Options,
    _prepare,
)
