"""Is the content safe? Texts to findings, findings to a verdict.

passages -> normal (what the text says when nothing is hidden) -> patterns and scorers of the
detectors -> findings -> screen (what each Guardrail does about them) -> mask or block.
No I/O, no clock.
"""
