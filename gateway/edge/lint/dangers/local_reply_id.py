"""An error that looks like an answer to nobody."""

import json
import re
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup

_OK: Final = 200
_NULL_ID: Final = re.compile(r"[\"']id[\"']\s*:\s*null")


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        config = manager.node["local_reply_config"]
        for mapper in config["mappers"].items:
            form = mapper["body_format_override"]
            form = form if form.given else config["body_format"]
            if mapper["status_code"].number == _OK and _null_id(form):
                yield mapper["status_code"], "an error of Envoy's becomes HTTP 200 with id null"


def _null_id(form: Node) -> bool:
    texts = (form["text_format_source.inline_string"].text, form["text_format"].text)
    return any(_NULL_ID.search(text) for text in texts) or bool(
        _NULL_ID.search(json.dumps(form["json_format"].value))
    )


DANGER: Final = Danger(
    name="local-reply-id",
    level="danger",
    reason="MCP clients wait for an answer to their own id, for ever",
    fix="keep the status of the error and leave the id out, as the snippet does",
    find=_find,
)
