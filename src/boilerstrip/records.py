"""The records that travel between the stages, and the two label sets.

Everything here is immutable: a stage reads its input and returns something new.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["KINDS_OF", "Explanation", "Kind", "Label", "Paragraph", "Reason"]


class Label(str, Enum):
    """What a paragraph is to somebody who wants the story and nothing else.

    Members are strings, so ``paragraph.label == "wire"`` holds and JSON needs no conversion.
    """

    WIRE = "wire"
    CREDITS = "credits"
    SOLICITATION = "solicitation"

    __str__ = str.__str__

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self, format_spec)


class Kind(str, Enum):
    """What a paragraph that is not wire copy is about, in finer classes than :class:`Label`."""

    BYLINE = "byline"
    AGENCY = "agency"
    PHOTO = "photo"
    RIGHTS = "rights"
    ABOUT = "about"
    DATE = "date"
    SOURCE = "source"
    DONATION = "donation"
    SUBSCRIPTION = "subscription"
    ADVERTISING = "advertising"
    RELATED = "related"
    SOCIAL = "social"
    PARTICIPATION = "participation"
    INTERFACE = "interface"

    __str__ = str.__str__

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self, format_spec)

    @property
    def label(self) -> Label:
        """The label that this kind belongs to."""
        return Label.CREDITS if self in KINDS_OF[Label.CREDITS] else Label.SOLICITATION


#: The kinds of each label, in the order in which every table and array of the project lists them.
KINDS_OF: dict[Label, tuple[Kind, ...]] = {
    Label.WIRE: (),
    Label.CREDITS: tuple(Kind)[:7],
    Label.SOLICITATION: tuple(Kind)[7:],
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence for a paragraph's label, in words for a person.

    Attributes:
        source: where it comes from: ``"rule"``, ``"words"``, ``"near"``, ``"place"``, ``"page"``, ``"site"`` or
            ``"model"``.
        text: what was seen, for example ``"desk-credit"`` or ``"subscribe, newsletter"``.
    """

    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.text}"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the input with its verdict.

    Attributes:
        text: the paragraph, exactly ``input[start:end]``.
        start: offset of its first character in the input, in code points.
        end: offset after its last character, in code points.
        label: the decided label.
        kind: the finer class; ``None`` for wire copy.
        confidence: calibrated probability that ``label`` is right, 0 to 1.
        reasons: the evidence that weighed most, strongest first.
    """

    text: str
    start: int
    end: int
    label: Label
    kind: Kind | None
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that was decided about one text.

    Attributes:
        text: the wire copy: what :func:`boilerstrip.clean` returns.
        paragraphs: every paragraph of the input in order, kept or not.
        removed: those of ``paragraphs`` that are not in ``text``.
        braked: true if more would have gone than ``Config.brake`` allows, so that nothing was taken out.
        note: why the text came out as it did where that needs saying (the brake, an empty page); else ``""``.
    """

    text: str
    paragraphs: tuple[Paragraph, ...]
    removed: tuple[Paragraph, ...]
    braked: bool = False
    note: str = ""
