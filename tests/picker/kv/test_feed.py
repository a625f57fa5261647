"""Messages come out in order, each once, and what is lost is known to be."""

from gateway.picker.kv.feed import MAX_WAITING, PATIENCE, Anew, Feed, Step

WHOLE, LOST, OTHER = Anew(whole=True), Anew(), Anew(restarted=True)


def said(*numbers: int) -> list[Step]:
    return [b"%d" % number for number in numbers]


def live(feed: Feed, *numbers: int, now: float = 0.0) -> list[Step]:
    return [step for one in numbers for step in feed.live(one, b"%d" % one, now)]


def again(feed: Feed, *numbers: int, now: float = 0.0) -> list[Step]:
    return [step for one in numbers for step in feed.again(one, b"%d" % one, now)]


def test_who_listens_from_the_first_message_knows_everything() -> None:
    feed = Feed(replays=True)
    assert live(feed, 0, 1, 2) == [WHOLE, *said(0, 1, 2)]
    assert (feed.wanted, feed.gaps) == (None, 0)


def test_who_comes_late_has_everything_again_first() -> None:
    feed = Feed(replays=True)
    assert live(feed, 7) == []
    assert feed.wanted == 0
    feed.asked(0.0)
    assert again(feed, *range(8)) == [WHOLE, *said(*range(8))]
    assert feed.ended() == []
    assert live(feed, 8) == said(8)
    assert feed.replayed == 8


def test_what_comes_during_a_replay_waits_for_its_end() -> None:
    feed = Feed(replays=True)
    assert live(feed, 0, 1) == [WHOLE, *said(0, 1)]
    assert live(feed, 4) == []
    assert feed.wanted == 2
    feed.asked(0.0)
    assert feed.wanted is None
    assert live(feed, 5) == []
    assert again(feed, 2, 3, 4) == said(2, 3, 4)
    assert feed.ended() == said(5)
    assert feed.gaps == 1


def test_what_cannot_be_had_again_is_lost_with_all_before() -> None:
    feed = Feed(replays=True)
    live(feed, 0, 5)
    feed.asked(0.0)
    assert again(feed, 3, 4) == [LOST, *said(3, 4)]
    assert feed.ended() == said(5)
    without = Feed(replays=False)
    live(without, 0)
    assert live(without, 5) == [LOST, *said(5)]
    assert without.wanted is None


def test_a_replay_that_says_nothing_is_given_up() -> None:
    feed = Feed(replays=True)
    live(feed, 0, 5)
    feed.asked(10.0)
    assert feed.tend(10.0 + PATIENCE) == []
    assert feed.tend(10.1 + PATIENCE) == [LOST, *said(5)]
    assert again(feed, 1, 2) == [], "it comes too late"
    assert live(feed, 6) == said(6)


def test_what_waits_has_a_bound() -> None:
    feed = Feed(replays=True)
    live(feed, 0)
    numbers = range(2, 2 + MAX_WAITING + 1)
    assert live(feed, *numbers) == [LOST, *said(*numbers)]


def test_a_number_that_falls_back_is_another_engine() -> None:
    feed = Feed(replays=True)
    live(feed, 0, 1, 2, 3)
    assert live(feed, 0) == [OTHER, WHOLE, *said(0)]
    assert live(feed, 1) == said(1)


def test_another_engine_is_known_in_the_middle_of_a_replay_and_after_a_break() -> None:
    feed = Feed(replays=True)
    live(feed, 0, 1, 9)
    assert live(feed, 0) == [OTHER, WHOLE, *said(0)]
    feed.disconnected()
    assert live(feed, 0) == [OTHER, WHOLE, *said(0)]


def test_after_a_break_it_is_the_same_engine_only_if_a_replay_says_so() -> None:
    feed = Feed(replays=True)
    live(feed, 0, 1)
    feed.disconnected()
    assert live(feed, 2) == []
    assert feed.wanted == 0
    feed.asked(0.0)
    assert again(feed, 0, 1, 2) == [WHOLE, *said(0, 1, 2)]
