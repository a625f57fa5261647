from gateway.config.backend import Backend
from gateway.config.members import addresses_of, static_members
from gateway.config.pool import Member, Pool


def test_members_are_endpoints_and_members_in_the_order_of_the_file() -> None:
    known = Member(address="10.0.0.2:80", role="decode")
    pool = Pool(name="gpu", endpoints=("10.0.0.1:80",), members=(known,))
    assert static_members(pool) == (Member(address="10.0.0.1:80"), known)
    assert addresses_of(pool) == ("10.0.0.1:80", "10.0.0.2:80")


def test_a_backend_has_its_endpoints_alone() -> None:
    assert addresses_of(Backend(name="b", endpoints=("10.0.0.1:80",))) == ("10.0.0.1:80",)
