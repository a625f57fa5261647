import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.fleet import Busy, Queue, Row
from gateway.picker.price import NAMES, Moment, Parts, prices

SECONDS = st.floats(0, 5)
TOKENS = st.integers(0, 200_000)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Any endpoint: idle or busy, with or without room."""
    size = draw(st.floats(1, 5000))
    network = draw(SECONDS)
    excess = draw(st.floats(-5000, 50))
    if draw(st.booleans()):
        return Row(network, size, excess, None, draw(SECONDS))
    held = draw(st.floats(0, 6000))
    tokens = draw(TOKENS)
    queue = Queue(tokens, draw(st.integers(0, tokens)), draw(SECONDS), draw(st.integers(0, 9)))
    answering = draw(TOKENS)
    busy = Busy(
        answering + tokens,
        answering,
        draw(st.integers(0, 99)),
        held,
        draw(st.floats(0, 0.1)),
        draw(st.sampled_from((queue, None))),
    )
    return Row(network, size - held, excess, busy, draw(SECONDS))


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    return Moment(
        now=draw(SECONDS),
        base=draw(st.floats(0, 0.1)),
        per_token=draw(st.floats(1e-7, 1e-3)),
        interference=draw(st.floats(0, 1e-8)),
        usual=draw(st.floats(0.1, 4)),
        foreign=draw(st.floats(0, 9000)),
        size=draw(st.floats(1, 200_000)),
        pressure=draw(st.floats(0, 10)),
        growth=draw(st.floats(0, 1e-5)),
        stay=draw(st.floats(0, 100)),
        lost=draw(st.floats(0, 0.1)),
        half=draw(st.floats(0, 5000)),
        block_tokens=draw(st.floats(16, 1024)),
        session=draw(SECONDS),
        elsewhere=draw(SECONDS),
        transfer=draw(SECONDS),
        relieved=draw(st.booleans()),
        delay=draw(st.floats(0, 1)),
    )


@given(moments(), rows(), st.sampled_from((0.0, 0.3, 1.0, 5.0)), TOKENS, st.floats(0, 10))
def test_the_parts_of_a_cost_add_up_to_it(
    moment: Moment, row: Row, pace: float, uncached: int, pressure: float
) -> None:
    [cost], [first] = prices([row], [pace], [uncached], [pressure], moment)
    parts = dict(Parts(moment, (row, pace, uncached, pressure)))

    assert tuple(parts) == NAMES
    assert sum(parts.values()) / 1000 == pytest.approx(cost, rel=1e-9, abs=1e-9)
    expected = sum(parts[name] for name in NAMES[: NAMES.index("others")])
    assert expected / 1000 == pytest.approx(first, rel=1e-9, abs=1e-9)


@given(moments(), rows())
def test_adapters_and_sessions_are_parts_too(moment: Moment, row: Row) -> None:
    parts = Parts(moment, (row, 2.0, 100, 1.0), 0.25, here=True)

    assert parts["adapter"] == 250
    assert parts["session"] == pytest.approx(moment.session * 2000)
    assert len(parts) == len(NAMES)
    with pytest.raises(KeyError):
        _ = parts["unknown"]


def test_each_endpoint_has_its_own_price() -> None:
    moment = Moment(0, 0.03, 1e-4, 0, 1, 0, 1000, 0, 0, 0, 0, 0, 256, 0)
    free = Row(0.0, 1e9, -1e9, None)
    queue = Row(0.0, 1e9, -1e9, Busy(1000, 0, 1, 0.0, 0.0, Queue(1000, 0, 0.0, 0)))
    far = Row(0.5, 1e9, -1e9, None)
    costs, firsts = prices([free, queue, far, free], [0, 1, 1, 2], [100] * 4, [0.0] * 4, moment)

    assert costs == pytest.approx([0.04, 0.14, 0.54, 0.08])
    assert firsts == costs


def test_only_those_who_come_to_an_endpoint_are_delayed_there() -> None:
    moment = Moment(0, 0.0, 1e-4, 0, 1, 0, 1000, 0.5, 0, 0, 0, 0, 256, 0)
    free = Row(0.0, 1e9, -1e9, None)
    costs, firsts = prices([free, free], [1, 1], [10_000] * 2, [0.0, 3.0], moment)

    assert firsts == pytest.approx([1.0, 1.0])
    assert costs == pytest.approx([1.0, 2.5])
