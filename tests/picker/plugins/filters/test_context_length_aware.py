from tests.picker.plugins.case import candidate, kept

LABEL = "llm-d.ai/context-length-range"


def test_endpoints_for_other_lengths_and_with_a_broken_label_go() -> None:
    servers = [
        candidate("fits", prompt=2000, labels={LABEL: "0-2000"}),
        candidate("small", prompt=2000, labels={LABEL: "0-1999"}),
        candidate("large", prompt=2000, labels={LABEL: "2001-9000"}),
        candidate("unlabelled", prompt=2000),
        candidate("broken", prompt=2000, labels={LABEL: "9000-0"}),
    ]
    assert kept("context-length-aware", servers) == ["fits", "unlabelled"]
