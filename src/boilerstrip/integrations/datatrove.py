"""A datatrove pipeline step that leaves the story in each document. Needs the extra ``datatrove``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import Config, Explanation, SiteProfile, Stripper
from . import count_labels, missing_engine

try:
    from datatrove.data import Document
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.writers.disk_base import DiskWriter
except ImportError as error:
    raise missing_engine("datatrove", error) from error

__all__ = ["BoilerplateFilter"]


#: Documents that are read before they are worked on together: as many texts as a stripper takes in one group.
_BATCH = 128


# The base gives what a step of datatrove is expected to have: batches, timing, counts of documents, dropped ones kept.
class BoilerplateFilter(BaseFilter):
    """Replaces the text of each document by its story.

    Statistics of the step, beside those of every datatrove filter, each a sum over the documents: ``wire_paragraphs``,
    ``wire_characters`` and the same for ``credits`` and ``solicitation`` (labels of the paragraphs, kept or not);
    ``removed_paragraphs`` and ``removed_characters``; ``changed``, documents that lost something; ``braked``,
    documents that ``Config.brake`` left alone.

    Args:
        config: settings; the defaults if absent.
        site: the site's own boilerplate, where all documents are of one site.
        removed_key: key of the documents' metadata under which the removed paragraphs are put: a list of objects with
            ``text``, ``start``, ``end`` (code points in the text as it was), ``label`` and ``kind``; empty where
            nothing was removed. Absent: they are not stored.
        drop_empty: drop documents that have no text but white space afterwards. They go to ``exclusion_writer`` with
            the text that they came with. Under the default ``Config.brake`` a text that is boilerplate throughout
            comes out unchanged: set it to 1 for such texts to become empty.
        exclusion_writer: a datatrove writer for the dropped documents.

    Raises:
        TypeError: ``config`` or ``site`` is something else; in a run, a document's text is no ``str``.
        ValueError: in a run, a document's metadata has something under ``removed_key`` already.
    """

    name = "boilerstrip"

    def __init__(
        self,
        config: Config | None = None,
        *,
        site: SiteProfile | None = None,
        removed_key: str | None = None,
        drop_empty: bool = False,
        exclusion_writer: DiskWriter | None = None,
    ) -> None:
        super().__init__(exclusion_writer, _BATCH)
        # the settings, not the stripper: datatrove writes the attributes into executor.json
        self.config = Stripper(config, site=site).config
        self.site = site
        self.removed_key = removed_key
        self.drop_empty = drop_empty

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Work on one document; see :meth:`filter_batch`."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: Sequence[Document]) -> list[bool | tuple[bool, str]]:
        """Work on documents together: datatrove's hook.

        Returns:
            For each document ``True`` (it stays), or ``False`` and the reason ``"empty"``.
        """
        for doc in batch:
            self._check(doc)
        explanations = Stripper(self.config, site=self.site).explain_many(doc.text for doc in batch)
        return [self._apply(doc, explanation) for doc, explanation in zip(batch, explanations, strict=True)]

    def _check(self, doc: Document) -> None:
        if not isinstance(doc.text, str):
            raise TypeError(f"document {doc.id!r}: text must be str, not {type(doc.text).__name__}")
        if self.removed_key is not None and self.removed_key in doc.metadata:
            raise ValueError(f"document {doc.id!r}: metadata has {self.removed_key!r} already; choose another key")

    def _apply(self, doc: Document, explanation: Explanation) -> bool | tuple[bool, str]:
        for name, count in count_labels(explanation).items():
            self.stat_update(name, value=count)
        removed = explanation.removed
        self.stat_update("removed_paragraphs", value=len(removed))
        self.stat_update("removed_characters", value=sum(len(paragraph.text) for paragraph in removed))
        if removed:
            self.stat_update("changed")
        if explanation.braked:
            self.stat_update("braked")
        if self.removed_key is not None:
            doc.metadata[self.removed_key] = _rows(explanation)
        if self.drop_empty and not explanation.text.strip():
            return False, "empty"  # with its text, so that nothing is lost where an exclusion writer keeps it
        doc.text = explanation.text
        return True


def _rows(explanation: Explanation) -> list[dict[str, Any]]:
    """The removed paragraphs in plain types, for writers that know no others."""
    return [
        {
            "text": paragraph.text,
            "start": paragraph.start,
            "end": paragraph.end,
            "label": paragraph.label.value,
            "kind": paragraph.kind.value if paragraph.kind else None,
        }
        for paragraph in explanation.removed
    ]
