"""The part of `gatehouse explain` about a request that was served: why it went where it went."""

from collections.abc import Iterator

from gateway.cli.cost_table import Compared, cost_table
from gateway.model.jsonvalue import JsonObject, JsonValue


def served_text(kept: JsonObject) -> str:
    """For people: a pick that was made, as /picks tells it."""
    served = kept.get("served")
    head = [
        f"request {kept.get('audit_id')}",
        f"model {kept.get('model')}, priority {kept.get('priority')}",
        f"POOL {kept.get('pool')} by profile {kept.get('profile')}: {kept.get('endpoint')}"
        + (", picked without the picker process" if kept.get("degraded") else ""),
        f"{kept.get('cached_tokens')} of {kept.get('prompt_tokens')} prompt tokens believed cached",
        f"first token predicted after {_or_dash(kept.get('expected_ms'))} ms",
        f"waited {kept.get('waited')} s",
    ]
    if isinstance(served, dict):
        head.append(
            f"answered {served.get('status')} by {_or_dash(served.get('endpoint'))}: first token "
            f"after {_or_dash(served.get('first_token_ms'))} ms, "
            f"{_or_dash(served.get('cached_tokens'))} of {_or_dash(served.get('prompt_tokens'))} "
            f"prompt tokens reported cached, {_or_dash(served.get('output_tokens'))} tokens"
        )
    else:
        head.append("the answer goes on")
    rows = [Compared(str(one.get("endpoint")), _numbers(one)) for one in _scores(kept)]
    return "\n".join(head) + "\n\n" + cost_table(rows)


def _scores(kept: JsonObject) -> Iterator[JsonObject]:
    scores = kept.get("scores")
    for one in scores if isinstance(scores, list) else ():
        if isinstance(one, dict):
            yield one


def _numbers(row: JsonObject) -> dict[str, float]:
    parts = row.get("parts")
    return {
        name: float(value)
        for name, value in (parts.items() if isinstance(parts, dict) else ())
        if isinstance(value, int | float)
    }


def _or_dash(value: JsonValue) -> str:
    return "-" if value is None else str(value)
