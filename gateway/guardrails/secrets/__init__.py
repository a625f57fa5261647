"""Families of patterns of secrets, by who issues them; detectors/secrets.py joins them.

The patterns are written from the formats that the issuers publish in their documentation and
announcements of key formats (prefix, alphabet, length); which issuers there are follows the rule
families of gitleaks. Where a format has no prefix of its own, the name of the issuer or a word
such as "secret" has to stand before it as the name of what is assigned.
"""
