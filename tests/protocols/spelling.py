"""One JSON value in the spellings that clients' serialisers give it."""

import json
from random import Random

from gateway.model.jsonvalue import JsonValue


def spelt(value: JsonValue, random: Random) -> bytes:
    """`value` with its keys shuffled, and with other white space and escapes."""
    separators = random.choice([(",", ":"), (", ", ": "), (" ,\n", "\t: ")])
    text = json.dumps(
        _shuffled(value, random), separators=separators, ensure_ascii=random.random() < 0.5
    )
    return text.encode()


def _shuffled(value: JsonValue, random: Random) -> JsonValue:
    if isinstance(value, list):
        return [_shuffled(one, random) for one in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    random.shuffle(keys)
    return {key: _shuffled(value[key], random) for key in keys}
