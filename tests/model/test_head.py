from gateway.model.head import Headers, RequestHead


def test_lines_of_one_name_stay_apart_in_order_and_names_ignore_case() -> None:
    headers = Headers([("X-A", "1"), ("b", "2"), ("x-a", "3")])
    assert headers.all("x-a") == ("1", "3")
    assert headers.get("x-a") == "1"
    assert (headers.all("absent"), headers.get("absent")) == ((), None)
    assert list(headers) == [("x-a", "1"), ("x-a", "3"), ("b", "2")]
    assert len(headers) == 3
    assert "b" in headers
    assert "B" not in headers


def test_equal_headers_have_one_hash_whatever_the_order_of_their_names() -> None:
    one, other = Headers([("a", "1"), ("b", "2")]), Headers([("b", "2"), ("a", "1")])
    assert one == other
    assert hash(one) == hash(other)
    assert one != Headers([("a", "1")])
    assert one != "a"


def test_no_value_shows_in_the_text_of_a_head() -> None:
    head = RequestHead("GET", "/", headers=Headers([("authorization", "Bearer secret")]))
    assert "secret" not in repr(head)
    assert "authorization" in repr(head)


def test_present_keeps_the_order_that_was_asked_for() -> None:
    headers = Headers([("b", "1"), ("a", "2"), ("c", "3")])
    assert headers.present(("c", "x", "b")) == ("c", "b")


def test_repeated_names_are_those_with_more_than_one_line() -> None:
    headers = Headers([("a", "1"), ("B", "1"), ("b", "2")])
    assert headers.repeated() == ["b"]
