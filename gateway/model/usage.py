"""What a model server says that an answer cost. Pure: no I/O."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `input` counts all that was read, what came from a cache included;
    `cached` and `reasoning` are parts of `input` and `output`. `tells_cached` is whether the server
    said what came from its cache: without it a `cached` of 0 means nothing. `model` is the one that
    answered, `finish` why it stopped and `id` the answer's, as the server says it, empty where it
    does not.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    model: str = ""
    finish: str = ""
    id: str = ""
    tells_cached: bool = field(default=False, compare=False)
