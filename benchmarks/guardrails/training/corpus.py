"""What the scorer is trained and measured on: labelled files of a folder, the Python standard
library's source and documentation, and texts from templates.

A labelled file holds one JSON object a line with `text` and `label` (1 = attack, 0 = ordinary).
"""

import hashlib
import json
import pydoc_data.topics
import random
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from benchmarks.guardrails.training import generated

CHUNK: Final = 1_024
"""Characters of a piece of the standard library: one window."""

LIBRARY_BYTES: Final = 1_000_000
"""Of source, and again of documentation."""

GENERATED_ATTACKS: Final = "generated_attacks"
GENERATED_BENIGN: Final = "generated_benign"
EMBEDDED: Final = "embedded_attacks"
LIBRARY: Final = ("library_source", "library_documentation")
MORE_LIBRARY: Final = "library_packages"
"""Source that is trained on and nothing else: neither thresholds nor figures come from it."""

TOOLS: Final = "tools_asb"
"""Tool descriptions by attackers read like ordinary ones: measured, not trained on."""

_UNUSED: Final = frozenset({"url_maltrail", "secrets_gitleaks_cases"})


@dataclass(frozen=True, slots=True)
class Text:
    """A labelled text. Ordinary ones fall in two halves by their hash: `fits` are trained on and
    thresholds fitted with them, the others report. Attacks fit."""

    text: str
    attack: bool
    source: str
    fits: bool = True
    kind: str = ""


def labelled(folder: Path) -> Iterator[Text]:
    """The texts of the labelled files of a folder. ValueError for a line that is not as said."""
    for file in sorted(folder.glob("*.jsonl")):
        if file.stem in _UNUSED:
            continue
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            row = cast("object", json.loads(line))
            if not isinstance(row, dict):
                raise ValueError(f"{file.name}:{number}: no object")  # noqa: TRY004 - malformed data
            fields = cast("dict[str, object]", row)
            text, label = fields.get("text"), fields.get("label")
            if not isinstance(text, str) or label not in {0, 1}:
                raise ValueError(f"{file.name}:{number}: `text` or `label` is missing")
            kind = str(fields.get("variant", fields.get("kind", "")))
            yield _halved(Text(text, label == 1, file.stem, kind=kind))


def library() -> Iterator[Text]:
    """Pieces of the standard library: its modules by name, then its documentation."""
    folder = Path(sysconfig.get_path("stdlib"))
    source = (file.read_text("utf-8", "replace") for file in sorted(folder.glob("*.py")))
    documentation = (pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))
    packaged = (file.read_text("utf-8", "replace") for file in sorted(folder.glob("*/*.txt")))
    docstrings = _docstrings(folder)
    for name, parts in (
        (LIBRARY[0], source),
        (LIBRARY[1], (*documentation, *packaged, *docstrings)),
    ):
        size = 0
        for part in parts:
            for at in range(0, len(part), CHUNK):
                if size < LIBRARY_BYTES:
                    size += len(part[at : at + CHUNK].encode("utf-8", "replace"))
                    yield _halved(Text(part[at : at + CHUNK], attack=False, source=name))


def more_library() -> Iterator[Text]:
    """Pieces of the source of the library's packages, one of every few."""
    folder = Path(sysconfig.get_path("stdlib"))
    for file in sorted(folder.glob("*/*.py")):
        if "packages" in file.parent.name or "test" in file.parent.name:
            continue
        part = file.read_text("utf-8", "replace")
        for at in range(0, len(part), 12 * CHUNK):
            yield Text(part[at : at + CHUNK], attack=False, source=MORE_LIBRARY)


def _docstrings(folder: Path) -> Iterator[str]:
    """Module and class documentation of packages, which `library` has no source of."""
    for file in sorted(folder.glob("*/*.py")):
        parts = file.read_text("utf-8", "replace").split('"""')
        yield from (part for part in parts[1::2] if len(part) > CHUNK // 2)


def made(seed: int) -> Iterator[Text]:
    """Ordinary texts and attacks from templates, and attacks in the midst of ordinary text."""
    benign = list(generated.texts(generated.load("benign.yaml"), 40, seed))
    attacks = list(generated.texts(generated.load("attacks.yaml"), 40, seed))
    for family, text in benign:
        yield _halved(Text(text, attack=False, source=GENERATED_BENIGN, kind=family))
    for family, text in attacks:
        yield Text(text, attack=True, source=GENERATED_ATTACKS, kind=family)


def embedded(attacks: Sequence[Text], carriers: Sequence[Text], seed: int) -> Iterator[Text]:
    """Each attack within an ordinary text that is trained on; none where all of those are short."""
    rng = random.Random(seed)
    hosts = [carrier.text for carrier in carriers if carrier.fits and len(carrier.text) > 60]
    for attack in attacks if hosts else ():
        host = rng.choice(hosts)[: max(CHUNK - len(attack.text), 0)]
        at = rng.choice([0, len(host) // 2, len(host)])
        yield replace(attack, text=f"{host[:at]} {attack.text} {host[at:]}", kind=EMBEDDED)


def _halved(text: Text) -> Text:
    """By the hash of the text, so that a half does not change with what else there is."""
    even = hashlib.sha256(text.text.encode("utf-8", "replace")).digest()[0] % 2 == 0
    return replace(text, fits=text.attack or even)
