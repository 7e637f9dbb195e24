"""A site's own repeated boilerplate, learned from its pages without labels.

What stands word for word on several pages of a site is not the story of any of them. A profile counts paragraphs by
hash over the pages of one site. It is an explicit, versioned object: learned, merged, saved and read by its user,
and the same whatever the order of the pages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints
from .segmentation import Segmentation, split

__all__ = ["SiteProfile", "SiteProfileError"]

_FORMAT = 1
#: A paragraph is the site's own if it stands on so many pages at least, and on this share of them.
_PAGES, _SHARE = 3, 0.02


class SiteProfileError(ValueError):
    """A stored profile cannot be read."""


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """How many pages of a site each of its repeated paragraphs stands on.

    Attributes:
        pages: number of pages seen.
        counts: pages by hash of the paragraph.
    """

    pages: int
    counts: dict[str, int]

    @classmethod
    def learn(cls, texts: Iterable[str]) -> SiteProfile:
        """Count the paragraphs of a site's pages.

        Raises:
            TypeError: a text is no ``str``.

        >>> profile = SiteProfile.learn(["Today A won.\\nFollow us", "B lost.\\nFollow us", "C drew.\\nFollow us"])
        >>> profile.repeats("follow  us"), profile.repeats("Today A won.")
        (True, False)
        """
        counts: Counter[str] = Counter()
        pages = 0
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"text must be str, not {type(text).__name__}")
            pages += 1
            counts.update({_key(paragraph) for paragraph in split(text)[0]})
        return cls(pages, dict(sorted(counts.items())))

    def merged(self, other: SiteProfile) -> SiteProfile:
        """The profile of both sets of pages together."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return SiteProfile(self.pages + other.pages, dict(sorted(counts.items())))

    def repeats(self, paragraph: str) -> bool:
        """Whether a paragraph is the site's own."""
        found = self.counts.get(_key(paragraph), 0)
        return found >= _PAGES and found >= _SHARE * self.pages

    def known(self, texts: Sequence[str], segmentation: Segmentation, offsets: Ints) -> NDArray[np.bool_]:
        """:meth:`repeats` for all paragraphs of a batch."""
        result = np.zeros(len(segmentation.starts), dtype=bool)
        documents = segmentation.documents.tolist()
        spans = zip(segmentation.starts.tolist(), segmentation.ends.tolist(), documents, strict=True)
        for at, (start, end, document) in enumerate(spans):
            base = int(offsets[document])
            result[at] = self.repeats(texts[document][start - base : end - base])
        return result

    def to_json(self) -> str:
        """The profile as a line of JSON."""
        content = {"boilerstrip_site_profile": _FORMAT, "pages": self.pages, "counts": self.counts}
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SiteProfile:
        """Read what :meth:`to_json` wrote.

        Raises:
            SiteProfileError: it is something else.
        """
        try:
            found = json.loads(text)
            if found["boilerstrip_site_profile"] != _FORMAT:
                raise SiteProfileError(f"site profile of version {found['boilerstrip_site_profile']!r}, not {_FORMAT}")
            counts = {str(key): int(value) for key, value in found["counts"].items()}
            return cls(int(found["pages"]), counts)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SiteProfileError(f"no site profile of boilerstrip: {error}") from None


def _key(paragraph: str) -> str:
    """Hash of a paragraph; white space and case do not count."""
    return blake2b(" ".join(paragraph.casefold().split()).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
