"""Texts with personal data at known places, texts with what only looks like it, and the share that
a detector finds of the one and wrongly of the other.

All of it is drawn from a seed: each value of benchmarks/guardrails/pii_values.py is put into prose,
JSON, code and logs.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from re import sub
from typing import Final, Protocol

from benchmarks.guardrails.pii_values import VALUES, Values

COUNT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A text; where `category` is not None, characters `start` to `end` are one of it."""

    text: str
    category: str | None = None
    start: int = 0
    end: int = 0


class Found(Protocol):
    """What a detector says: a category and its range of characters."""

    @property
    def category(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


_MARK: Final = "\ue000"
"""Stands for the value until its place is known."""

_PROSE: Final = (
    "{Label}: {v}",
    "My {label} is {v}, please update the file.",
    "Hello, this is Kim. The {label} you asked for is {v}. Thanks!",
    "The customer gave {v} as the {label} when we spoke on Monday.",
    "Please check whether {label} {v} belongs to the same person; it does not look right to me.",
    "Form 12, page 3\n{Label}\n{v}\nSigned in Rotterdam.",
    "| name | {label} |\n|---|---|\n| Kim | {v} |",
    "I wrote it down ({label} {v}).",
    "{Label} {v}, valid until 12/2031, seen in Rotterdam on 4 May.",
    "* {label} - {v}\n* shoe size - 42\n",
    "{Label}:\t{v}.",
)
_BARE: Final = (
    "Please use {v} from now on.",
    "{v}",
    "As discussed, it is {v} (see the notes of Tuesday).",
    'Kim wrote "{v}" on the back of the envelope.',
    "- {v}\n- to be confirmed\n",
)
_CODE: Final = (
    '{key} = "{v}"\nsave(record)\n',
    "user.{key} = '{v}';",
    "INSERT INTO people (name, {key}) VALUES ('Kim', '{v}');",
    "{KEY}={v}\nexport {KEY}\n",
    "assert parse({key}='{v}') is not None  # from the form",
    "<{key}>{v}</{key}>",
    "id,name,{key}\n17,Kim,{v}\n",
    "person:\n  name: Kim\n  {key}: {v}\n  size: 42\n",
    'row = {{"{key}": "{v}", "size": 42}}',
    "curl -d 'name=Kim&{key}={v}' https://forms.example/new",
)
_LOG: Final = (
    "2031-03-05T10:22:31.123Z INFO [worker-3] {key}={v} status=200 duration_ms=184",
    "Mar  5 10:22:31 app[2231]: updated {label} {v} for user 48213",
    'level=warn msg="rejected" {key}="{v}" attempt=2',
    "[10:22:31] DEBUG Form - {label}: {v}",
    "web-7 form 200 {key}:{v}",
    'time=10:22:31.123 event=saved fields="{key}={v};size=42"',
)
_BARE_CODE: Final = (
    'values = ["{v}", "none"]',
    "2031-03-05T10:22:31Z INFO [worker-3] got {v} attempt=2",
    "process('{v}');",
)


def _constant(key: str) -> str:
    """userSSN -> USER_SSN."""
    return sub(r"(?<=[a-z])(?=[A-Z])", "_", key).upper()


def _json(random: Random, key: str) -> str:
    document = {"id": random.randint(1, 99_999), "person": {"name": "Kim", key: _MARK}, "ok": True}
    text = json.dumps(document, indent=random.choice([None, 2]), ensure_ascii=False)
    return json.dumps({"text": text}, ensure_ascii=False) if random.random() < 0.2 else text


def _frame(random: Random, values: Values, bare: bool) -> str:
    """A text with _MARK for the value."""
    if bare:
        return random.choice((*_BARE, *_BARE_CODE)).replace("{v}", _MARK)
    label, key = random.choice(values.labels), random.choice(values.keys)
    kind = random.randrange(4)
    if kind == 0:
        return _json(random, key)
    text = random.choice((_PROSE, _CODE, _LOG)[kind - 1])
    named = {"{label}": label, "{Label}": label[0].upper() + label[1:], "{key}": key,
             "{KEY}": _constant(key), "{v}": _MARK}  # fmt: skip
    for name, text_of in named.items():
        text = text.replace(name, text_of)
    return text


def positives(category: str, count: int = COUNT, seed: int = 1) -> Iterator[Sample]:
    """Texts with one right value each, and its place."""
    random = Random(f"{category}-{seed}-right")
    values = VALUES[category]
    for _ in range(count):
        bare = (values.bare or values.bare_right is not None) and random.random() < 0.3
        draw = values.bare_right if bare and values.bare_right else values.right
        before, _mark, after = _frame(random, values, bare).partition(_MARK)
        value = draw(random)
        yield Sample(before + value + after, category, len(before), len(before) + len(value))


def lookalikes(category: str, count: int = COUNT, seed: int = 1) -> Iterator[Sample]:
    """The same texts around values that break a rule: nothing is to be found."""
    random = Random(f"{category}-{seed}-wrong")
    values = VALUES[category]
    for _ in range(count):
        yield Sample(_frame(random, values, bare=False).replace(_MARK, values.wrong(random)))


def _hex(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789abcdef", k=count))


def _number(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def _isbn(random: Random) -> str:
    group, check = random.randint(0, 9), random.randint(0, 9)
    return f"978-{group}-{_number(random, 3)}-{_number(random, 5)}-{check}"


_BENIGN: Final[Sequence[Callable[[Random], str]]] = (
    lambda r: f"Order {_number(r, 9)} was shipped on 2031-04-{r.randint(10, 28)}.",
    lambda r: f"invoice no. INV-{_number(r, 10)}, total {r.randint(1, 9999)}.{_number(r, 2)} EUR",
    lambda r: f"ticket #{_number(r, 7)} and order-{_number(r, 3)}-{_number(r, 7)}-{_number(r, 7)}",
    lambda r: f'{{"ts": 17{_number(r, 8)}, "ts_ms": 17{_number(r, 11)}, "seq": {_number(r, 6)}}}',
    lambda r: f"ts_ns=17{_number(r, 17)} span={_hex(r, 16)} trace={_hex(r, 32)}",
    lambda r: f"Version {r.randint(1, 99)}.{_number(r, 2)}.{_number(r, 2)}.{r.randint(0, 99)}",
    lambda r: f"pkg=={r.randint(1, 30)}.{r.randint(0, 30)}.{_number(r, 2)} build {_number(r, 8)}",
    lambda r: f"commit {_hex(r, 40)}\nsha256:{_hex(r, 64)}",
    lambda r: f"ISBN {_isbn(r)}",
    lambda r: f"{_hex(r, 8)}-{_hex(r, 4)}-4{_hex(r, 3)}-a{_hex(r, 3)}-{_hex(r, 12)}",
    lambda r: f"loss=0.{_number(r, 16)} lr={r.random()}",
    lambda r: f"at {r.uniform(-90, 90):.6f}, {r.uniform(-180, 180):.6f}",
    lambda r: f"read {_number(r, 12)} bytes in {r.randint(1, 99)}:{_number(r, 2)}:{_number(r, 2)}",
    lambda r: f"part {_number(r, 3)}-{_number(r, 3)}-{_number(r, 2)} rev {_number(r, 4)}",
    lambda r: f"20310405-{_number(r, 6)} backup_20310405_{_number(r, 6)}.tar.gz",
    lambda r: f"Mozilla/5.0 Chrome/{r.randint(90, 140)}.0.0.0 Safari/537.36",
    lambda r: f"rows {_number(r, 5)}-{_number(r, 5)} of {_number(r, 6)}; page 3/{_number(r, 2)}",
    lambda r: f"x[{r.randint(0, 9)}::{r.randint(1, 9)}] = std::fade({_number(r, 4)})",
    lambda r: f"Released on {r.randint(1, 28)} March 2030, section 4.2.1.{r.randint(1, 9)}",
    lambda r: f"fingerprint {':'.join(_hex(r, 2) for _ in range(20))}",
    lambda r: f"EXIT CODE {r.randint(0, 255)} TRACKING 1Z{_number(r, 3)}AA1{_number(r, 10)}",
)  # fmt: skip


def benign(count: int = COUNT, seed: int = 1) -> Iterator[Sample]:
    """Order numbers, timestamps, versions, hashes, ISBN and the like: nothing is to be found."""
    random = Random(f"benign-{seed}")
    for _ in range(count):
        yield Sample(random.choice(_BENIGN)(random))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one category: `right` values found whole, `missed` ones, `wrong` findings."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        """Share of the values that were found, 1 where there were none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def precision(self) -> float:
        """Share of the findings that were right, 1 where there were none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0


def measured(
    samples: Iterable[Sample], find: Callable[[str], Iterable[Found]]
) -> Mapping[str, Figures]:
    """The figures of each category that is in `samples` or was found.

    A value is found by a finding of its category that covers all of it, and no more than two
    characters on either side; every other finding is wrong, also one of another category at the
    same place.
    """
    right, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    for sample in samples:
        hit = False
        for found in find(sample.text):
            if found.category == sample.category and _covers(found, sample):
                hit = True
            else:
                wrong[found.category] += 1
        if sample.category is not None:
            (right if hit else missed)[sample.category] += 1
    return {
        category: Figures(right[category], missed[category], wrong[category])
        for category in sorted(right.keys() | missed.keys() | wrong.keys())
    }


def _covers(found: Found, sample: Sample) -> bool:
    return (
        sample.start - 2 <= found.start <= sample.start
        and sample.end <= found.end <= sample.end + 2
    )
