"""HTML in, story out: boilerstrip beside other extractors on pages with known stories.

    python training/evaluate_html.py [--ablation] [--curve] [--no-others] [--cache FOLDER]

Everything that learned from pages is measured on sites that it did not see: five folds by site, both for the text model
and for the correction by the page. Bag-of-words precision, recall and F1 are computed for each page and averaged.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from corpora import CorpusError
from crossval import progress
from fitting import FOLDS
from numpy.typing import NDArray
from page_data import GoldPage, bag_scores, fold_models, gold_pages
from train_html import Example, default_cache, examples_of, fit

from boilerstrip import Config, Stripper
from boilerstrip.correction import INPUTS, corrected
from boilerstrip.decoding import braked, decide
from boilerstrip.page import EVIDENCE, WORD_GROUPS

Extractor = Callable[[GoldPage], str]

#: What is left out together in the ablation.
GROUPS: dict[str, tuple[str, ...]] = {
    "links": ("linked", "all_linked"),
    "emphasis": ("emphasised", "all_emphasised"),
    "headings": ("title_heading", "heading", "small_heading"),
    "lists and tables": ("listed", "table", "cell"),
    "figures and captions": ("figure", "caption"),
    "quotes": ("quote",),
    "frames and tags": ("framed", "paragraph", "block"),
    "place in the tree": ("beside_story", "near_story", "climb", "same_shape", "shape_wire", "beside_wire", "alone"),
    "names of elements": tuple(f"named {group}" for group in WORD_GROUPS),
    "title, author, date, site": ("is_title", "is_summary", "has_author", "has_site", "has_date"),
    "articleBody": ("in_body", "not_in_body"),
    "position, repetition": ("before_story", "after_story", "place", "from_end", "repeated", "found", "exact"),
}


def _trafilatura(**options: bool) -> Extractor:
    import trafilatura

    return lambda page: trafilatura.extract(page.html, url=page.url, include_comments=False, **options) or ""


def _justext() -> Extractor:
    import justext

    every = frozenset().union(*(justext.get_stoplist(name) for name in justext.get_stoplists()))
    return lambda page: "\n".join(part.text for part in justext.justext(page.html, every) if not part.is_boilerplate)


def _readability() -> Extractor:
    import inscriptis
    import readability

    return lambda page: str(inscriptis.get_text(readability.Document(page.html.decode("utf-8", "replace")).summary()))


def _newspaper4k() -> Extractor:
    import newspaper

    def run(page: GoldPage) -> str:
        # it would fetch a page's pictures to find the best one
        article = newspaper.Article(page.url or "https://page.example/", fetch_images=False)
        article.download(input_html=page.html.decode("utf-8", "replace"))
        article.parse()
        return str(article.text)

    return run


def _resiliparse() -> Extractor:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    return lambda page: extract_plain_text(
        bytes_to_str(page.html, detect_encoding(page.html)), main_content=True, comments=False
    )


OTHERS: dict[str, Callable[[], Extractor]] = {
    "trafilatura": _trafilatura,
    "trafilatura, precision": lambda: _trafilatura(favor_precision=True),
    "trafilatura, recall": lambda: _trafilatura(favor_recall=True),
    "jusText": _justext,
    "readability-lxml": _readability,
    "newspaper4k": _newspaper4k,
    "resiliparse": _resiliparse,
}


def run_other(name: str, pages: Sequence[GoldPage], say: Callable[[str], None]) -> list[str] | None:
    """Texts by another extractor; a page on which it fails gives no text. ``None`` where it is not installed."""
    try:
        extractor = OTHERS[name]()
    except ImportError as error:
        say(f"{name}: left out: {error}")
        return None
    texts, failures = [], 0
    for page in pages:
        try:
            texts.append(extractor(page))
        except Exception:  # noqa: BLE001  a crash on a page is counted as no text, whatever it was
            texts.append("")
            failures += 1
    say(f"{name}: {failures} failures")
    return texts


def kept_text(paragraphs: Sequence[str], answers: NDArray[np.float32], config: Config) -> str:
    """What the package would keep under these answers, with its brake."""
    lengths = np.array([len(item) for item in paragraphs])
    kept = decide(answers, lengths, config).kept
    if braked(kept, lengths, config):
        kept[:] = True
    return "\n".join(item for item, stays in zip(paragraphs, kept.tolist(), strict=True) if stays)


def cross_validated(
    examples: Sequence[Example | None], folds: NDArray[np.int64], *, without: Sequence[str] = (), members: int = 4
) -> list[NDArray[np.float32] | None]:
    """Corrected answers for each page by a correction that did not see its site."""
    result: list[NDArray[np.float32] | None] = [None] * len(examples)
    for fold in range(FOLDS):
        seen = [item for item, its in zip(examples, folds.tolist(), strict=True) if item is not None and its != fold]
        correction = fit(seen, without=without, members=members)
        for at in np.flatnonzero(folds == fold).tolist():
            item = examples[at]
            if item is not None:
                evidence = item.inputs[:, -len(EVIDENCE) :]
                result[at] = corrected(correction, item.answers, item.paragraphs, evidence)
    return result


def texts_of(
    examples: Sequence[Example | None], answers: Sequence[NDArray[np.float32] | None], config: Config
) -> list[str]:
    """The kept text of each page, empty where nothing was extracted."""
    return [
        "" if item is None or found is None else kept_text(item.paragraphs, found, config)
        for item, found in zip(examples, answers, strict=True)
    ]


class Table:
    """Rows of mean precision, recall and F1 by collection, as Markdown."""

    def __init__(self, pages: Sequence[GoldPage], complete: NDArray[np.bool_]) -> None:
        self._pages = pages
        collection = np.array([page.collection for page in pages])
        self._parts = {
            "aed": collection == "aed", "fundus": collection == "fundus",
            "all": np.ones(len(pages), dtype=bool), "complete": complete,
        }  # fmt: skip
        print("| | " + " | ".join(f"{name} ({part.sum()})" for name, part in self._parts.items()) + " |")
        print("|---" * (len(self._parts) + 1) + "|")

    def row(self, name: str, texts: Sequence[str]) -> None:
        """Print the row of a system."""
        scores = np.array([bag_scores(text, page.gold) for text, page in zip(texts, self._pages, strict=True)])
        cells = [" ".join(f"{value:.3f}" for value in scores[part].mean(axis=0)) for part in self._parts.values()]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def print_times(pages: Sequence[GoldPage]) -> None:
    """Median time a page of trafilatura and of the package, page by page in turn."""
    baseline, stripper = _trafilatura(), Stripper()
    stripper.clean_html(pages[0].html)
    alone, whole = [], []
    for page in pages:
        began = time.process_time()
        baseline(page)
        between = time.process_time()
        stripper.clean_html(page.html, url=page.url)
        whole.append(time.process_time() - between)
        alone.append(between - began)
    ratio = median(ours / theirs for ours, theirs in zip(whole, alone, strict=True))
    print(f"\nMedian processor time a page: trafilatura {1e3 * median(alone):.1f} ms,", end=" ")
    print(f"clean_html {1e3 * median(whole):.1f} ms; median ratio of the two {ratio:.2f}.")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure clean_html beside other extractors.")
    parser.add_argument("--ablation", action="store_true", help="also without each group of evidence")
    parser.add_argument("--curve", action="store_true", help="also at other settings of strictness")
    parser.add_argument("--no-others", action="store_true", help="leave the other extractors out")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the text models by fold")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # the extractors complain of pages
    say = progress()
    try:
        pages = gold_pages()
        models, folds = fold_models(pages, options.cache, say)
    except (CorpusError, OSError) as error:
        print(f"evaluate_html: {error}", file=sys.stderr)
        return 2
    examples = examples_of(pages, models, folds)
    say("pages read")
    complete = np.array([item is not None and item.complete for item in examples])
    print("Precision, recall and F1 of words, mean over the pages. Complete: without the pages whose marked story is a")
    print("small part of what is there (COMPLETE in train_html.py).\n")
    table = Table(pages, complete)
    for name in () if options.no_others else OTHERS:
        if (texts := run_other(name, pages, say)) is not None:
            table.row(name, texts)
    table.row("boilerstrip's extraction, all of it", ["" if item is None else item.text for item in examples])
    table.row("boilerstrip, text alone", texts_of(examples, [item and item.answers for item in examples], Config()))
    answers = cross_validated(examples, folds)
    table.row("boilerstrip, text and page", texts_of(examples, answers, Config()))
    for strictness in (0.2, 0.3, 0.4, 0.6, 0.7, 0.8) if options.curve else ():
        table.row(f"- strictness {strictness}", texts_of(examples, answers, Config(strictness=strictness)))
    if options.ablation:
        every = {"all evidence": EVIDENCE, "the text's answers": tuple(name for name in INPUTS if name not in EVIDENCE)}
        for name, group in (every | GROUPS).items():
            found = cross_validated(examples, folds, without=group, members=2)
            table.row(f"- without {name}", texts_of(examples, found, Config()))
    if not options.no_others:
        print_times(pages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
