"""Each profile is tried with each number of endpoints, and the smallest that is enough is named."""

from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row
from gateway.simulation.presets import PRESETS
from gateway.simulation.replaying import Figures, Profile
from gateway.simulation.sizing import KEPT, Setting, Sized, fewest, sized

PROFILES = [Profile("cost", PRESETS), Profile("random", PRESETS)]
HEAVY = [Row(at / 4, 16_384, 20, tuple(range(at * 32, at * 32 + 32))) for at in range(80)]


def run(endpoints: int, kept: float, profile: str = "cost") -> Sized:
    return Sized(endpoints, profile, Figures(10, 0.1, 0.2, 0.3, 1.0, 0.5, 2.0, kept, 0))


def test_more_servers_are_faster_until_the_slo_is_kept() -> None:
    told: list[str] = []
    runs = list(sized(HEAVY, PROFILES, [2, 4, 8], Setting(Server()), told.append))
    assert told[:2] == ["2 endpoints by cost", "2 endpoints by random"]
    assert [(each.endpoints, each.profile) for each in runs][1::2] == [
        *((2, "random"), (4, "random"), (8, "random"))
    ]
    p90 = [each.figures.ttft_p90 for each in runs if each.profile == "cost"]
    assert p90[0] > p90[1] > p90[2]
    assert runs[0].figures.kept < KEPT <= runs[4].figures.kept


def test_faster_arrivals_take_more_servers() -> None:
    slow, fast = Setting(Server()), Setting(Server(), speed=4.0)
    (one,) = sized(HEAVY, PROFILES[:1], [8], slow)
    (two,) = sized(HEAVY, PROFILES[:1], [8], fast)
    assert two.figures.ttft_p90 > one.figures.ttft_p90


def test_enough_is_the_number_from_which_on_all_keep_the_slo() -> None:
    runs = [run(6, 0.5), run(7, 0.95), run(8, 0.89), run(9, 0.9), run(10, 1.0)]
    assert fewest(runs, "cost") == 9
    assert fewest(runs[:1], "cost") is None
    assert fewest([run(6, 1.0), run(6, 0.1, "random")], "cost") == 6
    assert fewest([], "cost") is None
