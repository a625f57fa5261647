"""Which language a text is in, for lists of languages that are allowed. Pure: no I/O, no clock.

By script first, then, among languages in Latin letters, by their most frequent words, as these are
in normal text (without diacritics). A window with too little to go by is no finding: a few words,
a name, a number. Source code mostly counts as English, of which its words are.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import Annotated, Final

from pydantic import Field, field_validator

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared, Scored, ScoreWindow
from gateway.guardrails.normal import normalised

_COMMON: Final = {
    "en": """
        the of and to in is that it for was with as on be at by this had not are but from or have
        an they which you were her his their we would there been has when who will more if no out
        so what
    """,
    "de": """
        der die das und ist nicht ein eine den dem mit auf für von zu im sich auch es als an
        werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum
        haben oder ich wir mir
    """,
    "fr": """
        le la les des et est un une du que dans qui pour pas sur au plus ce il elle par avec ne se
        sont aux mais comme ou nous vous cette être je sa ses son leur été fait c'est
    """,
    "es": """
        el la los las de que y en un una es por con no para se del lo su al más como pero sus le
        ya o este sí porque esta entre cuando muy sin sobre también me hay donde
    """,
    "it": """
        il lo la gli le di che e è un una per non con del della dei delle da in sono si al alla
        nel come più ma anche ha questo questa perché io mi ci essere ho suo
    """,
    "pt": """
        o a os as de que e do da em um uma para com não por mais dos das como mas foi ao ele ela
        sua seu se na no nas nos são também pelo pela até isso você é
    """,
    "nl": """
        de het een en van ik te dat die in niet zijn is was op aan met als voor er maar om hem dan
        zou of wat mijn men dit zo door over ze bij ook tot je naar hebben deze
    """,
    "sv": """
        och det att i en jag hon som han på den med var sig för så till är men ett om hade de av
        icke mig du henne då sin nu har inte hans honom skulle från utan
    """,
    "da": """
        og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om
        vi min havde ham hun nu over da fra du ud sin dem os op
    """,
    "no": """
        og i jeg det at en et den til er som på de med han av ikke der så var meg seg men ett har
        om vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss
    """,
    "fi": """
        ja on ei se että oli hän en mutta ovat niin kun tai myös joka mitä minä sinä tämä olen ole
        kuin sen hänen vain jos mukaan sekä ollut
    """,
    "pl": """
        w i się na nie z do to że jest o jak a ale po co tak za od przez dla czy tego są był było
        już tylko jego jej może ich być które
    """,
    "cs": """
        a se v na je že s z do o k i by ale jako za od po pro byl jsem jeho už který jsou jen když
        nebo podle také není této bylo
    """,
    "ro": """
        și în de la a cu este pe nu un o care mai din că să se pentru sunt au fost ca dar prin
        între după lui ei sau această
    """,
    "hu": """
        a az és hogy nem egy is van ez de meg csak már mint volt ha el még ki fel kell lehet azt
        vagy minden én majd ezt
    """,
    "tr": """
        ve bir bu da de için ile çok ne mi daha gibi olan ama kadar olarak en sonra ben o var yok
        değil her şey ki ya
    """,
}

_SCRIPTS: Final = {
    "ja": "\u3040-\u30ff",
    "ko": "\u1100-\u11ff\uac00-\ud7a3",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f",
    "hebrew": "\u0590-\u05ff",
    "devanagari": "\u0900-\u097f",
    "thai": "\u0e00-\u0e7f",
}
"""Characters of a script; kana before Han, since Japanese has both."""

_NAMES: Final = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "fi": "Finnish",
    "pl": "Polish",
    "cs": "Czech",
    "ro": "Romanian",
    "hu": "Hungarian",
    "tr": "Turkish",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
    "cyrillic": "a language in Cyrillic letters",
    "greek": "Greek",
    "arabic": "a language in Arabic letters",
    "hebrew": "a language in Hebrew letters",
    "devanagari": "a language in Devanagari",
    "thai": "Thai",
}

_WORD: Final = re.compile(r"[^\W\d_]+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_IN_SCRIPT: Final = {name: re.compile(f"[{chars}]") for name, chars in _SCRIPTS.items()}
_SHARE: Final = 0.25
"""Of letters, from which on a window is in a script."""

_LIKE_LATIN: Final = {"cyrillic": 0.12, "greek": 0.12}
"""Of most letters of these, normal text has the Latin ones that they look like."""

_LEAST_LETTERS: Final = 6
_LEAST_HITS: Final = 3
_SURE_HITS: Final = 8


def _spelled(words: str) -> frozenset[str]:
    return frozenset(normalised(words).text.split())


_LANGUAGES_OF: Final = {
    word: tuple(code for code, words in _COMMON.items() if word in _spelled(words))
    for word in _spelled(" ".join(_COMMON.values()))
}


def language(window: str) -> tuple[str, float] | None:
    """The language of normal text, by its code or its script's name, and how sure that is (0.5 to
    1); None where there is too little to go by."""
    if not window.isascii() and (script := _script(window)) is not None:
        return script, 1.0
    hits: Counter[str] = Counter()
    for word in _WORD.findall(window.lower()):
        known = _LANGUAGES_OF.get(word, ())
        for code in known:
            hits[code] += 12 // len(known)
    ranked = [*hits.most_common(2), ("", 0), ("", 0)]
    (first, most), (_, second) = ranked[0], ranked[1]
    if most < 12 * _LEAST_HITS or most <= second:
        return None
    apart = min(1.0, 2 * (most - second) / most)
    return first, 0.5 + 0.5 * apart * min(1.0, most / (12 * _SURE_HITS))


def _script(window: str) -> str | None:
    letters = len(_LETTER.findall(window))
    if letters < _LEAST_LETTERS:
        return None
    counts = {name: len(regex.findall(window)) for name, regex in _IN_SCRIPT.items()}
    if counts["ja"] >= letters * 0.1:
        return "ja"
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= letters * _LIKE_LATIN.get(best, _SHARE) else None


_CODES: Final = ", ".join(_NAMES)


class Options(Section):
    """Which languages may be used."""

    allowed: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description=f"What is no finding: {_CODES}."
    )

    @field_validator("allowed")
    @classmethod
    def _known(cls, allowed: tuple[str, ...]) -> tuple[str, ...]:
        unknown = next((name for name in allowed if name not in _NAMES), None)
        if unknown is not None:
            raise ValueError(f"{unknown!r} cannot be told; known: {_CODES}")
        return allowed


def _prepare(options: Options) -> Prepared:
    return Prepared(window=_outside(frozenset(options.allowed)))


def _outside(allowed: Collection[str]) -> ScoreWindow:
    def score(window: str) -> tuple[Scored, ...]:
        told = language(window)
        return () if told is None or told[0] in allowed else (Scored(told[0], told[1]),)

    return score


DETECTOR: Final = Detector(
    "language",
    "texts in a language that is not among those allowed",
    _NAMES,
    Options,
    _prepare,
)
