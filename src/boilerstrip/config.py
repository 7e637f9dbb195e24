"""What a user may decide: one frozen object, with the story of each default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from .records import Kind, Label

__all__ = ["SEGMENTATIONS", "Config", "ConfigError"]

#: Ways to find paragraphs: decided for each text, every line, or blocks of lines between blank ones.
SEGMENTATIONS = ("auto", "lines", "blocks")

_NAMES = tuple(item.value for item in (*Label, *Kind))


class ConfigError(ValueError):
    """A setting that does not exist or a value out of its range; the message names the nearest known one."""


def _nearest(name: str, known: Sequence[str]) -> str:
    import difflib  # only an error needs it, and the filter's start is measured in milliseconds

    return difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def _names(values: Iterable[str], setting: str) -> frozenset[str]:
    if isinstance(values, str):
        values = (values,)
    try:
        names = [str(value) for value in values]
    except TypeError:
        raise ConfigError(f"{setting} must be names of labels or kinds, not {type(values).__name__}") from None
    for name in names:
        if name not in _NAMES:
            near = _nearest(name, _NAMES)
            raise ConfigError(f"{setting}: there is no label or kind {name!r}; did you mean {near!r}?")
    return frozenset(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of a :class:`boilerstrip.Stripper`.

    Attributes:
        keep: labels and kinds that stay in the text. Wire copy alone by default.
        drop: labels and kinds that go although ``keep`` names them; a kind is stronger than its label, and ``drop``
            is stronger than ``keep`` where both name the same.
        strictness: how readily a paragraph goes, 0 to 1. At 0.5 a paragraph goes when its probability of being wire
            copy is below the threshold that cross-validation chose so that at most 1% of the story's characters are
            lost (``docs/accuracy.md`` has the curve); 0 takes only what is certain, 1 whatever is doubtful.
        segmentation: ``"auto"``, ``"lines"`` or ``"blocks"``.
        brake: the largest share of a text's characters that may go, 0 to 1. A text that would lose more comes out
            unchanged, and its explanation says so. 1 switches the brake off.

    Raises:
        ConfigError: an unknown name or a value out of range.

    >>> Config(keep=["wire", "byline"]).keeps(Label.CREDITS, Kind.BYLINE)
    True
    >>> Config(keep=["wire", "bylines"])
    Traceback (most recent call last):
        ...
    boilerstrip.config.ConfigError: keep: there is no label or kind 'bylines'; did you mean 'byline'?
    """

    keep: frozenset[str] = frozenset({"wire"})
    drop: frozenset[str] = frozenset()
    strictness: float = 0.5
    segmentation: str = "auto"
    # In the labelled pages 1.6% of the documents lose over 0.9 of their characters by the true labels (cookie walls,
    # menus, lists of links), so that a larger loss is more often a page without a story than a mistake; see
    # docs/accuracy.md for what the brake saves and leaves at other values.
    brake: float = 0.95

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", _names(self.keep, "keep"))
        object.__setattr__(self, "drop", _names(self.drop, "drop"))
        for name in ("strictness", "brake"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ConfigError(f"{name} must be a number from 0 to 1, not {value!r}")
        if self.segmentation not in SEGMENTATIONS:
            near = _nearest(str(self.segmentation), SEGMENTATIONS)
            raise ConfigError(f"segmentation: there is no {self.segmentation!r}; did you mean {near!r}?")

    def keeps(self, label: Label, kind: Kind | None) -> bool:
        """Whether a paragraph of this label and kind stays in the text."""
        if kind is not None:
            if kind.value in self.drop:
                return False
            if kind.value in self.keep:
                return True
        return label.value in self.keep and label.value not in self.drop

    @classmethod
    def from_mapping(cls, settings: dict[str, object]) -> Config:
        """A config from names and values, for example of a configuration file.

        Raises:
            ConfigError: a name that is no setting.
        """
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                near = _nearest(name, known)
                raise ConfigError(f"there is no setting {name!r}; did you mean {near!r}?")
        return cls(**settings)  # type: ignore[arg-type]
