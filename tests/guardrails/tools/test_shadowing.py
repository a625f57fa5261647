from gateway.guardrails.tools.shadowing import Likeness, Shadow, shadows, tool_skeleton


def test_the_same_name_on_two_servers_is_told_from_both_sides() -> None:
    assert shadows({"a": ["send"], "b": ["send", "list"]}) == (
        Shadow("a", "send", "b", "send", Likeness.SAME),
        Shadow("b", "send", "a", "send", Likeness.SAME),
    )


def test_a_name_that_only_looks_the_same_is_told() -> None:
    found = shadows({"a": ["send_mail"], "b": ["s\u0435nd-mail"]})
    assert {one.likeness for one in found} == {Likeness.CONFUSABLE}
    assert len(found) == 2


def test_two_names_of_one_server_that_look_alike_are_told() -> None:
    found = shadows({"a": ["list_files", "1ist_files"]})
    assert [one.likeness for one in found] == [Likeness.CONFUSABLE] * 2


def test_a_name_that_looks_like_a_built_in_one_is_told() -> None:
    assert shadows({"a": ["web_5earch"]}) == (
        Shadow("a", "web_5earch", "", "web_search", Likeness.BUILT_IN),
    )
    assert shadows({"a": ["web_search"]}) == ()
    assert shadows({"a": ["my-tool"]}, ["my_tool"])[0].other_tool == "my_tool"


def test_names_of_their_own_are_no_shadows() -> None:
    assert shadows({"a": ["read_issue", "list_issues"], "b": ["read_page"]}) == ()


def test_separators_do_not_tell_names_apart() -> None:
    assert tool_skeleton("read_file") == tool_skeleton("read-File") == tool_skeleton("readfile")
