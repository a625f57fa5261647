"""Whether another endpoint shall prefill first. Pure: no I/O, no clock."""

from dataclasses import dataclass

from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True)
class PrefillDecider:
    """llm-d v0.10, prefix-based-pd-decider: another endpoint prefills prompts of at least
    `prompt_tokens` of which the decoding endpoint has at least `non_cached_tokens` not cached (0:
    none ever does). `always` is always-disagg-pd-decider."""

    non_cached_tokens: int = 0
    prompt_tokens: int = 0
    always: bool = False

    def splits(self, decoding: Candidate) -> bool:
        """Whether `decoding`, the endpoint that was picked, shall get its prompt prefilled."""
        if self.always:
            return True
        return (
            self.non_cached_tokens > 0
            and decoding.prompt_tokens >= self.prompt_tokens
            and decoding.uncached_tokens >= self.non_cached_tokens
        )
