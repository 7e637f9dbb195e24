"""The pages with known stories, and the text models that were trained without their sites.

The text model learned from the text of many of these pages. What is measured or learned here therefore uses five models
of the text, each trained without a fifth of the sites; a page is read by the one that never saw its site.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fitting
import numpy as np
from corpora import CorpusError, Document, all_documents, data_folder
from fitting import (
    FOLDS,
    alike,
    apply_first,
    apply_second,
    assembled,
    features_of,
    fit_first,
    fit_second,
    folds_of,
    sharpness_of,
    transitions_of,
)
from gate import data_digest
from numpy.typing import NDArray

import boilerstrip
from boilerstrip.model import CLASSES, Model, read_model, write_model

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class GoldPage:
    """A page with the story that people marked in it.

    Attributes:
        id: its id; the part before the first slash names the collection.
        site: registered domain; pages of one site stay in one fold.
        url: its address.
        html: the page as it came.
        gold: the story's text.
    """

    id: str
    site: str
    url: str
    html: bytes
    gold: str

    @property
    def collection(self) -> str:
        """``aed`` or ``fundus``."""
        return self.id.partition("/")[0]


def gold_pages() -> list[GoldPage]:
    """All pages of the data folder.

    Raises:
        CorpusError: there is no data folder, or it lacks the pages.
    """
    folder = data_folder()
    if folder is None or not (folder / "gold.jsonl.xz").is_file():
        raise CorpusError("the pages (gold.jsonl.xz) are not there; BOILERSTRIP_DATA names the data folder")
    pages = []
    with lzma.open(folder / "gold.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            html = gzip.decompress((folder / row["file"]).read_bytes())
            pages.append(GoldPage(row["id"], row["site"], row["url"], html, "\n".join(row["gold"])))
    return pages


def words(text: str) -> list[str]:
    r"""Lower-case words (``\w+``) of a text."""
    return _WORD.findall(text.lower())


def bag_scores(text: str, gold: str) -> tuple[float, float, float]:
    """Bag-of-words precision, recall and F1 of a text against the true story.

    >>> bag_scores("the cat sat there", "the cat sat")
    (0.75, 1.0, 0.8571428571428571)
    """
    found, true = Counter(words(text)), Counter(words(gold))
    both = (found & true).total()
    precision = both / found.total() if found else float(not true)
    recall = both / true.total() if true else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0


def in_gold(paragraphs: Sequence[str], gold: str) -> NDArray[np.float64]:
    """Share of each paragraph that the true story holds, by sequences of three words; NaN for one without words."""
    true = words(gold)
    triples = set(zip(true, true[1:], true[2:], strict=False))
    whole = f" {' '.join(true)} "
    shares = []
    for text in paragraphs:
        own = words(text)
        if not own:
            shares.append(np.nan)
        elif f" {' '.join(own)} " in whole:
            shares.append(1.0)
        else:  # fewer than four words prove nothing unless they stand there as they are
            here = list(zip(own, own[1:], own[2:], strict=False)) if len(own) > 3 else []
            shares.append(sum(triple in triples for triple in here) / max(len(here), 1))
    return np.array(shares)


def _site_fold(site: str) -> int:
    return hashlib.sha256(site.encode()).digest()[0] % FOLDS


def page_folds(
    pages: Sequence[GoldPage], documents: Sequence[Document], by_document: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Fold of each page: that of the labelled documents of its site, else one by the site's hash."""
    known: dict[str, int] = {}
    for document, fold in zip(documents, by_document.tolist(), strict=True):
        known[document.group] = fold
    return np.array([known.get(page.site, _site_fold(page.site)) for page in pages])


def fold_models(
    pages: Sequence[GoldPage], cache: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[list[Model], NDArray[np.int64]]:
    """A text model without each fold of sites, and the fold of each page.

    Args:
        pages: the pages.
        cache: folder for the models, whose names carry a digest of all that they come of.
        say: takes a line of progress.
    """
    documents = all_documents()
    features = features_of(documents)
    by_document = folds_of(features)
    folds = by_document[features.documents]
    # all that the models come of: what is read of the documents, and the code that fits and applies the stages
    package = Path(boilerstrip.__file__).parent
    modules = ("features", "rules", "context", "decoding", "model")
    sources = (Path(fitting.__file__), *(package / f"{name}.py" for name in modules))
    code = b"".join(source.read_bytes() for source in sources)
    read = features.measures.tobytes() + features.rules.tobytes() + features.gram_keys.tobytes()
    digest = hashlib.sha256(data_digest(documents).encode() + code + read).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    targets = [cache / f"text-{digest}-{fold}.npz" for fold in range(FOLDS)]
    if not all(target.is_file() for target in targets):
        labelled = features.classes >= 0
        firsts = []
        scores = np.zeros((len(folds), len(CLASSES)), dtype=np.float32)
        for fold in range(FOLDS):
            firsts.append(fit_first(features, np.flatnonzero((folds != fold) & labelled)))
            held = np.flatnonzero(folds == fold)
            scores[held] = apply_first(firsts[fold], features, held)
            say(f"text model, first stage: {fold + 1} of {FOLDS}")
        seconds = []
        answers = np.zeros_like(scores)
        for fold in range(FOLDS):
            seconds.append(fit_second(features, scores, np.flatnonzero((folds != fold) & labelled)))
            held = np.flatnonzero(folds == fold)
            answers[held] = apply_second(seconds[fold], features, scores, held)
            say(f"text model, second stage: {fold + 1} of {FOLDS}")
        for fold, target in enumerate(targets):
            rows = np.flatnonzero((folds != fold) & alike(features))
            transitions = transitions_of(features, rows)
            sharpness = sharpness_of(features, answers, transitions, rows)
            target.write_bytes(
                write_model(assembled(firsts[fold], seconds[fold], transitions, sharpness, {"fold": fold}))
            )
    return [read_model(target.read_bytes(), target.name) for target in targets], page_folds(
        pages, documents, by_document
    )
