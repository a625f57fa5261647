"""Families of patterns of personal data; detectors/pii.py joins them.

Formats and check digits are those that the issuers publish; where the check digit of a number is
weak, a word that says what the number is has to stand within 60 characters.
"""
