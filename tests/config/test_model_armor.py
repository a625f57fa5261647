import pytest
from pydantic import ValidationError

from gateway.config.model_armor import ModelArmorServer


def test_who_asks_has_to_prove_who_he_is_where_nothing_is_said() -> None:
    assert ModelArmorServer(address="127.0.0.1:1").accept == ("jwt", "key")


def test_methods_that_a_proxy_would_have_to_vouch_for_cannot_be_accepted() -> None:
    with pytest.raises(ValidationError):
        ModelArmorServer.model_validate_json('{"address": "127.0.0.1:1", "accept": ["xfcc"]}')
