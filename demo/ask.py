"""Asks the demo's pool about three long documents in turn, and prints which replica answered and
how much of the prompt it had read before: `python -m demo.ask`, while `make up` runs.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from typing import Any

DOCUMENTS = ("apples", "bridges", "comets")
ROUNDS = 3
WORDS = 600
SECONDS = 10.0


def question(document: str, number: int) -> list[dict[str, str]]:
    """Messages of which all but the end is the same for every question about a document."""
    text = " ".join(f"{document}-{word}" for word in range(WORDS))
    return [
        {"role": "system", "content": text},
        {"role": "user", "content": f"question {number}"},
    ]


def ask(url: str, key: str, messages: list[dict[str, str]]) -> tuple[str, int, int]:
    """(replica, words of the prompt, those of them that it had read before). Raises OSError."""
    body = json.dumps({"model": "demo-small", "messages": messages}).encode()
    headers = {"x-api-key": key, "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/chat/completions", body, headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=SECONDS) as answer:
        found: dict[str, Any] = json.load(answer)
    said: str = found["choices"][0]["message"]["content"]
    usage = found["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return said.partition(":")[0], usage["prompt_tokens"], cached


def main() -> None:
    """Parses the command line and asks."""
    parser = argparse.ArgumentParser(prog="demo.ask", description="Shows what affinity does.")
    parser.add_argument("--url", default="http://127.0.0.1:10000/v1", help="base URL of the route")
    parser.add_argument("--key", default="demo-key", help="API key")
    options = parser.parse_args()
    try:
        for number in range(1, ROUNDS + 1):
            for document in DOCUMENTS:
                messages = question(document, number)
                replica, words, cached = ask(options.url, options.key, messages)
                said = f"{replica} had read {cached} of {words} words"
                print(f"{document:8} question {number}: {said}", flush=True)  # noqa: T201
    except urllib.error.HTTPError as error:
        sys.exit(f"{options.url}: {error.code} {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"{options.url}: {error}; is `make up` running?")


if __name__ == "__main__":
    main()
