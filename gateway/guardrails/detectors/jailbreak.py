"""Jailbreaks: text that talks a model out of its rules. Pure: no I/O, no clock.

Rules as for prompt injection. The trained scorer is the same one for both and is off here unless
asked for, so that a Guardrail with both detectors does not pay for it, or find, twice.
"""

from typing import Final

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.scorer.attacks import CATEGORIES, prepared
from gateway.guardrails.scorer.injection import INJECTION
from gateway.guardrails.scorer.jailbreaking import JAILBREAKS


class Options(Section):
    """`scorer` asks the trained scorer, too: about 0.1 ms for a kilobyte."""

    scorer: bool = False


def _prepare(options: Options) -> Prepared:
    return prepared(JAILBREAKS, INJECTION, scorer=options.scorer)


DETECTOR: Final = Detector(
    "jailbreak",
    "text that talks a model out of its rules",
    {family.category: family.summary for family in JAILBREAKS} | CATEGORIES,
    Options,
    _prepare,
)
