"""Text that people do not see and models read. Pure: no I/O, no clock.

Invisible characters of Unicode (zero width, bidi controls, tags, variation selectors: Unicode
Standard, chapter 23; "Trojan Source", arXiv 2111.00169), comments and hidden elements of HTML and
Markdown, escape sequences of terminals (ECMA-48). What scripts and emoji need of them is no
finding: joiners and marks beside their letters, one selector behind its base, flags.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Candidate, Pattern

_ZERO_WIDTH: Final = (
    "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0"
)
_JOINERS: Final = frozenset("\u200c\u200d")
_BIDI: Final = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_OVERRIDES: Final = frozenset("\u202d\u202e")
_MARKS: Final = frozenset("\u200e\u200f\u061c")
_TAGS: Final = "\U000e0001\U000e0020-\U000e007f"
_SELECTORS: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_FLAG: Final = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f")
_BLACK_FLAG: Final = "\U0001f3f4"
_DECORATION: Final = frozenset("\u200d\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""Letters of scripts that write no spaces, where zero-width space says where a line may end."""
_JOINING: Final = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufeff]"
)
"""Letters of scripts that need joiners: Arabic and Persian, those of India, and others."""

_INSTRUCTION: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|instead|instructions?|system\s+prompt|assistant|"
    r"(?:you|the\s+(?:ai|model|agent|llm))\s+(?:must|should|are|will)|do\s+not\s+(?:tell|mention)|"
    r"(?:send|forward|upload|post|leak)\b.{0,60}\b(?:to|at)|pass(?:word|phrase)|"
    r"api[ _-]?keys?|secrets?|credentials?|execute|call\s+the|respond\s+with|reply\s+with)\b",
    re.IGNORECASE | re.DOTALL,
)
_WHITE: Final = re.compile(
    r"(?<![-\w])color\s*:\s*(?:white|#fff(?:fff)?\b|rgba?\(\s*255\s*,\s*255\s*,\s*255|transparent)",
    re.IGNORECASE,
)
_ENTITY_OR_SPACE: Final = re.compile(r"&[a-z#0-9]{1,8};|\s", re.IGNORECASE)
_TAG: Final = r"[\t\n -;=?-~]"
"""What stands within a tag."""

_WORTHLESS: Final = 12
"""Characters that are too few to say anything in a comment."""


def _zero_width(found: Candidate) -> float | None:
    run, before, after = found.text, found.before[-1:], found.after[:1]
    if not found.before and run == "\ufeff":
        return None  # a byte order mark
    if len(run) == 1:
        return _single_zero_width(run, before, after)
    if set(run) <= _JOINERS and len(run) == 2 and _JOINING.match(before):
        return None
    return 0.9 if len(run) >= 8 else 0.7


def _single_zero_width(one: str, before: str, after: str) -> float | None:
    if one in _JOINERS and (_is_symbol(before) or _JOINING.match(before) or _JOINING.match(after)):
        return None
    if _SPACELESS.match(before) or _SPACELESS.match(after):
        return None
    return 0.65 if before.isalnum() and after.isalnum() else 0.4


def _is_symbol(one: str) -> bool:
    """Whether a character is an emoji, or what may stand between one and a joiner."""
    return one in _DECORATION or (one != "" and unicodedata.category(one) in {"So", "Sk"})


def _bidi(found: Candidate) -> float | None:
    around = found.before + found.after
    if any(unicodedata.bidirectional(one) in {"R", "AL", "AN"} for one in around):
        return 0.4 if _OVERRIDES & set(found.text) else None
    if _OVERRIDES & set(found.text):
        return 0.85
    return 0.4 if set(found.text) <= _MARKS and len(found.text) == 1 else 0.65


def _tags(found: Candidate) -> float | None:
    if found.before.endswith(_BLACK_FLAG) and _FLAG.fullmatch(found.text):
        return None
    return 0.95 if len(found.text) > 2 else 0.7


def _selectors(found: Candidate) -> float | None:
    if len(found.text) > 1:
        return 0.9
    base, selector = found.before[-1:], ord(found.text)
    if selector >= 0xE0100:  # an ideographic variation: behind an ideograph only
        return None if "\u3400" <= base <= "\ufaff" or base >= "\U00020000" else 0.7
    if base and (base in "#*0123456789" or unicodedata.category(base)[0] in "SPNL"):
        return None if not base.isascii() or base in "#*0123456789" or base in "+<>=~" else 0.5
    return 0.5


def _soft_hyphens(found: Candidate) -> float | None:
    pieces = found.text.split("\u00ad")
    inner = pieces[1:-1]
    return 0.7 if any(len(piece) < 2 for piece in (*inner, *pieces[:1])) else 0.4


def _comment(found: Candidate) -> float | None:
    inside = found.text.removeprefix("<!--").removesuffix(">").strip("- \n")
    if len(inside) < _WORTHLESS:
        return None
    return 0.7 if _INSTRUCTION.search(inside) else 0.36


def _hidden_element(found: Candidate) -> float | None:
    inside = found.text.partition(">")[2]
    if not _ENTITY_OR_SPACE.sub("", inside):
        return None
    return 0.8 if _INSTRUCTION.search(inside + found.after) else 0.4


def _white_text(found: Candidate) -> float | None:
    tag = found.text.partition(">")[0]
    dark = re.search(r"background(?:-color)?\s*:\s*(?!white|#fff|transparent)", tag, re.IGNORECASE)
    return None if dark or not _WHITE.search(tag) else _hidden_element(found)


def _escape(found: Candidate) -> float | None:
    text = found.text
    if not text.startswith("\x1b["):
        return 0.7 if text[1:].startswith(("]52", "P", "_", "^")) else 0.6
    kind, numbers = text[-1], text[2:-1].split(";")
    if kind != "m":
        return 0.6
    concealed = "8" in numbers and "38" not in numbers and "48" not in numbers
    return 0.8 if concealed or _same_colours(numbers) else 0.36


def _same_colours(numbers: list[str]) -> bool:
    """Whether text has the colour of what is behind it: 30 to 37 on 40 to 47."""
    fore = {number[1:] for number in numbers if re.fullmatch("3[0-7]", number)}
    return bool(fore & {number[1:] for number in numbers if re.fullmatch("4[0-7]", number)})


def _controls(found: Candidate) -> float | None:
    if "\x08" in found.text or "\x7f" in found.text:
        return 0.65
    return 0.65 if len(found.text) >= 4 else 0.4


def _hidden(
    name: str,
    regex: str,
    validate: Callable[[Candidate], float | None],
    longest: int = 256,
) -> Pattern:
    return Pattern(name, regex, name, validate=validate, longest=longest, raw=True)


_CSS: Final = r"[\w\s:;#.,%()!-]"
_INSIDE: Final = rf"{_TAG}{{0,200}}>[\t\n\r -;=-~]{{1,200}}"

_HIDING: Final = (
    r"(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|opacity\s{0,9}:\s{0,9}0(?:\.0)?"
    r"\s{0,9}[;\"']|font-size\s{0,9}:\s{0,9}0(?:\.\d)?(?:px|pt|em|rem|%)?\s{0,9}[;\"']|"
    r"font-size\s{0,9}:\s{0,9}1px|text-indent\s{0,9}:\s{0,9}-\d{3}|left\s{0,9}:\s{0,9}-\d{4})"
)

DETECTOR: Final = Detector(
    name="hidden_text",
    summary="Characters, comments, elements and escape sequences that people do not see.",
    categories={
        "zero_width": "Zero-width and blank characters where no script or emoji needs them.",
        "bidi_control": "Controls of writing direction beside letters that need none.",
        "tag_characters": "Unicode tags, which say ASCII text invisibly.",
        "variation_selectors": "Variation selectors in a row or behind nothing that varies.",
        "soft_hyphen": "Soft hyphens within a word.",
        "html_comment": "Comments of HTML and Markdown, with instructions from MEDIUM on.",
        "hidden_element": "Text in elements of HTML that are not shown, or white on white.",
        "ansi_escape": "Escape sequences of terminals; from MEDIUM on those that hide or move.",
        "control_characters": "Control characters other than white space.",
    },
    options=NoOptions,
    prepare=lambda _options: Prepared(patterns=_PATTERNS),
)

_PATTERNS: Final = (
    _hidden("zero_width", f"[{_ZERO_WIDTH}]{{1,200}}", _zero_width),
    _hidden("bidi_control", f"[{_BIDI}]{{1,50}}", _bidi),
    _hidden("tag_characters", f"[{_TAGS}]{{1,250}}", _tags),
    _hidden("variation_selectors", f"[{_SELECTORS}]{{1,250}}", _selectors),
    _hidden("soft_hyphen", "[A-Za-z]{1,30}(?:\u00ad[A-Za-z]{1,30}){1,20}", _soft_hyphens, 1_024),
    Pattern(
        "html_comment",
        r"<!--[\t\n\r -=?-~]{1,400}>?",
        "html_comment",
        validate=_comment,
        longest=450,
        opening=r"<!--",
    ),
    Pattern(
        "markdown_comment",
        r"\[(?://|comment|_|hidden)\]:[ ]{0,3}(?:#|<>)[ ]{0,3}[(\"'][ !#-&*-~]{8,400}",
        "html_comment",
        validate=_comment,
        longest=450,
        caseless=True,
    ),
    Pattern(
        "hidden_element",
        rf"style\s{{0,3}}=\s{{0,3}}[\"']{_CSS}{{0,150}}{_HIDING}{_INSIDE}",
        "hidden_element",
        validate=_hidden_element,
        longest=800,
        caseless=True,
    ),
    Pattern(
        "hidden_attribute",
        rf"<(?:div|p|span|section|article|aside|li|td|h[1-6])\s(?:{_TAG}{{0,100}}\s)?"
        rf"hidden(?:\s|=[\"']{{2}})?{_INSIDE}",
        "hidden_element",
        validate=_hidden_element,
        longest=800,
        caseless=True,
    ),
    Pattern(
        "white_text",
        rf"style\s{{0,3}}=\s{{0,3}}[\"'](?:{_CSS}{{0,150}}[;\s])?"
        rf"color\s{{0,9}}:\s{{0,9}}(?:white|#fff|rgb|transparent){_INSIDE}",
        "hidden_element",
        validate=_white_text,
        longest=800,
        caseless=True,
    ),
    _hidden(
        "ansi_escape",
        r"\x1b(?:\[[0-9;?<=>:]{0,40}[@-~]|[\]P_^X][\x20-\x7e]{0,300})",
        _escape,
        350,
    ),
    _hidden("control_characters", r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]{1,100}", _controls),
)
