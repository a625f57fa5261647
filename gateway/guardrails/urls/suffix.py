"""Which part of a host name somebody has registered. Pure: no I/O, no clock.

Not the whole Public Suffix List: endings of two letters are those of countries, the others those
in use for most hosts of the world, and below a country's the second levels that most of them have.
"""

from typing import Final

_GENERIC_ENDINGS: Final = """
academy agency ai app art asia associates auction bank bar best bet bid bike biz blog build
business buzz cafe cam camp capital car cards care cash casino cat cc center chat cheap church
city claims cleaning click clinic cloud club code coffee com community company computer
consulting contact cool coupons credit cyou date dating day deals delivery design dev digital
direct directory download earth edu education email energy engineer enterprises events exchange
expert express fail farm finance financial fit fitness foundation fun fund fyi gallery game
games gay gift global gold gov group guide guru health help host hosting house how icu inc info
ink institute int international io ist jobs kim land law lease legal life limited link live loan
loans lol love ltd market marketing mba media men menu mil mobi mom money monster mov museum
name net network news ninja one onion online onl ooo org page partners parts party pay photo
photos pics pink pizza place plus press pro productions promo properties pub quest racing red
ren rent report rest review reviews rip rocks run sale sbs school science security services sexy
shop shopping show site social software solar solutions space store stream studio style sucks
supplies support surf systems tax team tech technology tel tips today tokyo tools top town toys
trade trading training travel tube tv ventures vet video vip vision vote wang watch webcam
website wiki win wine work works world wtf xin xxx xyz yoga zip zone arpa aero coop xn--p1ai
xn--fiqs8s xn--90ais xn--j1amh xn--e1afmkfd
"""
_GENERIC: Final = frozenset(_GENERIC_ENDINGS.split())
_BELOW_COUNTRIES: Final = """
ac co com edu gob gov gouv go gub id ind info mil ne net nom or org sch web
"""
_SECOND_LEVELS: Final = frozenset(_BELOW_COUNTRIES.split())


def is_suffix(label: str) -> bool:
    """Whether a host may end in `label`, which is in lower case."""
    if label in _GENERIC:
        return True
    country = len(label) == 2 and label.isalpha()
    return country or label.startswith("xn--") or not label.isascii()


def registrable(host: str) -> tuple[str, str]:
    """The label that somebody has registered and the suffix behind it: ("example", "co.uk") of
    "www.example.co.uk"; ("", "") of what ends in no suffix, ("", host) of a bare suffix."""
    labels = host.split(".")
    if not is_suffix(labels[-1]):
        return "", ""
    size = 1
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS:
        size = 2
    label = labels[-size - 1] if len(labels) > size else ""
    return label, ".".join(labels[-size:])


def site(host: str) -> str:
    """The registered domain that a host belongs to; the host where that is not known."""
    label, suffix = registrable(host)
    return f"{label}.{suffix}" if label else host
