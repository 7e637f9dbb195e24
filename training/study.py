"""What the accuracy depends on: ``python training/study.py [strictness] [languages] [sources] [learning]``.

Each study prints a table as docs/accuracy.md has it. Without a name all are done, in about an hour on two cores.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context

import numpy as np
from corpora import CorpusError, Document, all_documents
from crossval import Floats, OutOfFold, cross_probabilities, predictions, processes, progress
from fitting import (
    Features,
    alike,
    apply_first,
    apply_second,
    features_of,
    fit_first,
    fit_second,
    folds_of,
    transitions_of,
)
from metrics import Scores, score
from numpy.typing import NDArray
from tables import table

from boilerstrip import Config
from boilerstrip.decoding import smooth
from boilerstrip.model import default_model

STUDIES = ("strictness", "languages", "sources", "learning")
#: Languages that are left out in turn: those with the most read paragraphs, and ones far from them.
LEFT_OUT = ("fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "ja", "zh", "ar", "hi")
#: Which sources are trained on. "around" are the lines around stories.
SOURCES: dict[str, tuple[str, ...]] = {
    "extracted pages": ("real",),
    "and further pages": ("real", "further"),
    "and written documents": ("real", "further", "written"),
    "and lines around stories": ("real", "further", "written", "around"),
    "without written documents": ("real", "further", "around"),
    "written documents alone": ("written",),
}
#: Shares of the sites and written documents that are trained on.
SHARES = (0.125, 0.25, 0.5, 1.0)
#: Fold of sites that is held out where cross-validation of everything would take too long.
HELD_OUT = 0
RESAMPLES = 200

Say = Callable[[str], None]
Chosen = NDArray[np.bool_]
_shared: tuple[Features, OutOfFold | None] | None = None


def scores_of(documents: Sequence[Document], features: Features, probabilities: Floats, chosen: Chosen,
              config: Config | None = None) -> Scores:  # fmt: skip
    """Scores of the chosen documents, decided on their probabilities."""
    found = predictions(documents, features, probabilities, config or Config())
    return score([its for its, here in zip(found, chosen.tolist(), strict=True) if here], resamples=RESAMPLES)


def _cells(scores: Scores) -> tuple[str, ...]:
    strip = scores.strip
    numbers = (scores.macro_f1, strip.precision, strip.recall, strip.f1)
    return *(f"{figure.value:.3f}" for figure in numbers), f"{100 * scores.wire_lost.value:.2f}%"


_HEAD = ("macro-F1", "strip P", "strip R", "strip F1", "story lost")


def kinds_of_source(documents: Sequence[Document]) -> NDArray[np.str_]:
    """Source of each document, with "around" for the lines around stories."""
    return np.array(["around" if document.part else document.source for document in documents])


def strictness(documents: Sequence[Document], features: Features, probabilities: Floats) -> str:
    """The curve along which ``Config.strictness`` moves, on the real pages."""
    real = kinds_of_source(documents) == "real"
    rows = []
    for level in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        scores = scores_of(documents, features, probabilities, real, Config(strictness=level))
        residue = 1 - scores.strip.recall.value
        rows.append((f"{level:.1f}", *_cells(scores), f"{100 * residue:.1f}%", f"{100 * scores.untouched.value:.1f}%"))
    return table(("strictness", *_HEAD, "residue left", "clean untouched"), rows)


def _fitted(trained: Chosen) -> Floats:
    """Probabilities of all paragraphs by a model of the documents that are trained on.

    The second stage learns from answers given out of fold: by models of all documents if there are such (they know
    nothing of what is left out but their own weights), else by models of the other folds of what is trained on.
    """
    if _shared is None:
        raise RuntimeError("no features in this process")
    features, answers = _shared
    inside = trained[features.documents]
    rows = np.flatnonzero(inside & (features.classes >= 0))
    everything = np.arange(len(inside))
    scores = apply_first(fit_first(features, rows), features, everything)
    inner = scores.copy()
    if answers is not None:
        inner[inside] = answers.plain[inside]
    else:
        folds = folds_of(features)[features.documents]
        for fold in np.unique(folds[inside]):
            held = np.flatnonzero(inside & (folds == fold))
            inner[held] = apply_first(fit_first(features, rows[folds[rows] != fold]), features, held)
    second = apply_second(fit_second(features, inner, rows), features, scores, everything)
    transitions = transitions_of(features, np.flatnonzero(inside & alike(features)))
    # the sharpness hardly moves, and to fit it anew would take second answers out of fold
    return smooth(second, transitions, features.blocks, default_model().sharpness)


def fitted(features: Features, answers: OutOfFold | None, jobs: Mapping[str, Chosen], say: Say) -> dict[str, Floats]:
    """For each name and documents to train on the probabilities of all paragraphs."""
    global _shared
    _shared = (features, answers)
    result = {}
    with get_context("fork").Pool(processes()) as pool:
        for name, probabilities in zip(jobs, pool.imap(_fitted, jobs.values()), strict=True):
            result[name] = probabilities
            say(name)
    _shared = None
    return result


def languages(
    documents: Sequence[Document], features: Features, answers: OutOfFold, probabilities: Floats, say: Say
) -> str:
    """Each language as read by a model that never saw it, and by one that saw other documents of it."""
    own = np.array([document.lang for document in documents])
    measured = np.isin(kinds_of_source(documents), ("real", "written"))
    unseen = fitted(features, answers, {code: own != code for code in LEFT_OUT if (own == code).any()}, say)
    rows = []
    for code, its in unseen.items():
        chosen = (own == code) & measured
        seen = scores_of(documents, features, probabilities, chosen)
        without = scores_of(documents, features, its, chosen)
        rows.append(
            (code, *_cells(seen)[::3], *_cells(without)[::3], _cells(seen)[4], _cells(without)[4], str(seen.paragraphs))
        )
    head = (
        "language",
        "macro-F1",
        "strip F1",
        "never seen: macro-F1",
        "strip F1",
        "story lost",
        "never seen",
        "paragraphs",
    )
    return table(head, rows)


def _held_out_table(
    documents: Sequence[Document], features: Features, jobs: Mapping[str, Chosen], first: str, say: Say
) -> str:
    """Scores on the real pages and on the written documents of the fold that is held out."""
    source = kinds_of_source(documents)
    outside = folds_of(features) != HELD_OUT
    rows = []
    for name, probabilities in fitted(features, None, {name: its & outside for name, its in jobs.items()}, say).items():
        scores = [
            scores_of(documents, features, probabilities, ~outside & (source == kind)) for kind in ("real", "written")
        ]
        rows.append((name, *_cells(scores[0]), *_cells(scores[1])[::3], _cells(scores[1])[4]))
    return table((first, *_HEAD, "written: macro-F1", "strip F1", "story lost"), rows)


def sources(documents: Sequence[Document], features: Features, say: Say) -> str:
    """What each source of labels adds."""
    source = kinds_of_source(documents)
    jobs = {name: np.isin(source, chosen) for name, chosen in SOURCES.items()}
    return _held_out_table(documents, features, jobs, "trained on", say)


def learning(documents: Sequence[Document], features: Features, say: Say) -> str:
    """What more documents bring."""
    groups, of = np.unique(features.groups, return_inverse=True)
    rank = np.random.default_rng(0).permutation(len(groups))[of]
    jobs = {f"{100 * share:g}%": rank < share * len(groups) for share in SHARES}
    return _held_out_table(documents, features, jobs, "share of the sites", say)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="study.py", description="Print what the accuracy depends on.")
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"of {', '.join(STUDIES)}; all by default")
    options = parser.parse_args(arguments)
    unknown = set(options.studies) - set(STUDIES)
    if unknown:
        parser.error(f"there is no study {min(unknown)!r}, only {', '.join(STUDIES)}")
    wanted = options.studies or list(STUDIES)
    say = progress()
    try:
        documents = all_documents()
    except CorpusError as error:
        print(f"study.py: {error}", file=sys.stderr)
        return 2
    if not any(document.source == "real" for document in documents):
        print("study.py: the text of the real pages is not here; it is what is measured on", file=sys.stderr)
        return 2
    tables = {}
    if {"strictness", "languages"} & set(wanted):
        features, answers, probabilities = cross_probabilities(documents, say)
        if "strictness" in wanted:
            tables["strictness"] = strictness(documents, features, probabilities)
        if "languages" in wanted:
            tables["languages"] = languages(documents, features, answers, probabilities, say)
    else:
        features = features_of(documents)
    if "sources" in wanted:
        tables["sources"] = sources(documents, features, say)
    if "learning" in wanted:
        tables["learning"] = learning(documents, features, say)
    print("\n\n".join(f"{name}\n{text}" for name, text in tables.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
