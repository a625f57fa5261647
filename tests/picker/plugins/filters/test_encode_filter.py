from tests.picker.plugins.case import candidate, kept


def test_endpoints_that_encode_media_stay() -> None:
    servers = [
        candidate("both"),
        candidate("encode", role="encode"),
        candidate("all", labels={"llm-d.ai/role": "encode-prefill-decode"}),
    ]
    assert kept("encode-filter", servers) == ["encode", "all"]
