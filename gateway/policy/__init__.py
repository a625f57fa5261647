"""May they: AccessPolicy documents compiled into an immutable engine that judges calls.

Pure: no I/O, no clock; the time of a decision is part of its context. Protobuf is imported for the
attribute messages that CEL sees, pydantic for the documents.

`compile.compile_policies` makes a `policyset.PolicySet`; that is all that other packages need.
"""
