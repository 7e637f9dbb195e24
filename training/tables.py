"""Figures as aligned plain text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from metrics import LABELS, Figure, LabelScore, Reliability, Scores, WorstDocument

__all__ = ["confusion_table", "kind_table", "label_table", "language_table", "reliability_table", "system_table",
           "table", "worst_list"]  # fmt: skip

#: Characters of a wrong paragraph that are shown: enough to recognise it.
_SHOWN = 90
_MISSING = "-"


def _width(text: str) -> int:
    """Columns in a terminal: East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns two spaces apart, the first to the left, the others to the right.

    >>> print(table(("label", "F1"), [("wire", "0.98"), ("credits", "-")]))
    label      F1
    wire     0.98
    credits     -
    """
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(_width(line[at]) for line in lines) for at in range(len(head))]
    printed = []
    for line in lines:
        cells = []
        for at, (cell, width) in enumerate(zip(line, widths, strict=True)):
            space = " " * (width - _width(cell))
            cells.append(space + cell if at else cell + space)
        printed.append("  ".join(cells).rstrip())
    return "\n".join(printed)


def _number(value: float, digits: int = 3) -> str:
    return _MISSING if math.isnan(value) else f"{value:.{digits}f}"


def _interval(figure: Figure, digits: int = 3) -> str:
    if math.isnan(figure.value) or math.isnan(figure.low):
        return _number(figure.value, digits)
    return f"{figure.value:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def _percent(figure: Figure) -> str:
    if math.isnan(figure.value):
        return _MISSING
    if math.isnan(figure.low):
        return f"{100 * figure.value:.2f}%"
    return f"{100 * figure.value:.2f}% [{100 * figure.low:.2f}, {100 * figure.high:.2f}]"


def system_table(systems: Mapping[str, Mapping[str, Scores] | str]) -> str:
    """A row for each system and each source of documents; why a system could not run stands under the table."""
    rows, notes = [], []
    for name, result in systems.items():
        if isinstance(result, str):
            rows.append((name, *(_MISSING,) * 8))
            notes.append(f"{name}: {result}")
            continue
        for source, scores in result.items():
            strip = scores.strip
            rows.append((
                name, source, _interval(scores.macro_f1), _number(strip.precision.value), _number(strip.recall.value),
                _interval(strip.f1), _percent(scores.wire_lost), _number(scores.untouched.value), str(scores.failures),
            ))  # fmt: skip
    head = ("system", "documents", "macro-F1 [95%]", "strip P", "strip R", "strip F1 [95%]", "wire lost [95%]",
            "untouched", "failed")  # fmt: skip
    return "\n".join([table(head, rows), *notes])


def label_table(scores: Scores) -> str:
    """Precision, recall and F1 of each label, and of both strip labels as one."""

    def row(name: str, its: LabelScore) -> tuple[str, ...]:
        return name, _interval(its.precision), _interval(its.recall), _interval(its.f1), str(its.support)

    rows = [row(label.value, its) for label, its in scores.labels.items()]
    return table(("label", "precision", "recall", "F1", "support"), [*rows, row("strip", scores.strip)])


def confusion_table(scores: Scores) -> str:
    """True labels in rows, predicted ones in columns."""
    rows = [(label.value, *map(str, counts)) for label, counts in zip(LABELS, scores.confusion, strict=True)]
    return table(("true \\ said", *(label.value for label in LABELS)), rows)


def kind_table(scores: Scores) -> str:
    """Recall of each kind that occurs."""
    rows = [
        (kind.value, kind.label.value, _interval(its.recall), _interval(its.kind_right), str(its.support))
        for kind, its in scores.kinds.items()
    ]
    return table(("kind", "label", "label right", "kind right", "support"), rows)


def language_table(languages: Mapping[str, Scores]) -> str:
    """The main figures of each language."""
    rows = [
        (name, _interval(its.macro_f1), _interval(its.strip.f1), _percent(its.wire_lost), _number(its.untouched.value),
         str(its.documents), str(its.paragraphs))
        for name, its in languages.items()
    ]  # fmt: skip
    head = ("language", "macro-F1", "strip F1", "wire lost", "untouched", "documents", "paragraphs")
    return table(head, rows)


def reliability_table(result: Reliability) -> str:
    """Mean confidence and share of right labels in each bin."""
    rows = [
        (f"{its.low:.1f} to {its.high:.1f}", _number(its.confidence), _number(its.right), str(its.count))
        for its in result.bins
    ]
    return (
        table(("confidence", "mean", "right", "paragraphs"), rows)
        + f"\nexpected calibration error {_number(result.error)}"
    )


def worst_list(documents: Sequence[WorstDocument]) -> str:
    """Each document with its wrong paragraphs, one a line."""
    lines = []
    for document in documents:
        lines.append(
            f"{_shown(document.id)} ({document.lang}): {len(document.wrong)} of {document.labelled} wrong, "
            f"{document.wrong_characters} characters"
        )
        if document.failure:
            lines.append(f"  failed: {_shown(document.failure)}")
        for its in document.wrong:
            truth = f"{its.true_label.value}/{its.true_kind.value}" if its.true_kind else its.true_label.value
            said = f"{its.label.value}/{its.kind.value}" if its.kind else its.label.value
            lines.append(f"  {its.index:>4} is {truth}, said {said} {its.confidence:.2f}: {_shown(its.text)}")
    return "\n".join(lines)


def _shown(text: str) -> str:
    """One line of printable characters, cut: what stands in a page must not steer the terminal."""
    line = "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
