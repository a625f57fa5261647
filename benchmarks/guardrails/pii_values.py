"""Personal data made up from the published formats of its issuers, and what only looks like it.

Every value is drawn from the given source of randomness and belongs to nobody by design: only its
form and check digits are right. Where the issuer has several ways to write a number, `written`
draws one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from benchmarks.guardrails.pii_accounts import (
    bic,
    card,
    iban,
    routing,
    wallet,
    wrong_bic,
    wrong_card,
    wrong_iban,
    wrong_wallet,
)
from benchmarks.guardrails.pii_contacts import (
    birth,
    email,
    international,
    ip,
    licence,
    mac,
    no_number,
    passport,
    phone,
    wrong_birth,
    wrong_email,
    wrong_ip,
    wrong_mac,
    wrong_phone,
)
from benchmarks.guardrails.pii_drawing import Draw, last_changed
from benchmarks.guardrails.pii_identities import (
    aadhaar,
    brazilian,
    dashed_itin,
    dashed_ssn,
    dutch,
    firm,
    foreigner,
    french,
    italian,
    itin,
    medicare,
    nhs_number,
    nino,
    pan,
    polish,
    sin,
    spanish,
    ssn,
    swedish,
    tax_id,
    tfn,
    wrong_foreigner,
    wrong_italian,
    wrong_itin,
    wrong_medicare,
    wrong_nino,
    wrong_pan,
    wrong_spanish,
    wrong_ssn,
)


@dataclass(frozen=True, slots=True)
class Values:
    """One type: `right` draws a value as people write it, `wrong` one that breaks a rule.

    `labels` are what forms and people call it, `keys` the names of fields. With `bare` a value
    also stands without any of them.
    """

    right: Draw
    wrong: Draw
    labels: Sequence[str]
    keys: Sequence[str]
    bare: bool = False
    bare_right: Draw | None = None


VALUES: Final[Mapping[str, Values]] = MappingProxyType(
    {
        "credit_card": Values(card, wrong_card, ("card number", "credit card", "Visa", "PAN"),
                              ("card_number", "pan", "cc"), bare=True),
        "iban": Values(iban, wrong_iban, ("IBAN", "account", "bank account"),
                       ("iban", "account_iban"), bare=True),
        "us_ssn": Values(ssn, wrong_ssn, ("SSN", "social security number", "Social Security no."),
                         ("ssn", "social_security_number", "userSSN"), bare_right=dashed_ssn),
        "us_itin": Values(itin, wrong_itin, ("ITIN", "taxpayer id", "Individual Taxpayer Number"),
                          ("itin", "tax_id", "taxpayer_id"), bare_right=dashed_itin),
        "uk_nino": Values(nino, wrong_nino, ("NI number", "National Insurance number", "NINO"),
                          ("nino", "ni_number", "nationalInsurance"), bare=True),
        "uk_nhs": Values(nhs_number, last_changed(nhs_number), ("NHS number", "NHS no", "NHS No."),
                         ("nhs_number", "nhs", "nhsNumber")),
        "canada_sin": Values(sin, last_changed(sin), ("SIN", "social insurance number"),
                             ("sin", "social_insurance_number")),
        "germany_tax_id": Values(tax_id, last_changed(tax_id),
                                 ("Steuer-ID", "Steueridentifikationsnummer", "IdNr.", "tax ID"),
                                 ("steuer_id", "steuerId", "idnr")),
        "france_nir": Values(french, last_changed(french),
                             ("NIR", "numéro de sécurité sociale", "INSEE number"),
                             ("nir", "num_secu"), bare=True),
        "spain_nif": Values(spanish, wrong_spanish, ("DNI", "NIF", "documento de identidad"),
                            ("dni", "nif"), bare=True),
        "spain_nie": Values(foreigner, wrong_foreigner, ("NIE", "número de extranjero"),
                            ("nie", "nie_number"), bare=True),
        "italy_fiscal_code": Values(italian, wrong_italian, ("codice fiscale", "fiscal code"),
                                    ("codice_fiscale", "cf"), bare=True),
        "netherlands_bsn": Values(dutch, last_changed(dutch), ("BSN", "burgerservicenummer"),
                                  ("bsn", "burgerservicenummer")),
        "poland_pesel": Values(polish, last_changed(polish), ("PESEL", "numer PESEL"),
                               ("pesel", "peselNumber")),
        "sweden_personnummer": Values(swedish, last_changed(swedish),
                                      ("personnummer", "personal identity number"),
                                      ("personnummer", "pnr")),
        "brazil_cpf": Values(brazilian, last_changed(brazilian), ("CPF", "CPF do titular"),
                             ("cpf", "cpf_titular")),
        "brazil_cnpj": Values(firm, last_changed(firm), ("CNPJ", "CNPJ da empresa"),
                              ("cnpj", "cnpj_empresa")),
        "india_aadhaar": Values(aadhaar, last_changed(aadhaar),
                                ("Aadhaar", "Aadhaar number", "UIDAI number"),
                                ("aadhaar", "aadhaar_no")),
        "india_pan": Values(pan, wrong_pan, ("PAN", "permanent account number"),
                            ("pan", "pan_number"), bare=True),
        "australia_tfn": Values(tfn, last_changed(tfn), ("TFN", "tax file number"),
                                ("tfn", "tax_file_number")),
        "australia_medicare": Values(medicare, wrong_medicare, ("Medicare number", "Medicare card"),
                                     ("medicare", "medicare_no")),
        "email_address": Values(email, wrong_email, ("e-mail", "email address", "contact"),
                                ("email", "mail_to"), bare=True),
        "phone_number": Values(phone, wrong_phone,
                               ("phone", "mobile", "telephone", "cell", "fax", "Tel."),
                               ("phone", "mobile", "tel", "fax_number"), bare_right=international),
        "ip_address": Values(ip, wrong_ip, ("IP", "IP address", "client address"),
                             ("ip", "remote_addr", "client_ip"), bare=True),
        "mac_address": Values(mac, wrong_mac, ("MAC", "MAC address", "hardware address"),
                              ("mac", "hw_addr"), bare=True),
        "date_of_birth": Values(birth, wrong_birth,
                                ("date of birth", "DOB", "birth date", "D.O.B."),
                                ("dob", "date_of_birth", "birthDate")),
        "passport": Values(passport, no_number, ("passport", "passport number", "passport no."),
                           ("passport", "passport_number")),
        "driving_licence": Values(licence, no_number,
                                  ("driving licence", "driver's license", "driver license number"),
                                  ("driving_licence", "driver_license")),
        "swift_bic": Values(bic, wrong_bic, ("SWIFT", "BIC", "SWIFT code"),
                            ("swift", "bic", "swift_code")),
        "us_bank_routing": Values(routing, last_changed(routing),
                                  ("routing number", "ABA number", "ABA routing"),
                                  ("routing_number", "aba")),
        "crypto_wallet": Values(wallet, wrong_wallet, ("wallet", "BTC address", "deposit address"),
                                ("wallet", "btc_address"), bare=True),
    }
)  # fmt: skip
"""By the category that a finding of it should have."""
