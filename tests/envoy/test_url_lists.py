"""Lists of bad hosts on the real path: what is added to a file counts without a reload."""

import time
from pathlib import Path
from typing import Any

from tests.envoy.guardrail_stage import guarded, guardrail

SECONDS = 30.0


def ask(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def test_a_host_that_is_added_to_a_list_is_blocked_without_a_reload(tmp_path: Path) -> None:
    listed = tmp_path / "bad.txt"
    listed.write_text("first.net\n")
    detector = {"type": "malicious_url", "options": {"files": [str(listed)]}}
    guards = [guardrail("hosts", {"backend": "up"}, ["request"], detectors=[detector])]
    with guarded(tmp_path, "openai", guards) as stage:
        path = "/chat/completions"
        number = stage.gateway.status()["snapshot"]
        assert stage.post("buffered", path, ask("read https://first.net/")).status_code == 400
        assert stage.reached == []
        assert stage.post("buffered", path, ask("read https://second.net/")).status_code == 200
        listed.write_text("first.net\nsecond.net\n")
        deadline = time.monotonic() + SECONDS
        while stage.post("buffered", path, ask("read https://second.net/")).status_code == 200:
            assert time.monotonic() < deadline
        stage.raw.seen.clear()
        assert stage.post("buffered", path, ask("read https://second.net/")).status_code == 400
        assert stage.reached == []
        assert stage.gateway.status()["snapshot"] == number
