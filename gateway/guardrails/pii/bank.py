"""Numbers of bank accounts and banks: IBAN (ISO 13616), BIC (ISO 9362), ABA routing numbers.

Pure: no I/O, no clock.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import SURE, always, number

_LENGTHS: Final = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28
EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26
IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28
NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25
SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
"""The IBAN registry of SWIFT: each country's code and the length of its IBANs."""

_COUNTRY_CODES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
_COUNTRIES: Final = frozenset(_COUNTRY_CODES.split())
_ABA: Final = (3, 7, 1)
_DISTRICTS: Final = frozenset((*range(1, 13), *range(21, 33), *range(61, 73), 80))


_SIZES: Final = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
_GROUP: Final = r"[ \-][A-Z0-9]{4}"


def _whole_groups() -> Iterator[str]:
    """Of the countries whose IBANs end with a full group: a word in capitals that follows must not
    be taken for one more."""
    countries: dict[int, list[str]] = defaultdict(list)
    for country, size in _SIZES.items():
        if size % 4 == 0:
            countries[size].append(country)
    for size, codes in sorted(countries.items()):
        yield rf"(?:{'|'.join(codes)})\d\d(?:{_GROUP}){{{size // 4 - 1}}}"


def is_iban(text: str) -> bool:
    """Whether it is as long as those of its country, the check digits are right (ISO 7064
    MOD 97-10) and the rest is not all zero."""
    turned = text[4:] + text[:4]
    if _SIZES.get(text[:2]) != len(text) or not text[4:].strip("0"):
        return False
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_routing_number(digits: str) -> bool:
    """Whether a Federal Reserve district and the check digit are right (ABA, 3-7-1)."""
    total = sum(int(digit) * _ABA[place % 3] for place, digit in enumerate(digits))
    return int(digits[:2]) in _DISTRICTS and total % 10 == 0


def is_bic(text: str) -> bool:
    """Whether the country is one (ISO 3166) and the place is not that of a test."""
    return text[4:6] in _COUNTRIES and text[7] != "0"


_BIC: Final = number(
    "swift_bic",
    "bank identifier (BIC, SWIFT)",
    r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
    is_bic,
    ("swift", "bic", "bank identifier", "bankleitzahl", "correspondent"),
)

KINDS: Final[tuple[Kind, ...]] = (
    number(
        "iban",
        "international bank account number",
        (
            r"[A-Z]{2}\d\d[A-Z0-9]{11,29}",
            "|".join(_whole_groups()),
            rf"[A-Z]{{2}}\d\d(?:{_GROUP}){{2,7}}[ \-][A-Z0-9]{{1,3}}",
        ),
        is_iban,
        ("iban", "account", "konto"),
        alone=always(SURE),
    ),
    _BIC,
    number(
        "us_bank_routing",
        "routing number of a bank of the United States",
        r"\d{9}|\d{4}-\d{4}-\d",
        is_routing_number,
        ("routing", "aba", "rtn", "transit"),
    ),
)
