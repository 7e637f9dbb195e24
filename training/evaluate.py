"""Measure labels against labelled documents: ``python training/evaluate.py [FILE ...]``.

Without FILE the project's own corpora are taken. The shipped model was trained on those, so that its figures there
show how well it fits; ``--cv`` gives the figures that count, of models that never saw the site they are tested on.
Exit status: 0, 1 if ``--gate`` fails, 2 for bad input or bad use.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import baselines
import corpora
import gate
import metrics
import tables
from corpora import Document
from folds import split_folds
from metrics import Prediction, Scores

import boilerstrip
from boilerstrip import Config, ConfigError, Kind, Label, Paragraph

DEFAULT_FOLDS = 5
SYSTEM = "boilerstrip"
#: The source of documents whose figures count: pages that were read, and not trained on alone.
HEADLINE = "real"
#: Documents that are labelled in one call: enough for the vectorised code to pay, few enough to repeat one by one
#: where one of them makes the call fail.
BATCH = 256


class InputError(ValueError):
    """What was asked for cannot be done; the message is the line for the user."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line. ``--cv FILE`` is read as ``--cv`` and a file, as nobody means a file's name by a number."""
    parser = argparse.ArgumentParser(
        prog="evaluate.py",
        description="Measure the labels of boilerstrip on labelled JSON Lines (plain, .gz or .xz).",
        epilog="Without FILE: the project's corpora. Exit status 1: under a floor of --gate; 2: bad input.",
    )
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help="labelled documents, one a line: id, lang, site, paragraphs")
    add(
        "--cv",
        nargs="?",
        const=str(DEFAULT_FOLDS),
        metavar="N",
        help="cross-validate in N folds (5) of sites, trained inside each fold, instead of the shipped model",
    )
    add("--baselines", action="store_true", help="add keep all, strip all, C4 rules, jusText and fastText")
    add("--samples-only", action="store_true", help="only the samples written for the project, as in a bare clone")
    add("--strictness", type=float, metavar="X", help="Config(strictness=X), 0 to 1")
    add("--worst", type=int, default=0, metavar="N", help="list the N worst documents with their wrong paragraphs")
    add("--json", type=Path, metavar="OUT", help="write all figures, too")
    gates = parser.add_mutually_exclusive_group()
    gates.add_argument("--gate", action="store_true", help="exit 1 if a figure is under its floor")
    gates.add_argument("--write-gate", action="store_true", help="pin the floors from this run, with small margins")
    add("--floors", type=Path, default=gate.FLOORS, metavar="PATH", help="the file of floors (training/baseline.json)")
    options = parser.parse_args(argv)
    if options.cv is not None and not options.cv.isdecimal():
        options.files.insert(0, options.cv)
        options.cv = str(DEFAULT_FOLDS)
    options.cv = int(options.cv or 0) if options.cv is not None else None
    try:
        options.config = Config(segmentation="lines", **_given(strictness=options.strictness))
    except ConfigError as error:
        parser.error(f"--{error}")
    _check(parser, options)
    return options


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse what contradicts itself, before anything is computed."""
    if options.samples_only and options.files:
        parser.error("--samples-only takes no FILE")
    if options.cv is not None and options.cv < 2:
        parser.error("--cv: there must be two folds or more")
    if options.worst < 0:
        parser.error("--worst: a number from 0")
    for target in (options.json, options.floors if options.write_gate else None):
        if target is None:
            continue
        if not target.absolute().parent.is_dir():
            parser.error(f"{target}: there is no such folder")
        if any(target.resolve() == Path(name).resolve() for name in options.files):
            parser.error(f"{target}: is read here, and would be overwritten")


def load(options: argparse.Namespace) -> list[Document]:
    """The documents to measure on.

    Raises:
        InputError: a file that cannot be read, or nothing labelled in all of them.
    """
    try:
        if options.files:
            documents = [document for name in options.files for document in corpora.read_jsonl(Path(name))]
        elif options.samples_only:
            documents = list(corpora.written_documents())
        else:
            documents = list(corpora.all_documents())
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None
    except corpora.CorpusError as error:
        raise InputError(str(error)) from None
    if not any(sample.label for document in documents for sample in document.paragraphs):
        raise InputError(f"{', '.join(options.files) or 'corpora'}: no labelled paragraph")
    return documents


def shipped_predictions(documents: Sequence[Document], config: Config) -> list[Prediction]:
    """What the installed package says, through its public interface.

    Raises:
        InputError: weights that cannot be loaded.
    """
    stripper = boilerstrip.Stripper(config)
    try:
        # the model is loaded at the first text: without this, missing weights would be a crash on every document
        list(stripper.label_many(["-"]))
    except boilerstrip.WeightsError as error:
        raise InputError(str(error)) from None
    predictions: list[Prediction] = []
    for first in range(0, len(documents), BATCH):
        predictions += _label_batch(stripper, documents[first : first + BATCH])
    return predictions


def _label_batch(stripper: Any, documents: Sequence[Document]) -> list[Prediction]:
    try:
        results = list(stripper.label_many([document.text for document in documents]))
        if len(results) == len(documents):
            return [placed(document, result) for document, result in zip(documents, results, strict=True)]
    except Exception:  # noqa: BLE001  one of them fails, whatever it raises: find out which
        pass

    def label_one(document: Document) -> Prediction:
        (result,) = stripper.label_many([document.text])
        return placed(document, result)

    return [metrics.attempt(document, label_one) for document in documents]


def placed(document: Document, found: Sequence[Paragraph]) -> Prediction:
    """The verdicts on the paragraphs that were found, carried over to those that were given.

    A given paragraph with line ends inside is several for the package: it takes the label that most of its characters
    have, wire where two have as many, and the kind and mean confidence of that part. One in which nothing was found
    (it is blank) is not taken out: wire.
    """
    labels: list[Label] = []
    kinds: list[Kind | None] = []
    confidences: list[float] = []
    start = at = 0
    for sample in document.paragraphs:
        end = start + len(sample.text)
        while at < len(found) and found[at].end <= start:
            at += 1
        parts = []
        for paragraph in found[at:]:
            if paragraph.start >= end:
                break
            parts.append((min(end, paragraph.end) - max(start, paragraph.start), paragraph))
        label, kind, confidence = _verdict(parts)
        labels.append(label)
        kinds.append(kind)
        confidences.append(confidence)
        start = end + 1
    return Prediction(document, tuple(labels), tuple(kinds), tuple(confidences))


def _verdict(parts: Sequence[tuple[int, Paragraph]]) -> tuple[Label, Kind | None, float]:
    if not parts:
        return Label.WIRE, None, 1.0
    label = _heaviest((size, paragraph.label) for size, paragraph in parts)
    mine = [(size, paragraph) for size, paragraph in parts if paragraph.label is label]
    kind = _heaviest((size, paragraph.kind) for size, paragraph in mine)
    total = sum(size for size, _ in mine)
    return label, kind, sum(size * paragraph.confidence for size, paragraph in mine) / total


def _heaviest(parts: Iterable[tuple[int, Any]]) -> Any:
    """The value with the largest sum of sizes; on a tie wire before others, then the first."""
    sums: dict[Any, int] = {}
    for size, value in parts:
        sums[value] = sums.get(value, 0) + size
    return max(sums, key=lambda value: (sums[value], value is Label.WIRE))


def _progress(line: str) -> None:
    """For somebody who watches; in a log it would be noise."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def cross_predictions(documents: Sequence[Document], folds: int, config: Config) -> list[Prediction]:
    """Out-of-fold predictions in the order of the documents; a document that got none is all wrong.

    Raises:
        InputError: a number of folds that cross-validation does not do, or documents that it cannot take.
    """
    from crossval import cross_validate
    from fitting import FOLDS

    if folds != FOLDS:
        raise InputError(f"--cv: cross-validation is done in {FOLDS} folds")
    for document in documents:
        if not all(sample.text.strip() for sample in document.paragraphs):
            raise InputError(f"--cv: {document.id} has a blank paragraph; take it out")
    try:
        next(split_folds(documents, folds))
    except ValueError as error:
        raise InputError(f"--cv: {error}") from None
    waiting: dict[Document, list[Prediction]] = {}
    for prediction in cross_validate(documents, folds=folds, config=config, say=_progress):
        waiting.setdefault(prediction.document, []).append(prediction)
    return [
        waiting[document].pop(0) if waiting.get(document) else metrics.all_wrong(document, "no prediction")
        for document in documents
    ]


def baseline_predictions(
    name: str, documents: Sequence[Document], options: argparse.Namespace
) -> list[Prediction] | str:
    """A baseline's predictions in the order of the documents, or why there are none."""
    run = baselines.BASELINES[name]
    try:
        if options.cv is None:
            return run(_training_documents(documents, options), documents)
        answers: dict[int, Prediction] = {}
        for train, test in split_folds(documents, options.cv):
            predictions = run([documents[at] for at in train], [documents[at] for at in test])
            answers |= dict(zip(test, predictions, strict=True))
        return [answers[at] for at in range(len(documents))]
    except baselines.Unavailable as error:
        return str(error)


def _training_documents(documents: Sequence[Document], options: argparse.Namespace) -> list[Document]:
    """The corpora without the sites that are tested on; without FILE nothing remains."""
    if not options.files:
        return []
    tested = {document.group for document in documents}
    try:
        return [document for document in corpora.all_documents() if document.group not in tested]
    except (OSError, corpora.CorpusError) as error:
        raise InputError(str(error)) from None


def run_of(options: argparse.Namespace) -> dict[str, Any]:
    """How the figures came about: floors hold only for runs of the same kind."""
    mode = {"mode": "shipped"} if options.cv is None else {"mode": "cross-validation", "folds": options.cv}
    return {**mode, "strictness": options.config.strictness}


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is printed and written: figures of all systems, and the details of ours."""
    documents = load(options)
    if options.cv is None:
        own = shipped_predictions(documents, options.config)
    else:
        own = cross_predictions(documents, options.cv, options.config)
    answers: dict[str, list[Prediction] | str] = {SYSTEM: own}
    if options.baselines:
        for name in baselines.BASELINES:
            answers[name] = baseline_predictions(name, documents, options)
    scored = [its for its in own if its.document.source == HEADLINE] or own
    return {
        "run": run_of(options),
        "digest": gate.data_digest(documents),
        "systems": {name: its if isinstance(its, str) else metrics.by_source(its) for name, its in answers.items()},
        "languages": metrics.by_language(scored),
        "reliability": metrics.reliability(scored),
        "worst": metrics.worst_documents(scored, options.worst),
        "failures": list(_failures(answers)),
    }


def _failures(answers: Mapping[str, list[Prediction] | str]) -> Iterator[dict[str, str]]:
    for name, predictions in answers.items():
        if not isinstance(predictions, str):
            for its in predictions:
                if its.failure:
                    yield {"system": name, "document": its.document.id, "failure": its.failure}


def headline(result: Mapping[str, Any]) -> Scores:
    """Our scores on the documents that count: the real ones, or all where there are none (or no others)."""
    scores: Mapping[str, Scores] = result["systems"][SYSTEM]
    return scores.get(HEADLINE, scores["all"])


def show(result: Mapping[str, Any], options: argparse.Namespace) -> str:
    """The result as text."""
    overall = headline(result)
    run = ", ".join(f"{name} {value}" for name, value in result["run"].items())
    sizes = ", ".join(f"{its.support} {label.value}" for label, its in overall.labels.items())
    head = f"{overall.documents} documents, {overall.paragraphs} labelled paragraphs: {sizes}\n{run}, data digest "
    head += result["digest"][:12]
    if options.cv is None and not options.files:
        head += "\nThe shipped model was trained on these documents: these figures show fit, --cv shows quality."
    parts = [
        head,
        tables.system_table(result["systems"]),
        tables.label_table(overall),
        tables.confusion_table(overall),
        tables.kind_table(overall) if overall.kinds else "",
        tables.language_table(result["languages"]),
        tables.reliability_table(result["reliability"]),
        tables.worst_list(result["worst"]),
    ]
    return "\n\n".join(part for part in parts if part)


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: dataclasses as objects, enums as their values, NaN as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(item) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def apply_gate(result: Mapping[str, Any], options: argparse.Namespace) -> list[str]:
    """Pin or compare with the floors; the reasons why the run does not pass, none if it does or none was asked."""
    overall = headline(result)
    if options.write_gate:
        content = gate.pinned(overall, result["languages"], result["run"], result["digest"])
        gate.write_floors(options.floors, content)
        return []
    if not options.gate:
        return []
    return gate.failures(gate.read_floors(options.floors), {**result, "overall": overall})


def _print(text: str) -> None:
    """Print; that the reader of a pipe has seen enough (``| head``) must keep neither the gate nor the JSON away."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    options = parse(argv)
    try:
        if options.gate:
            gate.read_floors(options.floors)  # a damaged file shows before the work, not after it
        result = evaluate(options)
        _print(show(result, options))
        reasons = apply_gate(result, options)
        if options.json:
            content = plain({**result, "gate": reasons if options.gate else None})
            options.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except (InputError, gate.GateError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"evaluate: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 2
    for its in result["failures"]:
        print(f"evaluate: {its['system']} failed on {its['document']}: {its['failure']}", file=sys.stderr)
    for reason in reasons:
        print(f"evaluate: gate: {reason}", file=sys.stderr)
    if options.gate and not reasons:
        _print("\ngate: passed")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
