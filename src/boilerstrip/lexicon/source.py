"""The lexicons as people write them: one text file a language, one phrase a line under a section's name.

The syntax is explained in ``docs/lexicons.md``. This module reads the files and refuses what is malformed; what
the pipeline uses is the table that :mod:`boilerstrip.lexicon.table` makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..characters import UNSPACED, character_table
from ..records import Kind
from ..tokens import is_token_character

__all__ = ["HELPERS", "LONGEST", "SECTIONS", "Entry", "LexiconError", "parse", "read_folder", "words_of"]

#: Groups of words that are evidence for or against the story without naming a kind.
HELPERS = ("role", "month", "weekday", "greeting", "thanks", "you", "we", "said", "function")
#: All sections, in the order of every array that has one row or column a section.
SECTIONS: tuple[str, ...] = (*(kind.value for kind in Kind), *HELPERS)
#: Words in the longest phrase; a character of a script without spaces counts as a word.
LONGEST = 24
#: A stem must be long enough not to be the beginning of everything.
SHORTEST_STEM = 3


class LexiconError(ValueError):
    """A line of a lexicon that cannot be used; the message gives file and line number."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrase of a lexicon.

    Attributes:
        language: code of the language, the file's name.
        section: one of :data:`SECTIONS`.
        words: the words of the phrase as written.
        at_start, at_end: the phrase counts only at the beginning or end of a paragraph.
        stem: the last word may go on.
    """

    language: str
    section: str
    words: tuple[str, ...]
    at_start: bool = False
    at_end: bool = False
    stem: bool = False


def words_of(phrase: str) -> tuple[str, ...]:
    """Cut a phrase into words as the pipeline cuts texts into tokens.

    >>> words_of("l'équipe du site")
    ('l', 'équipe', 'du', 'site')
    >>> words_of("版权")
    ('版', '权')
    """
    table = character_table().properties
    words: list[str] = []
    open_word = False
    for char in phrase:
        if not is_token_character(char):
            open_word = False
        elif ord(char) >= 0x20000 or table[ord(char)] & UNSPACED:
            words.append(char)
            open_word = False
        elif open_word:
            words[-1] += char
        else:
            words.append(char)
            open_word = True
    return tuple(words)


def parse(text: str, language: str, name: str) -> list[Entry]:
    """Read one lexicon.

    Args:
        text: content of the file.
        language: code of the language.
        name: what to call the file in messages.

    Raises:
        LexiconError: an unknown or empty section, a phrase outside of sections, one without words, too long, with too
            short a stem, or given twice.
    """
    entries: list[Entry] = []
    seen: set[Entry] = set()
    filled: dict[str, int] = {}
    section = ""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{name}, line {number}"
        if line.startswith("["):
            section = line[1:-1] if line.endswith("]") else ""
            if section not in SECTIONS:
                raise LexiconError(f"{where}: unknown section {line}; known are {', '.join(SECTIONS)}")
            if section in filled:
                raise LexiconError(f"{where}: section [{section}] stands twice")
            filled[section] = 0
            continue
        if not section:
            raise LexiconError(f"{where}: phrase before the first [section]")
        entry = _entry(line, language, section, where)
        if entry in seen:
            raise LexiconError(f"{where}: {line!r} stands twice in [{section}]")
        seen.add(entry)
        entries.append(entry)
        filled[section] += 1
    missing = [name for name in SECTIONS if not filled.get(name)]
    if missing:
        raise LexiconError(f"{name}: no phrases for {', '.join(missing)}")
    return entries


def _entry(line: str, language: str, section: str, where: str) -> Entry:
    phrase, at_start, at_end = line, line.startswith("^"), line.endswith("$")
    phrase = phrase[at_start : len(phrase) - at_end].strip()
    stem = phrase.endswith("*")
    words = words_of(phrase.removesuffix("*"))
    if not words:
        raise LexiconError(f"{where}: {line!r} has no word")
    if len(words) > LONGEST:
        raise LexiconError(f"{where}: {line!r} has {len(words)} words, more than {LONGEST}")
    if stem and (at_end or len(words[-1]) < SHORTEST_STEM):
        raise LexiconError(f"{where}: {line!r}: a stem needs {SHORTEST_STEM} letters or more and no $ after it")
    if all(word.isdigit() for word in words):
        raise LexiconError(f"{where}: {line!r} is only a number")
    return Entry(language, section, words, at_start, at_end, stem)


def read_folder(folder: Path) -> list[Entry]:
    """Read all lexicons of a folder, in the order of their names."""
    entries = []
    for path in sorted(folder.glob("*.txt")):
        entries += parse(path.read_text(encoding="utf-8"), path.stem, path.name)
    return entries
