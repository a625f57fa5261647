from gateway.guardrails.confusable import skeleton


def test_names_that_look_alike_have_one_skeleton() -> None:
    assert len({skeleton(name) for name in ("paypal", "PayPa1", "p\u0430ypal", "paypai")}) == 1
    assert skeleton("rnicrosoft") == skeleton("microsoft")
    assert skeleton("read_fi\u200ble") == skeleton("read_file")


def test_names_that_look_different_have_different_ones() -> None:
    names = ("paypal", "amazon", "apple", "read_file", "write_file")
    assert len({skeleton(name) for name in names}) == len(names)
