"""Thin adapters to engines that run boilerstrip on many machines; nothing here is imported unless asked for.

Each module needs its engine, which an extra of the package installs, and says so where it is missing. What all of them
count about a text has the same names everywhere.
"""

from __future__ import annotations

from .. import Explanation, Label

__all__ = ["COUNTS", "count_labels", "missing_engine"]

#: Names of the counts of a text: paragraphs and their characters (code points), by label.
COUNTS: tuple[str, ...] = tuple(f"{label.value}_{unit}" for label in Label for unit in ("paragraphs", "characters"))


def count_labels(explanation: Explanation) -> dict[str, int]:
    """Paragraphs and characters of each label, by the names of :data:`COUNTS`.

    What is counted are labels, not what was taken out: a paragraph that stays under the settings counts too. The
    separators between paragraphs belong to no label.

    >>> from boilerstrip import explain
    >>> counts = count_labels(explain("All rights reserved."))
    >>> counts["credits_paragraphs"], counts["credits_characters"], counts["wire_paragraphs"]
    (1, 20, 0)
    """
    counts = dict.fromkeys(COUNTS, 0)
    for paragraph in explanation.paragraphs:
        counts[f"{paragraph.label.value}_paragraphs"] += 1
        counts[f"{paragraph.label.value}_characters"] += len(paragraph.text)
    return counts


def missing_engine(engine: str, error: ImportError) -> ImportError:
    """The error to raise where the import of an engine, or of something it needs, failed."""
    return ImportError(
        f"boilerstrip.integrations.{engine} cannot import {error.name or engine}: "
        f"install the extra, python -m pip install 'boilerstrip[{engine}]'",
        name=error.name,
    )
