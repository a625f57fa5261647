"""What a model server has to read before it can answer, as far as the gateway knows. Pure.

Text stays in the worker that read it: the picker is told hashes and counts, never a prompt.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Prompt:
    """One generation request, as its model server will read it.

    `model` is the name that the server is asked for, a model or an adapter, after aliases. `parts`
    are the decoded prompt in the order in which engines' chat templates put it: tools, system,
    messages with their roles, tool calls and reasoning; never JSON text, so that spacing and key
    order of a client's serialiser do not matter. `salt` separates caches (vLLM's `cache_salt`).
    `output_limit` is the most tokens that the answer may have, None when the client did not say.
    `media_tokens` estimates what images and other media add. `repeatable` is whether asking a
    second server does no harm, because nothing is kept.
    """

    model: str
    parts: tuple[bytes, ...] = field(repr=False)
    salt: str = ""
    output_limit: int | None = None
    media_tokens: int = 0
    repeatable: bool = True
