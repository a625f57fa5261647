"""Texts of a given size to measure the cost with: English, other languages, full of personal data.

Drawn from a seed, or taken from the documentation of the Python that runs this.
"""

import pydoc_data.topics
from itertools import cycle
from random import Random
from typing import Final

from benchmarks.guardrails.pii import positives
from benchmarks.guardrails.pii_values import VALUES

_LETTERS: Final = (
    (
        "Dear {name}, thank you for the notes from {day}. I have read them twice, and agree with "
        "most of what you wrote about the {thing}."
    ),
    (
        "Could we meet on {day} to talk about the {thing}? The others would like to hear what the "
        "people in {place} think of it, and so would I."
    ),
    (
        "The {thing} arrived in {place} later than we had hoped, but nothing was broken, and "
        "{name} has already put most of it where it belongs."
    ),
    (
        "We spent the morning walking through {place}. It rained a little; the {thing} was closed, "
        "so we had tea instead and came back by the early train."
    ),
    (
        "What surprised me is how little the {thing} changed after {day}. {name} says that it will "
        "take a year until anybody notices the difference."
    ),
    (
        "Please write a short summary of the last chapter, in plain words, for readers in {place} "
        "who have never heard of the {thing}."
    ),
)
_NAMES: Final = ("Kim", "Robin", "Noor", "Sasha", "Alex", "Mika", "Jules", "Toni")
_DAYS: Final = ("Monday", "Tuesday", "the first of May", "Thursday", "last Friday", "that evening")
_THINGS: Final = ("garden", "library", "old bridge", "recipe", "museum", "bicycle", "map", "report")
_PLACES: Final = ("Rotterdam", "the village", "Lisbon", "our street", "the north", "Tallinn")
_FOREIGN: Final = (
    "Können wir uns am Donnerstag über die Gärten und die schöne Brücke unterhalten? ",
    "Après le déjeuner, nous avons visité le musée où l'élève a laissé sa clé. ",
    "El próximo año la niña viajará a Málaga con su corazón lleno de sueños. ",
    "Вчера мы долго гуляли по старому городу и говорили о книгах. ",  # noqa: RUF001  Cyrillic
    "Το πρωί περπατήσαμε στη θάλασσα και μιλήσαμε για το ταξίδι. ",  # noqa: RUF001  Greek
    "昨日は図書館で本を読んで、それから友達とお茶を飲みました。",
    "我们在花园里散步,然后一起看了一部老电影。",
    "어제 우리는 도서관에서 책을 읽고 차를 마셨습니다. ",
    "في الصباح مشينا في الحديقة وتحدثنا عن الكتب القديمة. ",
)


def english(size: int, seed: int = 1) -> str:
    """So many characters of letters that people write one another, all ASCII."""
    random, parts, length = Random(f"english-{seed}"), list[str](), 0
    while length < size:
        parts.append(
            random.choice(_LETTERS).format(
                name=random.choice(_NAMES),
                day=random.choice(_DAYS),
                thing=random.choice(_THINGS),
                place=random.choice(_PLACES),
            )
        )
        length += len(parts[-1]) + 1
    return " ".join(parts)[:size]


def manual(size: int) -> str:
    """So many characters of Python's own manual, all ASCII: prose with code in it."""
    topics = pydoc_data.topics.topics
    text = "".join(topics[name] for name in sorted(topics))
    return "".join(char for char in text if char.isascii())[:size]


def foreign(size: int, seed: int = 1) -> str:
    """So many bytes, or a few less, of nine languages, in UTF-8."""
    random, parts, length = Random(f"foreign-{seed}"), list[str](), 0
    while length < size:
        parts.append(random.choice(_FOREIGN))
        length += len(parts[-1].encode())
    return "".join(parts).encode()[:size].decode("utf-8", "ignore")


def dense(size: int, seed: int = 1) -> str:
    """So many characters in which every sentence or two has something personal."""
    drawn = [positives(category, size // 60 + 1, seed) for category in sorted(VALUES)]
    parts, length = list[str](), 0
    for samples in cycle(drawn):
        if length >= size:
            break
        parts.append(next(samples).text)
        length += len(parts[-1]) + 1
    return "\n".join(parts)[:size]


def numbers(size: int, seed: int = 1) -> str:
    """So many characters of nothing but telephone numbers: as much as validators can be asked."""
    random = Random(f"numbers-{seed}")
    count = size // 16 + 1
    return " ".join(f"+44 20 7{random.randint(0, 9999999):07}" for _ in range(count))[:size]
