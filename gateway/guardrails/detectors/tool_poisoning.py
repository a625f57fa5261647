"""Definitions of tools that tell the model what to do. Pure: no I/O, no clock.

OWASP MCP03 (tool poisoning): a description is read by the model, and seldom by people. It says what
a tool does; where it gives orders about other tools, about what the user may know, or asks for
files and secrets, it is an attack. What a tool does is not told by its words: one that is harmful
and says so in ordinary terms is not found here.
"""

import re
from collections.abc import Callable
from typing import Final

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.model.passage import Part

_PARTS: Final = frozenset({Part.TOOL_DEFINITION, Part.INSTRUCTIONS, Part.AGENT_CARD})

_WORDS: Final = r"(?:[\w'`/-]{1,30},?\s{1,4}){0,6}"
_SO_ON: Final = r"[\w\s,;:'`()/-]"
_TOOL: Final = r"(?:tools?|functions?|servers?|mcp|commands?|agents?)"
_FILE: Final = (
    r"(?:~/\.|/home/[^\s/]{1,32}/\.|\$home/\.|%userprofile%\\\.?)[\w./\\-]{1,80}|"
    r"\bid_(?:rsa|ed25519|ecdsa|dsa)\b|\bmcp\.json\b|\bclaude_desktop_config\.json\b|"
    r"\.(?:ssh|aws|gnupg|kube|docker|azure)/[\w./-]{1,60}|\.netrc\b|\.pgpass\b|\.git-credentials\b|"
    r"(?:^|[\s\"'`/(])\.env(?:\.\w{1,20})?\b|/etc/(?:passwd|shadow)\b|\.bash_history\b|"
    r"\bcredentials\.json\b|\bwallet\.dat\b|\bkeychain\b|\.npmrc\b|\.pypirc\b"
)
_ASKING: Final = re.compile(
    r"\b(?:read|open|load|fetch|get|cat|include|pass|send|attach|provide|copy|access|contents?\s+of|"
    r"append|put|insert|upload|extract|retrieve|supply|first|must|sidenote)\b",
    re.IGNORECASE,
)
_NEGATED: Final = re.compile(
    r"\b(?:never|not|don't|doesn't|without|except|exclud\w+|ignor\w+|den(?:y|ied)|block\w*|refus\w+|"
    r"protect\w*|avoid\w*|cannot|redact\w*|skip\w*)\b[^.]{0,40}$",
    re.IGNORECASE,
)


def _file(found: Candidate) -> float | None:
    if _NEGATED.search(found.before):
        return 0.4
    return 0.85 if _ASKING.search(found.before + " " + found.after) else 0.5


_ADVERB: Final = re.compile(r"(?:silently|quietly)", re.IGNORECASE)
"""What software does, too, that hides nothing."""


def _first(found: Candidate) -> float:
    """That a tool comes first is ordinary of its own server's, not of all others."""
    return 0.7 if re.search(r"\b(?:any|all|every|instead)\b", found.text, re.IGNORECASE) else 0.5


def _secret(found: Candidate) -> float | None:
    return 0.4 if _NEGATED.search(found.before) else 0.8


def _carried(found: Candidate) -> float | None:
    """Whether what goes into a note is something that a note is not for."""
    around = found.before + found.text + found.after
    asked = re.search(
        r"\b(?:contents?|secret|password|key|token|credential|history|file|prompt|everything|"
        r"previous|conversation)s?\b",
        around,
        re.IGNORECASE,
    )
    ordered = re.search(
        r"\b(?:must|always|otherwise|pass|put|send|place|insert|leak|include)\b",
        around,
        re.IGNORECASE,
    )
    named = re.search(r"side[_ -]?note|param|arg", found.text, re.IGNORECASE)
    return 0.75 if asked and ordered and named else None


def _unless_own(score: float) -> Callable[[Candidate], float | None]:
    """For orders about other tools: a hint which of its own server's to call first is ordinary
    ("use search before fetch"), an order about all of them, or in place of one, is not."""

    def validate(found: Candidate) -> float | None:
        text = (found.before[-24:] + found.text + found.after).lower()
        strong = re.search(
            r"\b(?:must|always|never|instead|important|required|any|all|every)\b", text
        )
        return score if strong else 0.45

    return validate


def _poison(
    name: str,
    category: str,
    regex: str,
    how: float | Callable[[Candidate], float | None],
    longest: int = 320,
) -> Pattern:
    validate = how if callable(how) else None
    score = 0.5 if callable(how) else how
    return Pattern(name, regex, category, score, 0, longest, caseless=True, validate=validate)


_PATTERNS: Final = (
    _poison(
        "urgent_tag",
        "hidden_instruction",
        r"<\s{0,3}/?(?:important|system|instructions?|secret|hidden|critical|mandatory|assistant|"
        r"admin|sudo|override|priority|attention)\b[^<>]{0,60}>",
        0.8,
    ),
    _poison(
        "chat_markup",
        "hidden_instruction",
        r"<\|(?:im_start|im_end|system|user|assistant|start_header_id|eot_id)\|>|\[/?INST\]|<</?SYS>>",
        0.9,
    ),
    _poison(
        "keep_from_user",
        "concealment",
        r"\b(?:do\s{1,3}not|don't|never|must\s{1,3}not|without|avoid|no\s{1,3}need\s{1,3}to)\s{1,3}"
        r"(?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|notify(?:ing)?|reveal(?:ing)?|show(?:ing)?|"
        r"disclos(?:e|ing)|alert(?:ing)?|explain(?:ing)?|let(?:ting)?|ask(?:ing)?|warn(?:ing)?|"
        rf"report(?:ing)?)\b{_SO_ON}{{0,60}}\b(?:users?|humans?|customers?|anyone|them|him)\b",
        0.85,
    ),
    _poison(
        "secretly",
        "concealment",
        r"\b(?:secretly|silently|covertly|quietly|discreetly|stealthily|(?:without|unknown)\s{1,3}"
        r"(?:to\s{1,3})?(?:the\s{1,3})?(?:user(?:'s)?|their|being|any)\s{1,3}"
        r"(?:knowledge|knowing|consent|notic\w{1,4}|awareness|detect\w{1,4}))\b",
        lambda found: 0.5 if _ADVERB.fullmatch(found.text) else 0.65,
    ),
    _poison(
        "undetected",
        "concealment",
        r"\b(?:without|avoid(?:s|ing)?|evad(?:e|es|ing)|bypass(?:es|ing)?|no|escap(?:e|es|ing))\s{1,3}"
        r"(?:[\w-]{1,20}\s{1,3}){0,3}(?:detection|alerts?|alarms?|suspicion|notice|traces?|"
        r"monitoring|audit(?:s|ing)?|logging|safeguards?|oversight)\b",
        0.65,
    ),
    _poison(
        "user_is_unaware",
        "concealment",
        r"\b(?:the\s{1,3})?user\s{1,3}(?:does\s{1,3}not|doesn't|must\s{1,3}not|should\s{1,3}not|"
        r"will\s{1,3}not|won't|need\s{1,3}not)\s{1,3}(?:\w{1,15}\s{1,3}){0,3}"
        r"(?:know|see|notice|aware|find\s{1,3}out|learn)\b",
        0.8,
    ),
    _poison(
        "before_other_tools",
        "cross_tool_instruction",
        rf"\b(?:before|when|whenever|after|time)\s{{1,3}}"
        rf"(?:you\s{{1,3}})?(?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|runn?(?:ing)?|execut(?:e|ing)|"
        rf"perform(?:ing)?)\s{{1,3}}(?:any|all|every|other|the\s{{1,3}}other|another)\s{{1,3}}"
        rf"(?:other\s{{1,3}})?{_WORDS}{_TOOL}\b",
        0.75,
    ),
    _poison(
        "call_this_first",
        "cross_tool_instruction",
        rf"\b(?:must|always)\s{{1,3}}(?:(?:first|be)\s{{1,3}}){{0,2}}(?:call(?:ed)?|used?|invoked?|run|executed?)"
        rf"\s{{1,3}}{_WORDS}(?:first|instead|(?:before|for)\s{{1,3}}(?:any|all|every|other))\b",
        _first,
    ),
    _poison(
        "other_tool_instead",
        "cross_tool_instruction",
        rf"\b(?:instead\s{{1,3}}of|rather\s{{1,3}}than|in\s{{1,3}}place\s{{1,3}}of|do\s{{1,3}}not\s{{1,3}}"
        rf"use|never\s{{1,3}}use|don't\s{{1,3}}use|replaces?|supersedes?|overrides?)\s{{1,3}}"
        rf"(?:the\s{{1,3}}|any\s{{1,3}}|all\s{{1,3}})?(?:other\s{{1,3}})?{_WORDS}{_TOOL}\b",
        _unless_own(0.65),
    ),
    _poison(
        "side_effect_on_other",
        "cross_tool_instruction",
        r"\bwhen(?:ever)?\s{1,3}(?:the\s{1,3}|this\s{1,3}|a\s{1,3})?[\w-]{2,40}\s{1,3}"
        r"(?:tool|function|server)\s{1,3}"
        rf"(?:is\s{{1,3}}(?:available|present|used|called|invoked)|exists){_SO_ON}{{0,60}}"
        r"\b(?:must|always|should|change|use|send|instead)\b",
        0.75,
    ),
    _poison(
        "changed_recipient",
        "cross_tool_instruction",
        r"\b(?:all|every|any)\s{1,3}(?:e-?mails?|messages?|payments?|transfers?|requests?|data|files?|"
        rf"results?|output)\s{{1,3}}{_SO_ON}{{0,40}}(?:must|should|have\s{{1,3}}to|need\s{{1,3}}to)"
        r"\s{1,3}"
        r"(?:also\s{1,3})?be\s{1,3}(?:sent|forwarded|copied|redirected|bcc'?d|uploaded|posted|routed)",
        0.8,
    ),
    _poison(
        "order_to_model",
        "hidden_instruction",
        r"\b(?:ignore|disregard|forget|override|bypass)\s{1,3}(?:all\s{1,3}|any\s{1,3}|the\s{1,3}|your\s{1,3}"
        r"|my\s{1,3}|every\s{1,3}){0,2}(?:previous|prior|above|earlier|other|existing|system|safety|user"
        r"(?:'s)?)?\s{0,3}(?:instructions?|prompts?|rules?|guidelines?|guardrails?|polic(?:y|ies)|"
        r"directions?|requests?|confirmations?)\b",
        0.85,
    ),
    _poison(
        "note_to_model",
        "hidden_instruction",
        r"\b(?:note|instructions?|message|attention|important|reminder)\s{0,3}(?:to|for)\s{1,3}"
        r"(?:the\s{1,3})?(?:ai|llm|model|assistant|agent|claude|gpt)\b\s{0,3}[:,-]",
        0.75,
    ),
    _poison(
        "otherwise_threat",
        "hidden_instruction",
        rf"\b(?:otherwise|or\s{{1,3}}else|if\s{{1,3}}you\s{{1,3}}(?:do\s{{1,3}}not|don't|fail)){_SO_ON}{{0,40}}"
        r"\b(?:the\s{1,3})?(?:tool|server|system|application|app|user|everything|connection)\s{1,3}"
        r"(?:will|won't|would|might|may)\s{1,3}(?:not\s{1,3}work|crash|fail|break|be\s{1,3}(?:lost|deleted|"
        r"locked|blocked)|get\s{1,3}(?:very\s{1,3})?(?:upset|angry|lost)|lose)",
        0.7,
    ),
    _poison("file_request", "secret_request", _FILE, _file),
    _poison(
        "secret_argument",
        "secret_request",
        r"\b(?:pass|provide|include|send|put|supply|give|insert|append|attach|add|specify|leak|steal|"
        r"exfiltrate|forward|submit)\s{1,3}(?:[\w']{1,20}\s{1,3}){0,4}(?:private\s{1,3}keys?|ssh\s{1,3}keys?|"
        r"passwords?|seed\s{1,3}phrases?|environment\s{1,3}variables?|env\s{1,3}vars?|"
        r"credentials|access\s{1,3}tokens?|session\s{1,3}cookies?|system\s{1,3}prompt|"
        r"(?:conversation|chat)\s{1,3}history|(?:all|entire|full|whole)\s{1,3}(?:conversation|context))\b",
        _secret,
    ),
    _poison(
        "side_note",
        "exfiltration_parameter",
        r"\b(?:as|in|into|to|via|through|using|with|within)\s{1,3}(?:(?:the|a|its)\s{1,3}){0,2}"
        r"[`'\"]?(?:side[_ -]?note|notes?|context|metadata|feedback|extra|debug|annotations?|memo|"
        r"scratch[_ -]?pad|reasoning)[`'\"]?\s{0,3}"
        r"(?:param(?:eter)?|arg(?:ument)?|field|property|input)?\b"
        rf"{_SO_ON}{{0,40}}",
        _carried,
    ),
    _poison(
        "history_parameter",
        "exfiltration_parameter",
        r"\b(?:full|entire|whole|complete|all\s{1,3}(?:of\s{1,3})?(?:the\s{1,3})?(?:previous|prior|earlier))"
        r"\s{1,3}(?:conversation|chat|message|dialog(?:ue)?|prompt)(?:s|\s{1,3}(?:history|log|context|"
        r"transcript))?\b",
        lambda found: 0.7 if _ASKING.search(found.before + found.after) else 0.45,
    ),
)


DETECTOR: Final = Detector(
    name="tool_poisoning",
    summary="Instructions to the model in definitions of tools, cards and server instructions.",
    categories={
        "hidden_instruction": "Orders to the model, tags of urgency, markup of chats.",
        "concealment": "That the user must not know, or nobody notice.",
        "cross_tool_instruction": "Orders about other tools.",
        "secret_request": "Files of secrets, or secrets, that the model is to hand over.",
        "exfiltration_parameter": "Arguments that are there to carry something else out.",
    },
    options=NoOptions,
    prepare=lambda _options: Prepared(patterns=_PATTERNS, parts=_PARTS),
)
