"""The search for patterns in a text that comes in pieces. Pure: no I/O, no clock."""

from gateway.guardrails.budget import Budget
from gateway.guardrails.matching import Match
from gateway.guardrails.normal import Normal, normalised
from gateway.guardrails.places import Places
from gateway.guardrails.search import Search, Wanted
from gateway.guardrails.stream_view import StreamView


class PatternStream:
    """Finds in a text what `PatternSet.find` finds in all of it, however it is cut. For one thread
    at a time.

    `settled` are the findings that nothing can change any more, each once, in the order in which
    they settled. `held` is the character before which nothing begins that may yet become one, as
    far as that is in sight; it never exceeds what has come.
    """

    __slots__ = ("_budget", "_came", "_normal", "_raw", "_search", "_wanted", "held", "settled")

    def __init__(self, search: Search, wanted: Wanted, budget: Budget) -> None:
        self._search = search
        self._wanted = wanted
        self._budget = budget
        # As long as all is ASCII, the text is its normal form.
        self._normal = StreamView(search, wanted.normal | wanted.raw, segments=True)
        self._raw: StreamView | None = None
        self._came = 0
        self.held = 0
        self.settled: list[Match] = []

    def feed(self, text: str) -> None:
        """Take the next piece, of any length."""
        view = self._normal
        if not text.isascii() or self._raw is not None:
            self._feed_both(text)
            return
        view.mark(self._came, None)
        self._came += len(text)
        if view.feed(text.encode("ascii")):
            self._look(view)
            self.held = self._original(view) if view.busy else self._came
        else:
            self.held = self._came
        view.forget()

    def finish(self) -> None:
        """The text has ended."""
        for view in self._views():
            self._look(view, final=True)
            view.close()
        self.held = self._came

    def _feed_both(self, text: str) -> None:
        """Take a piece that is not its own normal form, or after such a piece."""
        if self._raw is None and self._wanted.raw:
            self._raw = self._normal.split(self._wanted.raw)
        normal = normalised(text)
        data = normal.text.encode("utf-8", "replace")
        self._take(self._normal, normal, data)
        if self._raw is not None:
            self._take(self._raw, Normal(text, text), text.encode("utf-8", "replace"))
        self._came += len(text)
        self.held = min((self._original(view) for view in self._views()), default=self._came)

    def _take(self, view: StreamView, normal: Normal, data: bytes) -> None:
        plain = normal.text is normal.raw and len(data) == len(normal.raw)
        view.mark(self._came, None if plain else Places(normal, data))
        if view.feed(data):
            self._look(view)
        view.forget()

    def _views(self) -> list[StreamView]:
        return [self._normal] if self._raw is None else [self._normal, self._raw]

    def _original(self, view: StreamView) -> int:
        """Where in the original text nothing begins before that does not count yet."""
        begins = view.begins() if view.busy else view.size
        return self._came if begins >= view.size else view.original(begins, begins + 1)[0]

    def _look(self, view: StreamView, *, final: bool = False) -> None:
        for one in view.look(final=final):
            encoding = self._search.encoding(one.number)
            if encoding is not None:
                encoded = bytes(view.data[one.start - view.base : one.end - view.base])
                inside = self._search.inside(encoded, encoding, self._wanted, self._budget)
            else:
                inside = self._search.judged(one, view.data, view.base, self._wanted, self._budget)
            if inside:
                start, end = view.original(one.first, one.last)
                self.settled += [it.at(start, end) for it in inside]
