"""Made-up cards, accounts, banks and wallets, and what only looks like them."""

from hashlib import sha256
from random import Random
from typing import Final

from benchmarks.guardrails.pii_drawing import drawn_digits, in_groups, last_changed, with_luhn


def card(random: Random) -> str:
    """Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay, Maestro."""
    issuer, size = random.choice(
        [("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15),
         ("37", 15), ("6011", 16), ("65", 16), ("36", 14), ("3528", 16), ("3589", 16), ("62", 16),
         ("6759", 16), ("4", 13), ("62", 19)]
    )  # fmt: skip
    digits = with_luhn(issuer + drawn_digits(random, size - 1 - len(issuer)))
    sizes = {16: (4, 4, 4), 15: (4, 6), 14: (4, 6), 19: (4, 4, 4, 4)}.get(size)
    return digits if sizes is None else in_groups(digits, sizes, random.choice(["", " ", "-"]))


def wrong_card(random: Random) -> str:
    """A wrong check digit, or an issuer that there is not."""
    if random.random() < 0.7:
        return last_changed(card)(random)
    return in_groups(with_luhn(random.choice("1789") + drawn_digits(random, 14)), (4, 4, 4), " ")


_BBAN: Final = {
    "AT": "16d", "BE": "12d", "CH": "5d12c", "CZ": "20d", "DE": "18d", "DK": "14d", "ES": "20d",
    "FI": "14d", "FR": "10d11c2d", "GB": "4a14d", "GR": "7d16c", "IE": "4a14d", "IT": "1a10d12c",
    "LU": "3d13c", "MT": "4a5d18c", "NL": "4a10d", "NO": "11d", "PL": "24d", "PT": "21d",
    "SE": "20d", "SA": "2d18c", "AE": "19d", "TR": "6d16c", "BR": "23d1a1c",
}  # fmt: skip
"""From the SWIFT registry: counts of digits (d), capitals (a) and either (c) after the check."""


def _bban(random: Random, form: str) -> str:
    made, count = "", ""
    alphabets = {"d": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    alphabets["c"] = alphabets["d"] + alphabets["a"]
    for sign in form:
        if sign.isdigit():
            count += sign
        else:
            made += "".join(random.choices(alphabets[sign], k=int(count)))
            count = ""
    return made


def _iban(random: Random, offset: int = 0) -> str:
    country = random.choice(sorted(_BBAN))
    bban = _bban(random, _BBAN[country])
    figures = "".join(str(int(sign, 36)) for sign in bban + country + "00")
    check = 98 - int(figures) % 97
    check = (check + offset - 2) % 97 + 2
    text = f"{country}{check:02d}{bban}"
    return text if random.random() < 0.5 else in_groups(text, (4,) * (len(text) // 4), " ")


def iban(random: Random) -> str:
    """On paper in groups of four, else joined."""
    return _iban(random)


def wrong_iban(random: Random) -> str:
    """Wrong check digits."""
    return _iban(random, random.randint(1, 90))


def bic(random: Random) -> str:
    """Eight or eleven signs."""
    country = random.choice(
        [
            "DE",
            "FR",
            "GB",
            "US",
            "NL",
            "IT",
            "ES",
            "CH",
            "AT",
            "BE",
            "SE",
            "PL",
            "IN",
            "AU",
            "BR",
            "JP",
        ]
    )
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    bank = "".join(random.choices(letters, k=4))
    place = random.choice(letters) + random.choice(letters + "23456789")
    return bank + country + place + random.choice(["", "", "XXX", "123", drawn_digits(random, 3)])


def wrong_bic(random: Random) -> str:
    """A country that there is not."""
    text = bic(random)
    return text[:4] + random.choice(["XX", "QQ", "ZZ", "AA", "OO"]) + text[6:]


def routing(random: Random) -> str:
    """Nine digits with the check of the ABA."""
    district = random.choice([*range(1, 13), *range(21, 33), *range(61, 73), 80])
    body = f"{district:02d}{drawn_digits(random, 6)}"
    total = sum(int(digit) * (3, 7, 1)[at % 3] for at, digit in enumerate(body))
    return body + str(-total % 10)


_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def wallet(random: Random) -> str:
    """Bitcoin (base58), Litecoin, Tron, Ethereum."""
    payload = random.randbytes(20)
    version = random.choice([b"\x00", b"\x05", b"\x30", b"\x41", None])
    return f"0x{payload.hex()}" if version is None else _base58check(version + payload)


def _base58check(payload: bytes) -> str:
    raw = payload + sha256(sha256(payload).digest()).digest()[:4]
    value, text = int.from_bytes(raw, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        text = _BASE58[rest] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\x00"))) + text


def wrong_wallet(random: Random) -> str:
    """A wrong sign."""
    text = _base58check(random.choice([b"\x00", b"\x05"]) + random.randbytes(20))
    at = random.randint(5, len(text) - 1)
    return text[:at] + random.choice([c for c in _BASE58 if c != text[at]]) + text[at + 1 :]
