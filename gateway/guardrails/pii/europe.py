"""National numbers of people in countries of the European Union. Pure: no I/O, no clock.

Check digits and their sources are those of python-stdnum. DNI and NIE of Spain have a letter that
is one of 23: without a word near it a match is worth little.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import FORM, SURE, always, number
from gateway.guardrails.pii.standard import checked

_CODICE: Final = (
    r"[A-Z]{3}[ ]?[A-Z]{3}[ ]?[\dL-NP-V]{2}[ABCDEHLMPRST][\dL-NP-V]{2}[ ]?[A-Z][\dL-NP-V]{3}[A-Z]"
)
_NIR: Final = r"[1-478] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?[ \-/]?\d\d"


def _permanent(text: str) -> float | None:
    """Numbers that begin with 1 or 2 are for good; the others are rare."""
    return SURE if text[0] in "12" else None


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "germany_tax_id",
        "tax identification number of Germany",
        r"\d{11}|\d\d[ .]\d{3}[ .]\d{3}[ .]\d{3}",
        checked("de.idnr"),
        ("steuer", "idnr", "tax id", "tax_id", "taxid", "tin", "stidnr", "tax number", "tax ident"),
    ),
    number(
        "france_nir",
        "social security number of France",
        _NIR,
        checked("fr.nir"),
        ("nir", "insee", "sécurité sociale", "securite sociale", "num_secu", "vitale", "sociale"),
        alone=_permanent,
    ),
    number(
        "spain_nif",
        "identity number of Spain, DNI",
        r"\d{8}[ \-]?[A-Z]|\d\d\.\d{3}\.\d{3}[ \-]?[A-Z]",
        checked("es.dni"),
        ("dni", "nif", "identidad", "documento", "spanish id"),
        alone=always(FORM),
    ),
    number(
        "spain_nie",
        "identity number of foreigners in Spain, NIE",
        r"[XYZ][ \-]?\d{7}[ \-]?[A-Z]",
        checked("es.nie"),
        ("nie", "extranjero", "identidad", "documento", "foreigner"),
        alone=always(FORM),
    ),
    number(
        "italy_fiscal_code",
        "codice fiscale of Italy",
        _CODICE,
        checked("it.codicefiscale"),
        ("codice", "fiscale", "cod_fisc", "fiscal code"),
        alone=always(SURE),
    ),
    number(
        "netherlands_bsn",
        "citizen service number of the Netherlands, BSN",
        r"\d{9}|\d{4}[ .]\d\d[ .]\d{3}|\d{3}[ .\-]\d{3}[ .\-]\d{3}",
        checked("nl.bsn"),
        ("bsn", "burgerservice", "sofi", "sofinummer", "citizen service"),
    ),
    number(
        "poland_pesel",
        "PESEL of Poland",
        r"\d{11}",
        checked("pl.pesel"),
        ("pesel",),
    ),
    number(
        "sweden_personnummer",
        "personal identity number of Sweden",
        r"(?:19|20)?\d{6}[ \-+]?\d{4}",
        checked("se.personnummer"),
        ("personnummer", "personal identity", "personal number", "person_nummer", "pnr", "swedish"),
    ),
)
