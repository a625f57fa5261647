"""Made-up addresses, telephone numbers, dates and papers, and what only looks like them."""

from collections.abc import Sequence
from random import Random
from typing import Final

from benchmarks.guardrails.pii_drawing import drawn_digits, in_groups

_FIRST: Final = [
    "anna",
    "jose",
    "o'neil",
    "wei.chen",
    "m.schmidt",
    "priya_r",
    "karl-heinz",
    "j.doe",
    "sofia.rossi",
    "bob",
]
_HOSTS: Final = [
    "gmail.com",
    "example.com",
    "mail.example.co.uk",
    "corp.example.org",
    "web.de",
    "orange.fr",
    "uni-hamburg.de",
    "outlook.com",
    "xn--bcher-kva.example",
    "team.internal.example.io",
    "acme.systems",
    "firma.com.br",
]


def email(random: Random) -> str:
    """Dots, tags, digits, capitals, domains with several labels."""
    local = random.choice(_FIRST) + random.choice(["", "", str(random.randint(1, 9999)), "+news"])
    text = f"{local}@{random.choice(_HOSTS)}"
    return text.upper() if random.random() < 0.05 else text


def wrong_email(random: Random) -> str:
    """Names of files, repositories, services, and halves of addresses."""
    return random.choice(
        [f"user{random.randint(1, 99)}@localhost", "@channel", "icon@2x.png", "logo@3x.jpeg",
         "git@github.com:acme/app.git", f"getty@tty{random.randint(1, 9)}.service", "a @ b",
         "left-pad@1.3.0", "anna.example.com", "someone@", "@app.route", "alice@@example",
         "https://build:s3cret@ci.example.com/job"]
    )  # fmt: skip


_INTERNATIONAL: Final = (
    # number without the country's plus, and how its national part is grouped
    ("1", ("415", "555", "####"), ("212", "736", "####"), ("312", "922", "####")),
    ("44", ("20", "7946", "0###"), ("7911", "12####"), ("161", "496", "0###")),
    ("49", ("30", "90####"), ("151", "2345####"), ("89", "6380####")),
    ("33", ("1", "42", "68", "53", "##"), ("6", "12", "34", "56", "##")),
    ("39", ("06", "698", "####"), ("347", "123", "####")),
    ("34", ("612", "34", "56", "##"), ("91", "123", "45", "##")),
    ("31", ("20", "624", "####"), ("6", "12####78")),
    ("48", ("601", "234", "###"), ("22", "825", "##", "##")),
    ("46", ("8", "123", "45", "##"), ("70", "123", "45", "##")),
    ("55", ("11", "91234", "####"), ("21", "2345", "####")),
    ("91", ("98765", "4####"), ("22", "2345", "####")),
    ("61", ("2", "9374", "4###"), ("412", "345", "###")),
)


def _filled(random: Random, groups: Sequence[str]) -> list[str]:
    return ["".join(drawn_digits(random, 1) if c == "#" else c for c in group) for group in groups]


def international(random: Random) -> str:
    """+49 30 901820, +1 (415) 555-2671, +44 (0)20 7946 0958, 0033 1 42 68 53 00."""
    country, *forms = random.choice(_INTERNATIONAL)
    groups = _filled(random, random.choice(forms))
    separator = random.choice([" ", " ", "-", "", "."])
    if country == "1" and random.random() < 0.4:
        return f"+1 ({groups[0]}) {groups[1]}-{groups[2]}"
    if country in {"44", "49"} and random.random() < 0.2:
        return f"+{country} (0){groups[0]} {''.join(groups[1:])}"
    prefix = "+" if country == "1" or random.random() < 0.85 else "00"
    return prefix + separator.join([country, *groups])


def national(random: Random) -> str:
    """(415) 555-2671, 415-555-2671, 020 7946 0958, 030/901820, 01 42 68 53 00."""
    country, *forms = random.choice(_INTERNATIONAL)
    groups = _filled(random, random.choice(forms))
    if country == "1":
        form = random.choice(["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "{}{}{}"])
        return form.format(*groups)
    if country in {"44", "49", "33", "31", "46", "61"}:
        groups[0] = "0" + groups[0]
    if country == "49" and random.random() < 0.5:
        return f"{groups[0]}/{''.join(groups[1:])}"
    return random.choice([" ", " ", "-", ""]).join(groups)


def phone(random: Random) -> str:
    """Either form."""
    return international(random) if random.random() < 0.6 else national(random)


def wrong_phone(random: Random) -> str:
    """Numbers that no plan has."""
    two, four = drawn_digits(random, 2), drawn_digits(random, 4)
    return random.choice(
        [f"+1 123 456 {four}", f"+1 {random.randint(200, 999)} 0{two}", f"+999 {four}{four}",
         f"+44 0000 {four}", f"+49 {two}", f"+0 {four}{two}{two}1", f"(1{two}) 555-{four}",
         f"011-{two}4"]
    )  # fmt: skip


def ip(random: Random) -> str:
    """Version 4, public and private, and version 6, in full, compressed, in capitals."""
    kind = random.random()
    if kind < 0.45:
        first = random.choice([n for n in range(1, 224) if n not in {10, 127}])
        rest = (random.randint(0, 255), random.randint(0, 255), random.randint(10, 254))
        return ".".join(map(str, (first, *rest)))
    if kind < 0.65:
        rest = f"{random.randint(0, 255)}.{random.randint(1, 254)}"
        return random.choice([f"10.{random.randint(0, 255)}.{rest}", f"192.168.{rest}"])
    groups = [f"{random.randint(1, 0xFFFF):x}" for _ in range(7)]
    text = random.choice(
        [":".join(["2a02", *groups]), f"2001:db8:{groups[0]}::{groups[1]}",
         f"2600:{groups[0]}:{groups[1]}::{groups[2]}:{groups[3]}", f"fe80::{':'.join(groups[:4])}"]
    )  # fmt: skip
    return text.upper() if random.random() < 0.2 else text


def wrong_ip(random: Random) -> str:
    """Octets above 255, versions, too many parts."""
    a, b, c = (random.randint(10, 99) for _ in range(3))
    return random.choice(
        [f"{random.randint(256, 999)}.{a}.{b}.{c}", f"{a}.{b}.{c}", f"{a}.{b}.{c}.{a}.{b}",
         f"v{a}.{b}.{c}.{a}", "2001:db8:::1", f"{a}:{b}:{c}", "fe80:zz::1", "127.0.0.1",
         f"{a}.{b}.{c}.{random.randint(256, 400)}"]
    )  # fmt: skip


def mac(random: Random) -> str:
    """Colons, dashes, or the dotted form of some switches."""
    pairs = [f"{random.randint(0, 255):02x}" for _ in range(6)]
    joined = "".join(pairs)
    text = random.choice([":".join(pairs), "-".join(pairs), in_groups(joined, (4, 4), ".")])
    return text.upper() if random.random() < 0.5 else text


def wrong_mac(random: Random) -> str:
    """Too few pairs, fingerprints, mixed separators."""
    pairs = [f"{random.randint(0, 255):02x}" for _ in range(20)]
    return random.choice([":".join(pairs[:5]), ":".join(pairs), "zz:" + ":".join(pairs[:5]),
                          ":".join(pairs[:3]) + "-" + "-".join(pairs[3:6])])  # fmt: skip


_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def birth(random: Random) -> str:
    """1985-03-12, 12/03/1985, 12.03.1985, 12 March 1985, March 12, 1985, 12-Mar-1985."""
    year, month, day = random.randint(1930, 2015), random.randint(1, 12), random.randint(1, 28)
    name = _MONTHS[month - 1]
    return random.choice(
        [f"{year}-{month:02d}-{day:02d}", f"{day:02d}/{month:02d}/{year}", f"{month}/{day}/{year}",
         f"{day:02d}.{month:02d}.{year}", f"{day} {name} {year}", f"{name} {day}, {year}",
         f"{day:02d}-{name[:3]}-{year}", f"{year}/{month:02d}/{day:02d}",
         f"{day:02d}/{month:02d}/{year % 100:02d}"]
    )  # fmt: skip


def wrong_birth(random: Random) -> str:
    """Days that no calendar has."""
    day, month = random.randint(32, 99), random.randint(13, 31)
    year = random.randint(1930, 2015)
    return random.choice([f"{year}-{month}-{day}", f"{day}/{month}/{year}", f"{day}.{month}.{year}",
                          f"31 February {year}", f"{year}"])  # fmt: skip


def passport(random: Random) -> str:
    """Nine digits (United States, United Kingdom), a letter or two and seven or eight digits."""
    return random.choice(
        [drawn_digits(random, 9), random.choice("ABCX") + drawn_digits(random, 8),
         "".join(random.choices("ABEPRZ", k=2)) + drawn_digits(random, 7),
         "C" + "".join(random.choices("CFGHJKLMNPRTVWXYZ012345", k=3)) + drawn_digits(random, 5)]
    )  # fmt: skip


def licence(random: Random) -> str:
    """California, Florida, New York, the United Kingdom."""
    florida = random.choice("ABCS") + drawn_digits(random, 12)
    return random.choice(
        [random.choice("ABDFY") + drawn_digits(random, 7), drawn_digits(random, 9),
         in_groups(florida, (4, 3, 2, 3), "-"),
         "MORGA" + str(random.randint(6, 9)) + "57054" + "SM9" + random.choice("IJK") + "J"]
    )  # fmt: skip


def no_number(random: Random) -> str:
    """A word where a number would be."""
    return random.choice(["pending", "expired", "n/a", "required", "renewal", "on file", "unknown"])
