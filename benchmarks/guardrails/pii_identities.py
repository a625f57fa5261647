"""Made-up national numbers of people and firms, and what only looks like them."""

from random import Random
from typing import Final

from stdnum import verhoeff
from stdnum.br import cnpj
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.iso7064 import mod_11_10
from stdnum.it import codicefiscale
from stdnum.pl import pesel

from benchmarks.guardrails.pii_drawing import drawn_digits, in_groups, other_digit, with_luhn


def _ssn_digits(random: Random) -> str:
    area = random.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}{random.randint(1, 99):02d}{random.randint(1, 9999):04d}"


def ssn(random: Random) -> str:
    """Dashed, spaced or joined."""
    return in_groups(_ssn_digits(random), (3, 2), random.choice(["-", "-", " ", ""]))


def dashed_ssn(random: Random) -> str:
    """As on the card."""
    return in_groups(_ssn_digits(random), (3, 2), "-")


def wrong_ssn(random: Random) -> str:
    """A part that is never given."""
    digits = _ssn_digits(random)
    wrong = random.choice(["000" + digits[3:], "666" + digits[3:], digits[:3] + "00" + digits[5:],
                           digits[:5] + "0000"])  # fmt: skip
    return in_groups(wrong, (3, 2), random.choice(["-", "-", " ", ""]))


_ITIN_GROUPS: Final = (*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100))


def _itin_digits(random: Random) -> str:
    return f"9{drawn_digits(random, 2)}{random.choice(_ITIN_GROUPS)}{drawn_digits(random, 4)}"


def itin(random: Random) -> str:
    """Dashed, spaced or joined."""
    return in_groups(_itin_digits(random), (3, 2), random.choice(["-", "-", " ", ""]))


def dashed_itin(random: Random) -> str:
    """As on letters."""
    return in_groups(_itin_digits(random), (3, 2), "-")


def wrong_itin(random: Random) -> str:
    """A group that is not given out."""
    group = random.choice([n for n in range(100) if n not in _ITIN_GROUPS])
    return in_groups(f"9{drawn_digits(random, 2)}{group:02d}{drawn_digits(random, 4)}", (3, 2), "-")


def nino(random: Random) -> str:
    """In pairs or joined."""
    while True:
        prefix = random.choice("ABCEGHJKLMNOPRSTWXYZ") + random.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}:
            break
    text = prefix + drawn_digits(random, 6) + random.choice("ABCD")
    return in_groups(text, (2, 2, 2, 2), random.choice(["", " "]))


def wrong_nino(random: Random) -> str:
    """A prefix that is not given out."""
    prefix = random.choice(["BG", "GB", "NK", "KN", "TN", "NT", "ZZ", "DA", "QQ", "VX"])
    return in_groups(prefix + drawn_digits(random, 6) + "A", (2, 2, 2, 2), random.choice(["", " "]))


def nhs_number(random: Random) -> str:
    """3-3-4 or joined."""
    while True:
        payload = random.choice("46789") + drawn_digits(random, 8)
        check = _nhs_check(payload)
        if len(check) == 1:
            return in_groups(payload + check, (3, 3), random.choice([" ", "", "-", " "]))


def _nhs_check(payload: str) -> str:
    rest = 11 - sum(int(digit) * (10 - at) for at, digit in enumerate(payload)) % 11
    return "0" if rest == 11 else str(rest)


def sin(random: Random) -> str:
    """3-3-3 or joined."""
    digits = with_luhn(random.choice("12345679") + drawn_digits(random, 7))
    return in_groups(digits, (3, 3), random.choice([" ", "-", ""]))


def tax_id(random: Random) -> str:
    """Germany: one digit comes twice in the first ten, one not at all."""
    digits = random.sample("0123456789", 9)
    digits.insert(random.randint(1, 9), random.choice(digits))
    while digits[0] == "0" or not idnr.is_valid(
        "".join(digits) + mod_11_10.calc_check_digit("".join(digits))
    ):
        random.shuffle(digits)
    text = "".join(digits)
    return in_groups(
        text + mod_11_10.calc_check_digit(text), (2, 3, 3), random.choice(["", " ", ""])
    )


def french(random: Random) -> str:
    """France: 1 84 12 76 451 089 46 or joined; Corsica has 2A and 2B."""
    place = random.choice([f"{random.randint(1, 95):02d}", "2A", "2B"])
    place = "75" if place == "20" else place
    text = (
        f"{random.choice('12')}{random.randint(0, 99):02d}{random.randint(1, 12):02d}{place}"
        f"{random.randint(1, 900):03d}{random.randint(1, 999):03d}"
    )
    text += nir.calc_check_digits(text)
    return text if random.random() < 0.5 else in_groups(text, (1, 2, 2, 2, 3, 3), " ")


def spanish(random: Random) -> str:
    """Spain, DNI: 12345678Z, 12345678-Z, 12.345.678-Z."""
    digits = f"{random.randint(1_000_000, 99_999_999):08d}"
    letter = dni.calc_check_digit(digits)
    return random.choice(
        [digits + letter, f"{digits}-{letter}", f"{digits[:2]}.{digits[2:5]}.{digits[5:]}-{letter}"]
    )


def wrong_spanish(random: Random) -> str:
    """A wrong letter."""
    digits = drawn_digits(random, 8)
    wrong = [c for c in "ABCDEFGHJKLMNPQRSTVWXYZ" if c != dni.calc_check_digit(digits)]
    return digits + random.choice(["", "-"]) + random.choice(wrong)


def foreigner(random: Random) -> str:
    """Spain, NIE: X1234567L, X-1234567-L."""
    body = random.choice("XYZ") + drawn_digits(random, 7)
    letter = nie.calc_check_digit(body)
    return random.choice([body + letter, f"{body[0]}-{body[1:]}-{letter}"])


def wrong_foreigner(random: Random) -> str:
    """A wrong letter."""
    body = random.choice("XYZ") + drawn_digits(random, 7)
    wrong = [c for c in "ABCDEFGHJKLMNPQRSTVWXYZ" if c != nie.calc_check_digit(body)]
    return body + random.choice(wrong)


def italian(random: Random) -> str:
    """Codice fiscale: letters of the names, date and place of birth, a check letter."""
    consonants = "BCDFGLMNPRSTVZ"
    day = random.randint(1, 28) + random.choice([0, 40])
    body = (
        "".join(random.choices(consonants, k=6))
        + f"{random.randint(30, 99)}{random.choice('ABCDEHLMPRST')}{day:02d}"
        + random.choice("ABCDEFGHIL")
        + f"{random.randint(1, 999):03d}"
    )
    return body + codicefiscale.calc_check_digit(body)


def wrong_italian(random: Random) -> str:
    """A wrong check letter."""
    text = italian(random)
    return text[:-1] + random.choice([c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c != text[-1]])


def dutch(random: Random) -> str:
    """BSN: the test of eleven."""
    while True:
        body = random.choice("123456789") + drawn_digits(random, 7)
        check = sum(int(digit) * (9 - at) for at, digit in enumerate(body)) % 11
        if check < 10:
            digits = f"{body}{check}"
            return random.choice(
                [digits, digits, in_groups(digits, (4, 2), "."), in_groups(digits, (3, 3), " ")]
            )


def polish(random: Random) -> str:
    """PESEL: date of birth, a number, a check digit; months of this century have 20 more."""
    year, month = random.randint(0, 99), random.randint(1, 12)
    month += 20 if year < 24 else 0
    body = f"{year:02d}{month:02d}{random.randint(1, 28):02d}{drawn_digits(random, 4)}"
    return body + pesel.calc_check_digit(body)


def swedish(random: Random) -> str:
    """YYMMDD-NNNN, YYYYMMDD-NNNN, joined."""
    year = random.randint(1925, 2009)
    tail = f"{year % 100:02d}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
    digits = with_luhn(tail + drawn_digits(random, 3))
    century = random.choice(["", str(year // 100)])
    return century + digits[:6] + random.choice(["-", "-", ""]) + digits[6:]


def brazilian(random: Random) -> str:
    """CPF: 123.456.789-09 or joined."""
    body = drawn_digits(random, 9)
    digits = body + _cpf_check(body)
    return random.choice([digits, f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"])


def _cpf_check(body: str) -> str:
    one = sum(int(digit) * (10 - at) for at, digit in enumerate(body)) * 10 % 11 % 10
    two = sum(int(digit) * (11 - at) for at, digit in enumerate(body + str(one))) * 10 % 11 % 10
    return f"{one}{two}"


def firm(random: Random) -> str:
    """CNPJ: 12.345.678/0001-95 or joined."""
    body = drawn_digits(random, 8) + "000" + random.choice("123")
    digits = body + cnpj.calc_check_digits(body)
    return random.choice(
        [digits, f"{digits[:2]}.{digits[2:5]}.{digits[5:8]}/{digits[8:12]}-{digits[12:]}"]
    )


def aadhaar(random: Random) -> str:
    """4-4-4 or joined; the last digit is Verhoeff's."""
    body = random.choice("23456789") + drawn_digits(random, 10)
    return in_groups(
        body + verhoeff.calc_check_digit(body), (4, 4), random.choice([" ", "-", "", " "])
    )


def pan(random: Random) -> str:
    """Five letters, the fourth for the kind of holder, four digits, a letter."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = random.randint(1, 9999)
    return (
        "".join(random.choices(letters, k=3)) + random.choice("ABCFGHJLPT")
        + random.choice(letters) + f"{number:04d}" + random.choice(letters)
    )  # fmt: skip


def wrong_pan(random: Random) -> str:
    """A kind of holder that there is not."""
    text = pan(random)
    return text[:3] + random.choice("DEIKMNOQRSUVWXYZ") + text[4:]


def tfn(random: Random) -> str:
    """3-3-3 or joined; weights 1 4 3 7 5 8 6 9 10, modulus 11."""
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10)
    while True:
        digits = random.choice("123456789") + drawn_digits(random, 8)
        if sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0:
            return in_groups(digits, (3, 3), random.choice([" ", "", " "]))


def medicare(random: Random) -> str:
    """4-5-1 or joined, with the issue number."""
    body = random.choice("23456") + drawn_digits(random, 7)
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    check = sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 10
    digits = f"{body}{check}{random.randint(1, 9)}"
    return in_groups(digits, (4, 5), random.choice([" ", "", "-"]))


def wrong_medicare(random: Random) -> str:
    """A wrong check digit."""
    digits = medicare(random).replace(" ", "").replace("-", "")
    return in_groups(digits[:8] + other_digit(random, digits[8]) + digits[9:], (4, 5), " ")
