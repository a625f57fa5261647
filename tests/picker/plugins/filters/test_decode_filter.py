from tests.picker.plugins.case import candidate, kept


def test_endpoints_that_decode_stay() -> None:
    servers = [
        candidate("both"),
        candidate("prefill", role="prefill"),
        candidate("decode", role="decode"),
        candidate("encode", role="encode"),
    ]
    assert kept("decode-filter", servers) == ["both", "decode"]
