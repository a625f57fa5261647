"""The model's own refusals, by their wording: an attack that passed the filters and that the model
did not follow is worth a note. Pure: no I/O, no clock.

English, German, French, Spanish, Italian, Portuguese and Dutch. A model that refuses in other words
is not noticed. Meant for the action `annotate`: a refusal does no harm.
"""

from collections.abc import Mapping
from typing import Final

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.model.passage import Part

CATEGORY: Final = "refusal"

CLEAR: Final = 0.85
"""Score of wording that hardly anything but a refusal has."""

LIKELY: Final = 0.5
"""Score of wording that a mere statement may have, too."""

FIELD: Final = 1.0
"""Score in the field that a model writes its refusals to."""

_VERBS: Final = (
    r"(?:help|assist|comply|provide|fulfil+|answer|do\sthat|continue|support|create|generate"
    r"|write"
    r"|share|engage|participate|discuss|give|offer|produce|carry\sout)"
)

_CLEAR: Final[Mapping[str, str]] = {
    "sorry": (
        r"\b(?:i'?m|i\sam|we\sare)\s(?:very\s|really\s|so\s)?sorry,?\s(?:but\s)?(?:i"
        r"|we)\s(?:can'?t|cannot"
        r"|am\s(?:unable|not\sable)|must|won'?t|do\snot|don'?t)\b"
        r"|\b(?:my\sapologies|i\sapologi[sz]e),?\s(?:but\s)?i\s(?:can'?t|cannot|am\s(?:unable"
        r"|not\sable))\b"
    ),
    "cannot": (
        rf"\bi\s(?:can'?t|cannot|won'?t|will\snot|am\s(?:unable|not\sable|not\sgoing)\sto"
        rf"|'?m\s(?:unable|not\sable|not\sgoing)\sto)\s{_VERBS}\s(?:you\s)?(?:with\s)?"
        r"(?:that|this|any|such|your|these|those|it|instructions|information\son|assistance)\b"
    ),
    "decline": (
        r"\bi\s(?:must|have\sto|need\sto|respectfully|will\shave\sto)\s(?:respectfully\s"
        r"|politely\s)?"
        r"(?:decline|refuse)\b"
    ),
    "as_an_ai": (
        r"\bas\san\s(?:ai|artificial|language)\s?[a-z\s]{0,24},?\si\s(?:can'?t|cannot|am\snot"
        r"|'?m\snot"
        r"|must|won'?t|don'?t|do\snot)\b"
    ),
    "german": (
        r"\b(?:es\stut\smir\sleid|tut\smir\sleid|leider"
        r"|entschuldigung),?\s(?:aber\s)?(?:ich\skann|kann\sich"
        r"|darf\sich|ich\sdarf)\s[\w\s]{0,40}\bnicht\b"
        r"|\bich\skann\s(?:dir|ihnen)\s(?:dabei|damit|bei\sdieser\sanfrage|hierbei"
        r"|leider)\s[\w\s]{0,20}"
        r"nicht\b|\bdabei\skann\sich\s(?:dir\s|ihnen\s)?(?:leider\s)?nicht\shelfen\b"
    ),
    "french": (
        r"\b(?:je\ssuis\s)?desole(?:e)?,?\s(?:mais\s)?je\sne\s(?:peux|puis|suis)\s?(?:pas)?\b"
        r"|\bje\sne\s(?:peux|puis)\spas\s(?:vous\s|t'|te\s)?(?:aider|repondre|fournir"
        r"|donner\ssuite)"
    ),
    "spanish": (
        r"\b(?:lo\ssiento|disculpa|lamento),?\s(?:pero\s|mucho\s)?(?:que\s)?no\s(?:puedo"
        r"|me\ses\sposible)\b"
        r"|\bno\spuedo\s(?:ayudarte|ayudarle|ayudar\scon|proporcionar|cumplir\scon)\b"
    ),
    "italian": (
        r"\b(?:mi\sdispiace|spiacente),?\s(?:ma\s)?non\s(?:posso|sono\sin\sgrado)\b"
        r"|\bnon\sposso\s(?:aiutarti|aiutarla|fornire|soddisfare|assisterti)\b"
    ),
    "portuguese": (
        r"\b(?:desculpe|sinto\smuito|lamento),?\s(?:mas\s)?(?:eu\s)?nao\s(?:posso|consigo)\b"
        r"|\bnao\sposso\s(?:ajudar|fornecer|atender|cumprir)\b"
    ),
    "dutch": (
        r"\b(?:het\sspijt\sme|sorry),?\s(?:maar\s)?ik\skan\s[\w\s]{0,30}\bniet\b"
        r"|\bik\skan\s(?:je|u)\s(?:hier|daar)[a-z]{0,8}\sniet\b"
    ),
}

_WEAK: Final[Mapping[str, str]] = {
    "against": (
        r"\b(?:against|violates?|contrary\sto)\s(?:my|our|openai'?s?|the)\s(?:programming"
        r"|guidelines|polic"
        r"(?:y|ies)|principles|content\spolicy|ethical)\b"
    ),
    "not_appropriate": (
        r"\b(?:it\s(?:is|would\sbe)|it'?s)\snot\s(?:appropriate|ethical|possible"
        r"|safe)\sfor\sme\sto\b"
        r"|\bi'?m\snot\scomfortable\b|\bi\sam\snot\scomfortable\b"
    ),
    "unable": rf"\bi\s(?:can'?t|cannot|won'?t|am\sunable\sto|'?m\sunable\sto)\s{_VERBS}\b",
}


def _prepare(_: NoOptions) -> Prepared:
    patterns = (
        *(_pattern(name, regex, CLEAR) for name, regex in _CLEAR.items()),
        *(_pattern(name, regex, LIKELY) for name, regex in _WEAK.items()),
    )
    return Prepared(patterns, parts=frozenset({Part.ASSISTANT, Part.REFUSAL}))


def _pattern(name: str, regex: str, score: float) -> Pattern:
    def validate(found: Candidate) -> float:
        return FIELD if found.part is Part.REFUSAL else score

    return Pattern(name, regex, CATEGORY, score, caseless=True, validate=validate)


DETECTOR: Final = Detector(
    "model_refusal",
    "refusals that a model words itself; meant to annotate",
    {
        CATEGORY: "the model says that it will not or cannot do what it was asked",
        "structured": "it says so in the field for refusals, or by why it stopped; annotates",
    },
    NoOptions,
    _prepare,
)
