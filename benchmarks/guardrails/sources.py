"""The scorer by source: trained without a source of attacks, tested on it.

Training takes about a minute each; what came of it is kept in a folder by what it was made of.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, cast

from benchmarks.guardrails.training import corpus, evaluation
from benchmarks.guardrails.training.__main__ import texts, trainable
from benchmarks.guardrails.training.corpus import Text
from benchmarks.guardrails.training.evaluation import Recall
from benchmarks.guardrails.training.training import trained
from benchmarks.micro import Progress

SEED: Final = 1


def by_source(folder: Path, kept: Path | None, progress: Progress) -> list[Recall]:
    """Every source of attacks that is trained on. `kept` is where results are, None for nowhere."""
    every = texts(folder, SEED)
    sources = sorted({text.source for text in every if text.attack} - {corpus.TOOLS})
    return [_recall(source, every, kept, progress) for source in sources]


def _recall(source: str, every: list[Text], kept: Path | None, progress: Progress) -> Recall:
    file = None if kept is None else kept / f"scorer-{source}-{_key(every)}.json"
    if file is not None and file.exists():
        return Recall(**cast("dict[str, object]", json.loads(file.read_text())))  # pyright: ignore[reportArgumentType]  written below
    progress(f"training the scorer without {source}: about a minute")
    model = trained(trainable(every, source), SEED)
    held = [text for text in every if text.attack and text.source == source]
    found = evaluation.recall(model, held, evaluation.of_files(every))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(found)))
    return found


def _key(every: Sequence[Text]) -> str:
    """Of all that a result depends on: the texts and the code that trains."""
    digest = hashlib.sha256()
    for text in every:
        digest.update(f"{text.source}\0{text.attack}\0{text.text}\0".encode("utf-8", "replace"))
    for file in sorted(Path(corpus.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
