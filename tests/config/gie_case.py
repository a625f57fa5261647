"""EndpointPickerConfig documents for tests, with some of our plugins known."""

from pathlib import Path

from gateway.config.document import Document, parse_documents
from gateway.config.gie import Gie, read_gie
from gateway.config.gie_picker import PickerReading
from gateway.config.gie_plugins import Known

HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
KNOWN: Known = {
    "filters": {
        "decode-filter": frozenset(),
        "prefill-filter": frozenset(),
        "context-length-aware": frozenset({"label"}),
        "utilization-filter": frozenset(
            {"waiting_queue", "kv_cache_utilization", "fallback_on_empty"}
        ),
        "prefix-cache-affinity-filter": frozenset(
            {"affinity_threshold", "max_ttft_penalty_ms", "peak_prefill_throughput"}
        ),
        "session-affinity-filter": frozenset({"ttl", "capacity"}),
    },
    "scorers": {
        "queue-scorer": frozenset(),
        "kv-cache-utilization-scorer": frozenset(),
        "prefix-cache-scorer": frozenset({"match_length_weight"}),
        "session-affinity-scorer": frozenset({"ttl", "capacity"}),
        "context-length-aware": frozenset({"label"}),
        "active-request-scorer": frozenset({"idle_threshold", "max_busy_score"}),
    },
    "picker": {
        "max-score-picker": frozenset({"max_num_of_endpoints"}),
        "random-picker": frozenset(),
    },
}


def documents(text: str) -> list[Document]:
    found = parse_documents(text, "epp.yaml", {}, Path())
    assert all(isinstance(one, Document) for one in found), found
    return [one for one in found if isinstance(one, Document)]


def read(text: str) -> Gie:
    return read_gie(documents(text), KNOWN)


def read_config(body: str) -> PickerReading:
    (picker,) = read(HEAD + body).pickers
    return picker
