"""Train the classifier on all labelled documents and write the weights that the package loads.

    python training/train.py [--output FILE] [--samples-only] [--no-cv]

Same data, same bytes: seeds are fixed, work is split over processes but not over threads, and the file has no date.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from corpora import CorpusError, Document, all_documents, written_documents
from crossval import out_of_fold, predictions, progress, second_out_of_fold, smoothed_out_of_fold
from fitting import alike, assembled, features_of, fit_first, fit_second, sharpness_of, transitions_of
from gate import data_digest
from metrics import Prediction, score

from boilerstrip import Config
from boilerstrip.model import Model, write_model

TARGET = Path(__file__).resolve().parent.parent / "src" / "boilerstrip" / "weights.npz"


def train(documents: Sequence[Document], *, cross_validated: bool = True) -> Model:
    """Fit both stages on all documents.

    Args:
        documents: labelled documents, real and written.
        cross_validated: also measure the system by site-grouped cross-validation and store the figures; takes half as
            long again.
    """
    say = progress()
    features = features_of(documents)
    rows = np.flatnonzero(features.classes >= 0)
    say(f"{len(documents)} documents, {len(rows)} labelled paragraphs")
    answers = out_of_fold(features, nested=cross_validated, say=say)
    calibrating = np.flatnonzero(alike(features))
    transitions = transitions_of(features, calibrating)
    held_out = second_out_of_fold(features, answers)
    sharpness = sharpness_of(features, held_out, transitions, calibrating)
    metadata: dict[str, object] = {"documents": len(documents), "data": data_digest(documents)}
    if cross_validated:
        probabilities = smoothed_out_of_fold(features, answers, held_out)
        found = predictions(documents, features, probabilities, Config())
        metadata["cross_validation"] = {
            source: _summary(part)
            for source in ("real", "written")
            if (part := [item for item in found if item.document.source == source])
        }
        say(f"cross-validation: {metadata['cross_validation']}")
    first = fit_first(features, rows)
    say("first stage fitted on everything")
    second = fit_second(features, answers.plain, rows)
    say("second stage fitted")
    return assembled(first, second, transitions, sharpness, metadata)


def _summary(found: Sequence[Prediction]) -> dict[str, float]:
    scores = score(found, resamples=10)
    return {
        "macro_f1": round(scores.macro_f1.value, 4),
        "strip_f1": round(scores.strip.f1.value, 4),
        "wire_lost": round(scores.wire_lost.value, 5),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train boilerstrip's classifier and write its weights.")
    parser.add_argument("--output", type=Path, default=TARGET, help="weights file (default: the package's own)")
    parser.add_argument("--samples-only", action="store_true", help="only the written samples: works from a bare clone")
    parser.add_argument("--no-cv", action="store_true", help="leave out the cross-validation")
    options = parser.parse_args(arguments)
    try:
        documents = written_documents() if options.samples_only else all_documents()
    except CorpusError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    raw = write_model(train(documents, cross_validated=not options.no_cv))
    try:
        options.output.write_bytes(raw)
    except OSError as error:
        print(f"train: {options.output}: {error.strerror}", file=sys.stderr)
        return 2
    print(f"{options.output.name}: {len(raw)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
