"""Named topics, by their words and phrases. Pure: no I/O, no clock.

One word of a topic may be chance; two different ones close together are what a text is about.
Ready topics are short English lists to start from, not a classifier: what has no word of the list
is not found.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.pattern import Candidate, Pattern, Validate
from gateway.guardrails.word_patterns import normal_words, word_patterns

ALONE: Final = 0.5
"""Score of one word."""

TOGETHER: Final = 0.8
"""Score of a word with another one of its topic within 64 characters."""

_READY: Final = {
    "gambling": """
        casino, casinos, betting odds, sports betting, place a bet, bookmaker, bookmakers,
        roulette, blackjack, slot machine, slot machines, poker, jackpot, wager, wagers, lottery,
        sportsbook, gambling
    """,
    "investment_advice": """
        stock, stocks, shares, portfolio, invest, investing, investment, dividend, dividends, etf,
        etfs, mutual fund, bonds, crypto, bitcoin, options trading, day trading, buy or sell,
        short selling, leverage, asset allocation, index fund, broker
    """,
    "legal_advice": """
        lawsuit, lawsuits, sue, attorney, lawyer, plaintiff, defendant, liability, breach of
        contract, custody, divorce, settlement, subpoena, statute of limitations, legal advice,
        court order, eviction, tort, indictment
    """,
    "medical_advice": """
        diagnosis, diagnose, symptom, symptoms, dosage, dose, prescription, medication,
        antibiotics, side effects, overdose, chest pain, blood pressure, treatment, tumor,
        insulin, painkiller, painkillers, contraindication
    """,
    "politics": """
        election, elections, vote for, ballot, senator, congress, parliament, republican,
        republicans, democrat, democrats, left-wing, right-wing, campaign, candidate, referendum,
        president, prime minister, political party
    """,
    "weapons": """
        gun, guns, rifle, rifles, pistol, handgun, ammunition, ammo, firearm, firearms, explosive,
        explosives, grenade, detonator, silencer, pipe bomb, molotov, gunpowder, shotgun, ghost
        gun
    """,
}

Ready = Literal[
    "gambling", "investment_advice", "legal_advice", "medical_advice", "politics", "weapons"
]
_Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Topic(Section):
    """A topic of the user's own."""

    name: _Label = Field(description="The category of its findings.")
    words: Annotated[tuple[str, ...], Field(min_length=1, max_length=2_000)] = Field(
        description="Words and phrases, found as a whole, in any case."
    )


class Options(Section):
    """Which topics to look for."""

    ready: tuple[Ready, ...] = Field(default=(), description="Of the lists that come along.")
    own: tuple[Topic, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _named(self) -> Self:
        names = [*self.ready, *(topic.name for topic in self.own)]
        if not names:
            raise ValueError("no topics: name some of `ready`, or give `own`")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the topic {twice} is there twice")
        return self


def _prepare(options: Options) -> Prepared:
    topics = {name: _READY[name].split(",") for name in options.ready}
    topics |= {topic.name: list(topic.words) for topic in options.own}
    return Prepared(
        tuple(pattern for name, words in topics.items() for pattern in _patterns(name, words))
    )


def _patterns(name: str, words: Sequence[str]) -> list[Pattern]:
    known = normal_words(words)
    if not known:
        raise ValueError(f"the topic {name} has no words")
    others = _others(known)
    return [
        replace(pattern, validate=_scored(pattern.validate, others), costly=True)
        for pattern in word_patterns(name, name, known, ALONE)
    ]


def _others(words: Sequence[str]) -> Callable[[Candidate], bool]:
    """Whether a word of the topic that is not the candidate itself stands beside it."""
    spelled = (re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len)[::-1])
    regex = re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", re.IGNORECASE)

    def others(found: Candidate) -> bool:
        own = found.text.casefold()
        return any(
            match[0].casefold() != own
            for beside in (found.before, found.after)
            for match in regex.finditer(beside)
        )

    return others


def _scored(whole: Validate | None, others: Callable[[Candidate], bool]) -> Validate:
    def validate(found: Candidate) -> float | None:
        if whole is not None and whole(found) is None:
            return None
        return TOGETHER if others(found) else ALONE

    return validate


DETECTOR: Final = Detector(
    "topics",
    "named topics by their words: a few ready ones, or the user's own",
    {name: f"words of the ready topic {name.replace('_', ' ')}" for name in _READY},
    Options,
    _prepare,
)
