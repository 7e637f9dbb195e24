"""Make ``src/boilerstrip/characters.npz`` from the Unicode Character Database of the running Python.

Run by hand when a new Unicode version is worth it; the committed table is what the package uses.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import numpy as np

from boilerstrip import characters as c

TARGET = Path(__file__).resolve().parent.parent / "src" / "boilerstrip" / "characters.npz"
TABLE_SIZE = 0x20000

# Sentence ends beyond those that Unicode's category tells: Latin, Arabic, Urdu, Devanagari, CJK, Armenian, Ethiopic,
# Khmer, Myanmar.
SENTENCE_ENDS = set(".!?…‼⁇⁈⁉؟۔।॥。！？．｡։።៕။॰")
# Marks that open list items or separate menu entries.
BULLETS = set("•·‣▪▫■□●○◦◆◇►▶▸▷◀◄«»›‹→←↑↓⇒➔➜➤➡⏩*|¦†‡–—-~>+✓✔★☆※⬇⬆↗↘↓½🔴👉🔗📌📍☞‖·・")
OPENERS_EXTRA, CLOSERS_EXTRA = set("\"'“‘„‚«‹「『"), set("\"'”’»›」』")
UNSPACED_NAMES = (
    "CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO", "TIBETAN", "YI SYLLABLE",
)  # fmt: skip
# Letters whose folded form the decomposition does not give.
FOLD_EXTRA = {
    "ß": "s", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "a", "œ": "o", "ð": "d", "þ": "t", "ς": "σ",
    "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا", "ے": "ي", "ہ": "ه", "ھ": "ه", "ۀ": "ه",
    "ə": "e", "ŋ": "n", "ħ": "h",
}  # fmt: skip
DROPPED_RANGES = (
    (0x0300, 0x036F), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C7),
    (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x0640, 0x0640), (0x06D6, 0x06DC),
    (0x093C, 0x093C), (0x09BC, 0x09BC), (0x0A3C, 0x0A3C), (0x0ABC, 0x0ABC), (0x0B3C, 0x0B3C),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0x00AD, 0x00AD), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
)  # fmt: skip
LINE_ENDS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def dropped(point: int) -> bool:
    return any(low <= point <= high for low, high in DROPPED_RANGES)


def properties(char: str) -> int:
    """The bit set of one character."""
    if dropped(ord(char)):
        return c.COMBINING
    bits = class_bits(char) | mark_bits(char)
    unprinted = unicodedata.category(char) in ("Cc", "Cf", "Cn", "Cs", "Co")
    if not bits & (c.LETTER | c.DIGIT | c.SPACE) and not unprinted:
        bits |= c.SYMBOL
    return bits


def class_bits(char: str) -> int:
    """White space, letters and digits."""
    category = unicodedata.category(char)
    bits = 0
    if char.isspace() or char in LINE_ENDS:
        bits |= c.SPACE | (c.LINE_END if char in LINE_ENDS else 0)
    if category[0] == "L" or category in ("Mn", "Mc"):
        bits |= c.LETTER
    if category[0] == "N":
        bits |= c.DIGIT
    if category in ("Lu", "Lt"):
        bits |= c.UPPER
    if category == "Ll":
        bits |= c.LOWER
    if bits & c.LETTER and unicodedata.name(char, "").startswith(UNSPACED_NAMES):
        bits |= c.UNSPACED
    return bits


def mark_bits(char: str) -> int:
    """Punctuation and signs."""
    category, point = unicodedata.category(char), ord(char)
    bits = 0
    if char in SENTENCE_ENDS:
        bits |= c.SENTENCE_END
    if category in ("Ps", "Pi") or char in OPENERS_EXTRA:
        bits |= c.OPENER
    if category in ("Pe", "Pf") or char in CLOSERS_EXTRA:
        bits |= c.CLOSER
    if char in BULLETS:
        bits |= c.BULLET
    if category == "Sc":
        bits |= c.CURRENCY
    if 0x2600 <= point <= 0x27BF or 0x1F000 <= point <= 0x1FAFF:
        bits |= c.PICTURE
    return bits


def folded(char: str) -> int:
    """The form in which a character is compared; 0 where it is dropped."""
    point = ord(char)
    if dropped(point):
        return 0
    category = unicodedata.category(char)
    if category == "Nd":
        return ord(str(unicodedata.decimal(char)))
    if char.isspace():
        return ord(" ")
    lower = char.lower()[0]
    name = unicodedata.name(char, "")
    if 0xAC00 <= point <= 0xD7A3 or name.startswith(("HIRAGANA", "KATAKANA")):
        return point  # a Hangul syllable or Kana with a sound mark is one letter, not a base with an accent
    parts = unicodedata.normalize("NFKD", lower)
    # only accents come off: the parts of an Indic vowel sign are letters of their own
    accents = unicodedata.normalize("NFD", lower) != parts or all(dropped(ord(part)) for part in parts[1:])
    base = parts[0].lower()[0] if accents else lower
    return ord(FOLD_EXTRA.get(base, base))


def main() -> int:
    props = np.zeros(TABLE_SIZE + 2, dtype=np.uint16)
    folds = np.zeros(TABLE_SIZE + 2, dtype=np.uint32)
    for point in range(TABLE_SIZE):
        char = chr(point)
        if 0xD800 <= point <= 0xDFFF:
            props[point], folds[point] = c.SYMBOL, point
            continue
        props[point], folds[point] = properties(char), folded(char)
    folds[0] = ord(" ")
    props[TABLE_SIZE], folds[TABLE_SIZE] = c.LETTER | c.UNSPACED, 0x20000
    props[TABLE_SIZE + 1], folds[TABLE_SIZE + 1] = c.SYMBOL, 0x10FFFF
    # The difference from the code point itself is nearly everywhere zero and packs to a few kilobytes.
    np.savez_compressed(TARGET, properties=props, folding=folds ^ np.arange(len(folds), dtype=np.uint32))
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, Unicode {unicodedata.unidata_version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
