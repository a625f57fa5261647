from gateway.picker.cost import CostProfile
from gateway.picker.learning import Learner
from gateway.picker.profile import Profile


def test_the_default_profile_learns() -> None:
    profile: Profile = CostProfile()

    assert isinstance(profile, Learner)
