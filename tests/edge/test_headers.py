from gateway.edge.headers import CREDENTIALS, MUTABLE, NEVER_TO_SERVICE, OWNED_NAMES


def test_no_credential_can_be_written_by_the_service() -> None:
    assert not set(CREDENTIALS) & set(MUTABLE)


def test_what_the_service_never_sees_is_kept_from_upstreams_too() -> None:
    assert {name for name in NEVER_TO_SERVICE if name != "set-cookie"} <= set(CREDENTIALS)


def test_names_are_lower_case_as_envoy_compares_them() -> None:
    names = (*CREDENTIALS, *OWNED_NAMES, *NEVER_TO_SERVICE)
    assert all(name == name.lower() for name in names)
