"""Characters that are read as others. Pure: no I/O, no clock.

Letters, digits and signs that look like ASCII ones, chosen from the confusables of Unicode
Technical Standard 39, section 4, and Latin letters whose compatibility decomposition
(Unicode Standard Annex 15) is themselves although a reader takes them for the plain letter.
"""

# ruff: noqa: RUF001  the very characters that it warns of

from collections.abc import Mapping
from typing import Final

_ALIKE: Final = {
    # Cyrillic
    "А": "A", "В": "B", "Е": "E", "Ѕ": "S", "І": "I", "Ј": "J", "К": "K", "М": "M", "Н": "H",
    "О": "O", "Р": "P", "С": "C", "Т": "T", "У": "Y", "Х": "X", "Ү": "Y", "Һ": "H", "Ԁ": "D",
    "Ԛ": "Q", "Ԝ": "W", "Ӏ": "I", "а": "a", "е": "e", "ѕ": "s", "і": "i", "ј": "j", "о": "o",
    "р": "p", "с": "c", "у": "y", "х": "x", "ү": "y", "һ": "h", "ԁ": "d", "ԛ": "q", "ԝ": "w",
    "ӏ": "l", "ѵ": "v", "Ѵ": "V", "ԍ": "g", "ь": "b", "к": "k", "п": "n", "г": "r", "т": "t",
    "м": "m", "н": "h", "в": "b",
    # Greek
    "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N",
    "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X", "α": "a", "γ": "y", "ε": "e", "ι": "i",
    "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "σ": "o", "τ": "t", "υ": "u", "χ": "x", "η": "n",
    "ω": "w", "ϲ": "c", "ϳ": "j", "Ϲ": "C", "Ϳ": "J",
    # Armenian, Cherokee, Lisu
    "ա": "w", "հ": "h", "ո": "n", "ս": "u", "օ": "o", "ց": "g", "զ": "q", "Օ": "O", "Տ": "S",
    "Ꭺ": "A", "Ᏼ": "B", "Ꮯ": "C", "Ꭰ": "D", "Ꭼ": "E", "Ꮋ": "H", "Ꭻ": "J", "Ꮶ": "K", "Ꮮ": "L",
    "Ꮇ": "M", "Ꮲ": "P", "Ꭱ": "R", "Ꮪ": "S", "Ꭲ": "T", "Ꮩ": "V", "Ꮃ": "W", "Ꮓ": "Z",
    "ꓮ": "A", "ꓐ": "B", "ꓚ": "C", "ꓓ": "D", "ꓰ": "E", "ꓝ": "F", "ꓖ": "G", "ꓧ": "H", "ꓲ": "I",
    "ꓙ": "J", "ꓗ": "K", "ꓡ": "L", "ꓟ": "M", "ꓠ": "N", "ꓳ": "O", "ꓑ": "P", "ꓣ": "R", "ꓢ": "S",
    "ꓔ": "T", "ꓴ": "U", "ꓦ": "V", "ꓪ": "W", "ꓫ": "X", "ꓬ": "Y", "ꓜ": "Z",
    # Latin
    "ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o",
    "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Ħ": "H", "ħ": "h", "ı": "i",
    "ȷ": "j", "Ŧ": "T", "ŧ": "t", "Ƶ": "Z", "ƶ": "z", "Ɨ": "I", "ɨ": "i", "Ʉ": "U", "ʉ": "u",
    "ɑ": "a", "ɡ": "g", "ɩ": "i", "ɪ": "i", "ɴ": "n", "ʀ": "r", "ʏ": "y", "ʙ": "b", "ʜ": "h",
    "ʟ": "l", "ɢ": "g", "ʋ": "v", "ǀ": "l", "ᴀ": "a", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ᴊ": "j",
    "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p", "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z",
    "ꜰ": "f", "ꜱ": "s", "ꞯ": "q", "ꮯ": "c", "ꮪ": "s", "ꮩ": "v", "ꮃ": "w", "ꮓ": "z",
    # signs
    "‐": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "⁃": "-", "﹘": "-", "➖": "-",
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "ʹ": "'", "′": "'", "´": "'", "`": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "⁄": "/", "∕": "/", "⧸": "/", "╱": "/", "∖": "\\", "⧵": "\\", "∣": "|", "ǃ": "!",
    "։": ":", "׃": ":", "ː": ":", "∶": ":", "꞉": ":", "․": ".", "۔": ".", "。": ".", "·": ".",
    "‹": "<", "›": ">", "❮": "<", "❯": ">", "∗": "*", "⁎": "*", "＿": "_", "˷": "~", "∼": "~",
    "\u0085": "\n", "\u2028": "\n", "\u2029": "\n", "\u1680": " ",
}  # fmt: skip

_NEGATIVE: Final = (0x1F150, 0x1F170, 0x1F1E6)
"""Where the letters A to Z begin that are white on black, in circles and in squares, and the
regional indicators."""

CONFUSABLES: Final[Mapping[str, str]] = {
    **{alike: plain for alike, plain in _ALIKE.items() if not alike.isascii()},
    **{chr(first + n): chr(ord("A") + n) for first in _NEGATIVE for n in range(26)},
}
"""The ASCII text that each of these characters, decomposed, is read as."""
