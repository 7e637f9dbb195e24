"""Train the page's correction on pages with known stories and write ``page.npz``.

    python training/train_html.py [--output FILE] [--cache FOLDER]

The answers of the text model that it learns from come from models that did not see the page's site: trained on answers
for known pages, the correction would trust the text too much.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from corpora import CorpusError
from crossval import progress
from fitting import fitted, standardisation
from numpy.typing import NDArray
from page_data import GoldPage, fold_models, gold_pages, in_gold, words
from sklearn.neural_network import MLPClassifier

from boilerstrip.correction import CLIP, INPUTS, Correction, has_more_story, inputs_of, write_correction
from boilerstrip.features import page_of
from boilerstrip.html import extract
from boilerstrip.model import Model
from boilerstrip.page import EVIDENCE, measure
from boilerstrip.rules import apply_rules
from boilerstrip.segmentation import batch_of, segment
from boilerstrip.stripper import answers_of

TARGET = Path(__file__).resolve().parent.parent / "src" / "boilerstrip" / "page.npz"

#: Perceptrons of so many hidden units, so many of them, and how they are trained. Tried by cross-validation: 24 and 48
#: units, L2 of 1 to 10, 6 to 12 epochs: no difference above 0.002 of mean F1. A logistic regression over the same
#: inputs has 0.001 less, boosted trees 0.002 less.
HIDDEN, MEMBERS, EPOCHS, ALPHA, BATCH, STEP = 24, 4, 10, 3.0, 256, 1e-3
#: The probability in the perceptrons' own terms that becomes 0.5: chosen on the curve of precision against recall, so
#: that recall stays within 0.01 of trafilatura's (docs/html.md has the curve).
OPERATING = 0.6
#: Pages whose marked story holds less than this share of what the text model takes for story teach nothing: somebody
#: marked the beginning only.
COMPLETE = 0.6
#: Weight of a paragraph beside the share of the page's words that it has, so that short ones count at all.
LEAST_WEIGHT = 0.002


@dataclass(frozen=True)
class Example:
    """A page with what both models see of it.

    Attributes:
        page: the page.
        text: what was extracted.
        paragraphs: of the text.
        answers: of the text model that did not see the site, ``(paragraphs, 15)``.
        inputs: of the correction.
        shares: how much of each paragraph is in the marked story; NaN for one without words.
        sizes: words of each paragraph.
    """

    page: GoldPage
    text: str
    paragraphs: list[str]
    answers: NDArray[np.float32]
    inputs: NDArray[np.float32]
    shares: NDArray[np.float64]
    sizes: NDArray[np.int64]

    @property
    def complete(self) -> bool:
        """The marked story is not just the beginning of what looks like story."""
        story = self.sizes[self.answers[:, 0] > 0.5].sum()
        return bool(self.sizes[self.shares > 0.5].sum() >= COMPLETE * story)


def _answered(source: str, model: Model) -> tuple[list[str], NDArray[np.float32]]:
    """Paragraphs of a text and the text model's answers."""
    batch = batch_of((source,))
    text = page_of(batch, segment(batch, "auto"))
    answers = answers_of(model, text, apply_rules(text))
    place = text.segmentation
    paragraphs = [source[start:end] for start, end in zip(place.starts.tolist(), place.ends.tolist(), strict=True)]
    return paragraphs, answers


def _lengths(paragraphs: Sequence[str]) -> NDArray[np.int64]:
    return np.array([len(item) for item in paragraphs], dtype=np.int64)


def example_of(page: GoldPage, model: Model) -> Example | None:
    """Read a page with a given text model; ``None`` where no text is found in it."""
    found = extract(page.html, url=page.url)
    if not found.text or found.tree is None:
        return None
    paragraphs, answers = _answered(found.text, model)
    if found.other:
        others, its = _answered(found.other, model)
        if has_more_story(its, _lengths(others), answers, _lengths(paragraphs)):
            paragraphs, answers = others, its
    evidence = measure(found.tree, paragraphs, answers[:, 0].tolist())
    sizes = np.array([len(words(item)) for item in paragraphs])
    return Example(
        page,
        "\n".join(paragraphs),
        paragraphs,
        answers,
        inputs_of(answers, paragraphs, evidence),
        in_gold(paragraphs, page.gold),
        sizes,
    )


def examples_of(pages: Sequence[GoldPage], models: Sequence[Model], folds: NDArray[np.int64]) -> list[Example | None]:
    """Read each page with the text model that did not see its site."""
    return [example_of(page, models[fold]) for page, fold in zip(pages, folds.tolist(), strict=True)]


def fit(examples: Sequence[Example], *, without: Sequence[str] = (), members: int = MEMBERS) -> Correction:
    """Fit the perceptrons.

    Args:
        examples: pages with answers by text models that did not see them.
        without: names of inputs that are left out.
        members: how many perceptrons.
    """
    used = [example for example in examples if example.complete]
    inputs = np.concatenate([example.inputs for example in used])
    shares = np.concatenate([example.shares for example in used])
    weights = np.concatenate([example.sizes / max(example.sizes.sum(), 1) + LEAST_WEIGHT for example in used])
    known = ~np.isnan(shares)
    inputs, shares, weights = inputs[known], shares[known], weights[known] / weights[known].mean()
    mean, scale = standardisation(inputs)
    scale[[INPUTS.index(name) for name in without]] = 0
    rows = np.clip((inputs - mean) * scale, -CLIP, CLIP)
    # a paragraph of which a part is in the story is two, one of each sort
    rows = np.concatenate([rows, rows])
    classes = np.repeat([1, 0], len(shares))
    weights = np.concatenate([weights * shares, weights * (1 - shares)])
    some = weights > 0
    parts = []
    for seed in range(members):
        model = MLPClassifier(
            (HIDDEN,), alpha=ALPHA, batch_size=BATCH, learning_rate_init=STEP, max_iter=EPOCHS, random_state=seed
        )
        fitted(model, rows[some], classes[some], weights[some])
        shift = np.log(OPERATING / (1 - OPERATING))
        parts.append((model.coefs_[0], model.intercepts_[0], model.coefs_[1][:, 0], model.intercepts_[1][0] - shift))
    stacked = [np.array(values, dtype=np.float32) for values in zip(*parts, strict=True)]
    digest = hashlib.sha256("\n".join(example.page.id for example in used).encode()).hexdigest()[:16]
    return Correction(mean, scale, *stacked, {"pages": len(used), "data": digest})


def default_cache() -> Path:
    """Where the fold models lie, so that training and measuring share them."""
    return Path(tempfile.gettempdir()) / "boilerstrip-fold-models"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train the correction by the page's evidence and write its weights.")
    parser.add_argument("--output", type=Path, default=TARGET, help="weights file (default: the package's own)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the text models by fold")
    options = parser.parse_args(arguments)
    say = progress()
    try:
        pages = gold_pages()
        models, folds = fold_models(pages, options.cache, say)
        examples = [example for example in examples_of(pages, models, folds) if example is not None]
        whole = sum(example.complete for example in examples)
        say(f"{len(examples)} pages with text, {whole} of them with a complete story")
        raw = write_correction(fit(examples))
        options.output.write_bytes(raw)
    except (CorpusError, OSError) as error:
        print(f"train_html: {error}", file=sys.stderr)
        return 2
    print(f"{options.output.name}: {len(raw)} bytes, {len(EVIDENCE)} measures of the page")
    return 0


if __name__ == "__main__":
    sys.exit(main())
