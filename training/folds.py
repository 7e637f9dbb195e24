"""Which documents are tested together: the folds of ``crossval.py``, as lists of documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from corpora import Document

__all__ = ["assign_folds", "split_folds"]


def assign_folds(documents: Sequence[Document], folds: int) -> list[int]:
    """The fold of each document, 0 to ``folds - 1``, by the function that cross-validation itself uses.

    Raises:
        ValueError: fewer groups than folds among the real or among the written documents.
    """
    from fitting import folds_of

    # all that folds_of reads of the features, without computing them
    features: Any = SimpleNamespace(
        groups=np.array([document.group for document in documents]),
        bounds=np.cumsum([0, *(len(document.paragraphs) for document in documents)]),
        real=np.array([document.source != "written" for document in documents], dtype=bool),
    )
    return [int(fold) for fold in folds_of(features, folds)]


def split_folds(documents: Sequence[Document], folds: int) -> Iterator[tuple[list[int], list[int]]]:
    """For each fold the indices of the documents to train on and of those to test on."""
    assigned = assign_folds(documents, folds)
    for fold in range(folds):
        yield (
            [at for at, its in enumerate(assigned) if its != fold],
            [at for at, its in enumerate(assigned) if its == fold],
        )
