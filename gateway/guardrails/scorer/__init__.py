"""What tells attacks on a model from ordinary text: rules in families, and a linear scorer that
was trained (CARD.md has its figures). No I/O but reading its own weights, no clock."""
