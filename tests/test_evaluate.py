"""training/: the figures against values worked out by hand, the baselines, the gate, and the script as it is run."""

from __future__ import annotations

import dataclasses
import json
import lzma
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import boilerstrip
from boilerstrip import Kind, Label, Paragraph

TRAINING = Path(__file__).resolve().parent.parent / "training"
sys.path.insert(0, str(TRAINING))

import baselines  # noqa: E402
import corpora  # noqa: E402
import evaluate  # noqa: E402
import folds  # noqa: E402
import gate  # noqa: E402
import metrics  # noqa: E402
import tables  # noqa: E402
from corpora import Document, Sample  # noqa: E402
from metrics import Prediction  # noqa: E402

W, C, S = Label.WIRE, Label.CREDITS, Label.SOLICITATION

#: An English paragraph full of stop words, and a German one, both long enough for jusText to trust.
ENGLISH = (
    "The council has said that it will open the bridge to the public in the spring, and that the work on the road "
    "which leads to it is to be done by then, so that the people of the town can go to the other side of the river "
    "as they did before the flood of last year."
)
GERMAN = (
    "Der Rat der Stadt hat am Abend beschlossen, dass die Brücke im Frühjahr wieder für alle geöffnet wird und dass "
    "die Arbeiten an der Straße, die zu ihr führt, bis dahin fertig sein sollen, damit die Leute aus dem Ort wie vor "
    "der Flut auf die andere Seite des Flusses kommen können."
)


def document(name: str, rows: Sequence[tuple[str, Label | None, Kind | None]], **changes: str) -> Document:
    fields = {"lang": "en", "group": name, "source": "real", "extractor": "", "url": ""} | changes
    return Document(id=name, paragraphs=tuple(Sample(*row) for row in rows), **fields)


def predicted(
    name: str,
    rows: Sequence[tuple[int | str, Label | None, Kind | None, Label, Kind | None]],
    confidences: Sequence[float] = (),
    **changes: str,
) -> Prediction:
    """A prediction from rows of text (or its length), true label and kind, predicted label and kind."""
    texts = [text if isinstance(text, str) else "x" * text for text, *_ in rows]
    true = document(name, [(text, row[1], row[2]) for text, row in zip(texts, rows, strict=True)], **changes)
    said = tuple(confidences) or (1.0,) * len(rows)
    return Prediction(true, tuple(row[3] for row in rows), tuple(row[4] for row in rows), said)


def tiny() -> list[Prediction]:
    """Four documents of nine labelled paragraphs; every expected value below is counted from this table."""
    return [
        predicted("a", [
            (10, W, None, W, None),
            (30, W, None, S, Kind.RELATED),
            (5, C, Kind.BYLINE, C, Kind.BYLINE),
            (8, S, Kind.DONATION, S, Kind.SUBSCRIPTION),
            (7, S, Kind.DONATION, W, None),
            (1000, None, None, S, Kind.RELATED),
        ]),
        predicted("b", [(60, W, None, W, None), (20, W, None, W, None)]),
        predicted("c", [(40, W, None, C, Kind.AGENCY)]),
        predicted("d", [(12, C, Kind.PHOTO, S, Kind.INTERFACE)]),
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Figures.


def test_confusion_counts_labelled_paragraphs_only() -> None:
    scores = metrics.score(tiny(), resamples=0)
    assert scores.confusion == ((3, 1, 1), (0, 1, 1), (1, 0, 1))
    assert (scores.documents, scores.paragraphs, scores.failures) == (4, 9, 0)


def test_precision_recall_f1_by_label() -> None:
    scores = metrics.score(tiny(), resamples=0)
    found = {
        label: (its.precision.value, its.recall.value, its.f1.value, its.support)
        for label, its in scores.labels.items()
    }
    assert found[W] == pytest.approx((3 / 4, 3 / 5, 6 / 9, 5))
    assert found[C] == pytest.approx((1 / 2, 1 / 2, 1 / 2, 2))
    assert found[S] == pytest.approx((1 / 3, 1 / 2, 2 / 5, 2))
    assert scores.macro_f1.value == pytest.approx((6 / 9 + 1 / 2 + 2 / 5) / 3)


def test_strip_takes_credits_and_solicitation_as_one() -> None:
    strip = metrics.score(tiny(), resamples=0).strip
    # the photo credit that was taken for interface is wrong by label, but right as strip
    assert (strip.precision.value, strip.recall.value, strip.f1.value) == pytest.approx((3 / 5, 3 / 4, 6 / 9))
    assert strip.support == 4


def test_wire_lost_is_a_share_of_characters() -> None:
    assert metrics.score(tiny(), resamples=0).wire_lost.value == pytest.approx((30 + 40) / (10 + 30 + 60 + 20 + 40))


def test_untouched_are_documents_without_boilerplate() -> None:
    scores = metrics.score(tiny(), resamples=0)
    assert (scores.clean_documents, scores.untouched.value) == (2, 0.5)  # b and c; c loses a paragraph


@pytest.mark.parametrize("said", [C, S])
def test_any_strip_label_touches_a_document(said: Label) -> None:
    scores = metrics.score([predicted("a", [(10, W, None, W, None), (1, W, None, said, None)])], resamples=0)
    assert scores.untouched.value == 0


def test_unlabelled_paragraphs_do_not_touch_a_document() -> None:
    only = predicted("e", [(10, W, None, W, None), (10, None, None, S, None)])
    nothing = predicted("f", [(10, None, None, S, None)])
    scores = metrics.score([only, nothing], resamples=0)
    assert (scores.clean_documents, scores.untouched.value) == (1, 1.0)


def test_recall_by_kind_wants_the_label_right() -> None:
    kinds = metrics.score(tiny(), resamples=0).kinds
    assert {kind: (its.recall.value, its.kind_right.value, its.support) for kind, its in kinds.items()} == {
        Kind.BYLINE: (1.0, 1.0, 1),
        Kind.PHOTO: (0.0, 0.0, 1),  # stripped, but as solicitation
        Kind.DONATION: (0.5, 0.0, 2),  # one under the right label with another kind
    }


def test_what_cannot_be_computed_is_nan() -> None:
    scores = metrics.score([predicted("a", [(3, W, None, W, None)])])
    assert math.isnan(scores.labels[C].recall.value) and math.isnan(scores.strip.f1.value)
    assert math.isnan(scores.strip.f1.low)
    assert scores.macro_f1.value == 1.0  # of the one label that occurs
    empty = metrics.score([])
    assert empty.paragraphs == 0 and math.isnan(empty.macro_f1.value) and math.isnan(empty.wire_lost.value)


def test_figures_are_those_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    predictions = noisy(np.random.default_rng(5), 30, 0.6)
    truth = [str(sample.label) for item in predictions for sample in item.document.paragraphs]
    said = [label.value for item in predictions for label in item.labels]
    scores = metrics.score(predictions, resamples=0)
    assert scores.macro_f1.value == pytest.approx(sklearn.f1_score(truth, said, average="macro"))
    names = [label.value for label in Label]
    assert np.array_equal(scores.confusion, sklearn.confusion_matrix(truth, said, labels=names))


def test_entries_must_match_the_paragraphs() -> None:
    with pytest.raises(ValueError, match="a: 1 kinds for 2 paragraphs"):
        Prediction(document("a", [("x", W, None), ("y", W, None)]), (W, W), (None,), (1.0, 1.0))


def test_a_crash_is_all_wrong() -> None:
    rows = [("one", W, None), ("two", C, Kind.DATE), ("three", S, Kind.SOCIAL), ("four", None, None)]

    def crash(_: Document) -> Prediction:
        raise KeyError("boom")

    prediction = metrics.attempt(document("a", rows), crash)
    assert prediction.failure == "KeyError: 'boom'"
    scores = metrics.score([prediction], resamples=0)
    assert (scores.failures, scores.paragraphs, scores.macro_f1.value, scores.wire_lost.value) == (1, 3, 0.0, 1.0)
    assert sum(scores.confusion[at][at] for at in range(3)) == 0


# ---------------------------------------------------------------------------------------------------------------------
# Languages and sources.


def test_small_languages_are_pooled() -> None:
    def of(lang: str, count: int, said: Label = W) -> Prediction:
        return predicted(f"{lang}{count}", [(5, W, None, said, None)] * count, lang=lang)

    predictions = [of("is", 199), of("fr", 200), of("de", 150), of("de", 151), of("xh", 3, S)]
    found = metrics.by_language(predictions, resamples=0)
    assert [(name, its.paragraphs) for name, its in found.items()] == [("de", 301), ("fr", 200), ("other", 202)]
    assert found["other"].wire_lost.value == pytest.approx(3 / 202)
    assert found["de"].wire_lost.value == 0


def test_unlabelled_paragraphs_do_not_make_a_language_large() -> None:
    rows = [(5, W, None, W, None)] * 199 + [(5, None, None, W, None)] * 50
    assert list(metrics.by_language([predicted("a", rows)], resamples=0)) == ["other"]


def test_sources_apart_only_where_there_are_several() -> None:
    assert list(metrics.by_source(tiny(), resamples=0)) == ["all"]
    wrong = predicted("w", [(9, W, None, S, None)], source="written")
    found = metrics.by_source([*tiny(), wrong], resamples=0)
    assert {name: its.paragraphs for name, its in found.items()} == {"all": 10, "real": 9, "written": 1}


# ---------------------------------------------------------------------------------------------------------------------
# The bootstrap.


def noisy(rng: np.random.Generator, count: int, right: float, size: int = 6) -> list[Prediction]:
    """Documents of ``size`` paragraphs of which a share ``right`` is predicted right, the same within a document."""
    labels, made = list(Label), []
    for at in range(count):
        truth = rng.integers(0, 3, size)
        said = np.where(rng.random(size) < right, truth, (truth + rng.integers(1, 3, size)) % 3)
        rows = [(10, labels[true], None, labels[its], None) for true, its in zip(truth, said, strict=True)]
        made.append(predicted(f"d{at}", rows))
    return made


def test_bootstrap_is_deterministic() -> None:
    predictions = noisy(np.random.default_rng(1), 20, 0.7)
    assert repr(metrics.score(predictions)) == repr(metrics.score(predictions))  # NaN is not equal to itself
    assert metrics.score(predictions, seed=1).macro_f1 != metrics.score(predictions, seed=2).macro_f1


def test_bootstrap_is_that_of_documents_drawn_one_by_one() -> None:
    predictions = noisy(np.random.default_rng(2), 12, 0.7)
    draws = np.random.default_rng(7).multinomial(12, [1 / 12] * 12, size=50)
    values = []
    for draw in draws:
        drawn = [item for item, times in zip(predictions, draw, strict=True) for _ in range(times)]
        values.append(metrics.score(drawn, resamples=0).macro_f1.value)
    low, high = np.percentile(values, (2.5, 97.5))
    found = metrics.score(predictions, resamples=50, seed=7).macro_f1
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.low < found.value < found.high


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, hits, runs = np.random.default_rng(3), 0, 150
    for _ in range(runs):
        interval = metrics.score(noisy(rng, 40, 0.8), resamples=200).wire_lost
        hits += interval.low <= 0.2 <= interval.high
    assert 0.88 <= hits / runs <= 0.995


def test_interval_is_over_documents_not_paragraphs() -> None:
    """Where all paragraphs of a document share their fate, many paragraphs are no more evidence than one."""
    few = [predicted(f"d{at}", [(5, W, None, S if at % 4 == 0 else W, None)]) for at in range(20)]
    many = [predicted(f"d{at}", [(5, W, None, S if at % 4 == 0 else W, None)] * 50) for at in range(20)]
    assert metrics.score(few).wire_lost == metrics.score(many).wire_lost
    assert metrics.score(few).wire_lost.high - metrics.score(few).wire_lost.low > 0.2


def test_no_doubt_no_width() -> None:
    perfect = [predicted(f"d{at}", [(5, W, None, W, None), (5, S, None, S, None)]) for at in range(5)]
    assert metrics.score(perfect).strip.f1 == metrics.Figure(1.0, 1.0, 1.0)


# ---------------------------------------------------------------------------------------------------------------------
# Confidence, and the worst documents.


def test_reliability_by_hand() -> None:
    rows = [(5, W, None, W, None), (5, W, None, S, None), (5, W, None, W, None), (5, W, None, W, None),
            (5, W, None, C, None), (5, None, None, W, None)]  # fmt: skip
    found = metrics.reliability([predicted("a", rows, [0.95, 0.95, 1.0, 0.35, 0.0, 0.5])])
    assert [its.count for its in found.bins] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 3]
    assert (found.bins[9].confidence, found.bins[9].right) == pytest.approx((2.9 / 3, 2 / 3))
    assert (found.bins[3].confidence, found.bins[3].right) == pytest.approx((0.35, 1.0))
    assert math.isnan(found.bins[5].confidence)
    assert found.error == pytest.approx(3 / 5 * (2.9 / 3 - 2 / 3) + 1 / 5 * 0.65)


@pytest.mark.parametrize("value", [1.01, -0.1, math.nan])
def test_confidence_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        metrics.reliability([predicted("a", [(5, W, None, W, None)], [value])])


def test_worst_documents_are_ranked_by_characters() -> None:
    many = predicted("many", [(2, W, None, S, Kind.SOCIAL)] * 10)
    found = metrics.worst_documents([*tiny(), many], 3)
    assert [(its.id, its.wrong_characters, its.labelled) for its in found] == [
        ("c", 40, 1), ("a", 37, 5), ("many", 20, 10),
    ]  # fmt: skip
    assert [(its.index, its.true_label, its.label, its.kind) for its in found[1].wrong] == [
        (1, W, S, Kind.RELATED), (4, S, W, None),
    ]  # fmt: skip
    assert len(metrics.worst_documents(tiny(), 10)) == 3  # b has no wrong paragraph
    assert metrics.worst_documents(tiny(), 0) == ()


# ---------------------------------------------------------------------------------------------------------------------
# Baselines.


def test_keep_all_and_strip_all() -> None:
    documents = [document("a", [("one", W, None), ("two", S, None)]), document("b", [("three", C, None)])]
    assert [its.labels for its in baselines.keep_all([], documents)] == [(W, W), (W,)]
    assert [its.labels for its in baselines.strip_all([], documents)] == [(S, S), (S,)]
    assert [its.confidences for its in baselines.keep_all([], documents)] == [(1.0, 1.0), (1.0,)]
    assert [its.document.id for its in baselines.keep_all([], documents)] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("The bridge will open again in spring.", W),
        ("Will the bridge be open in spring?", W),
        ('He said: "It will open in spring."', W),
        ("  The bridge will open again in spring.  ", W),
        ("It will open soon.", S),  # four words
        ("The bridge will open again soon.", W),
        ("The bridge will open again in spring", S),  # no mark at the end
        ("The bridge will open again in ...", S),  # an ellipsis is none
        ("Please turn on JavaScript to read this page.", S),
        ("Lorem ipsum dolor sit amet, consectetur adipiscing.", S),
        ("if (page) { show this line to everybody; }.", S),
        ("By using this page you accept our Privacy Policy.", S),
        ("This page uses cookies to show you more.", S),
        ("", S),
        ("The bridge will open again in spring.\nShare", W),  # the larger part decides
        ("Share this page with all your many friends\nIt will open again in spring.", S),
    ],
)
def test_c4_line_rules(line: str, label: Label) -> None:
    (found,) = baselines.c4_line_rules([], [document("a", [(line, W, None)])])
    assert found.labels == (label,) and not found.failure


def justext_of(texts: Sequence[str], lang: str) -> tuple[Label, ...]:
    pytest.importorskip("justext")
    (found,) = baselines.justext_paragraphs([], [document("a", [(text, W, None) for text in texts], lang=lang)])
    assert not found.failure
    return found.labels


def test_justext_looks_at_the_neighbours() -> None:
    # the same short line is good between good paragraphs and bad among bad ones
    short = "A new road"
    assert justext_of([ENGLISH, short, ENGLISH], "en") == (W, W, W)
    assert justext_of([short, short, "Home"], "en") == (S, S, S)
    assert justext_of([ENGLISH, short, "Home"], "en")[1:] == (S, S)


def test_justext_takes_the_stop_list_of_the_language() -> None:
    assert justext_of([GERMAN], "de") == (W,)
    assert justext_of([GERMAN], "en") == (S,)
    assert justext_of([GERMAN], "xx") == (W,)  # no list: length alone decides
    assert justext_of([ENGLISH], "en") == (W,)


def test_justext_knows_its_stop_lists() -> None:
    justext = pytest.importorskip("justext")
    assert set(baselines._STOPLISTS.values()) <= justext.get_stoplists()


def training_set() -> list[Document]:
    rows = [
        ("Subscribe to our newsletter today", S, Kind.SUBSCRIPTION),
        ("The minister opened the bridge over the river", W, None),
        ("Photo: Ana Field", C, Kind.PHOTO),
        ("Not labelled", None, None),
    ]
    return [document(f"t{at}", rows) for at in range(40)]


def test_fasttext_learns_from_the_training_documents() -> None:
    pytest.importorskip("fasttext")
    rows = [("Subscribe to the newsletter", W, None), ("The minister opened a bridge\nover the river", S, None),
            ("Photo: Ben Field", W, None), ("__label__wire Subscribe to our newsletter", W, None)]  # fmt: skip
    test = [document("x", rows), document("y", [("Subscribe today", W, None)])]
    first, second = (baselines.fasttext_lines(training_set(), test) for _ in range(2))
    assert not any(its.failure for its in first)
    assert first[0].labels == (S, W, C, S) and first[1].labels == (S,)
    assert first == second
    assert all(0 < value <= 1 for value in first[0].confidences)


def test_a_text_cannot_label_itself_for_fasttext() -> None:
    assert baselines._one_line(" __label__wire  one\ntwo\u2028") == "labelwire one two"


def test_figures_of_a_missing_baseline_are_dashes_with_the_reason_below() -> None:
    shown = tables.system_table({"ours": metrics.by_source(tiny()), "gone": "gone is not installed"}).splitlines()
    assert shown[2].split() == ["gone", *"-" * 8] and shown[3] == "gone: gone is not installed"
    assert len(shown[2]) <= len(shown[0])


@pytest.mark.parametrize(("name", "module"), [("jusText", "justext"), ("fastText", "fasttext")])
def test_a_missing_library_says_so(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(baselines.Unavailable, match="(?i)" + module + " is not installed"):
        baselines.BASELINES[name](training_set(), training_set())


def test_a_baseline_that_crashes_on_a_document_is_wrong_there_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = baselines._c4_keeps
    monkeypatch.setattr(baselines, "_c4_keeps", lambda line: 1 // 0 if "bad" in line else real(line))
    good = "The bridge will open again in spring."
    documents = [document("a", [("bad", W, None), (good, S, None)]), document("b", [(good, W, None)])]
    broken, fine = baselines.c4_line_rules([], documents)
    assert broken.labels == (S, W) and "ZeroDivisionError" in broken.failure
    assert fine.labels == (W,) and not fine.failure


# ---------------------------------------------------------------------------------------------------------------------
# Folds.


def spread() -> list[Document]:
    """Real documents of seven sites, several a site, and written ones, with texts that do not repeat."""
    real = [document(f"r{at}", [(f"text {at}", W, None), ("Share", S, Kind.SOCIAL)], group=f"s{at % 7}")
            for at in range(21)]  # fmt: skip
    written = [document(f"w{at}", [(f"written {at}", W, None)], group=f"written/w{at}", source="written")
               for at in range(10)]  # fmt: skip
    return real + written


def test_folds_never_split_a_site_and_are_those_of_cross_validation() -> None:
    fitting = pytest.importorskip("fitting")
    documents = spread()
    parts = list(folds.split_folds(documents, 5))
    assert sorted(at for _, test in parts for at in test) == list(range(len(documents)))
    for train, test in parts:
        assert test and {documents[at].group for at in train}.isdisjoint(documents[at].group for at in test)
        assert len(train) + len(test) == len(documents)
    assert folds.assign_folds(documents, 5) == fitting.folds_of(fitting.features_of(documents), 5).tolist()


# ---------------------------------------------------------------------------------------------------------------------
# The gate.


def floors_of(predictions: Sequence[Prediction], **changes: object) -> dict[str, Any]:
    overall, languages = metrics.score(predictions), {"en": metrics.score(predictions)}
    return gate.pinned(overall, languages, {"mode": "shipped"}, "d1") | changes


def run_of(predictions: Sequence[Prediction], digest: str = "d1", mode: str = "shipped") -> dict[str, object]:
    scores = metrics.score(predictions)
    return {"overall": scores, "languages": {"en": scores}, "run": {"mode": mode}, "digest": digest}


def test_pinned_floors_have_small_margins_and_pass() -> None:
    floors = floors_of(tiny())
    assert floors["limits"] == {"macro_f1": 0.5122, "strip_f1": 0.6566, "wire_lost": 0.4395}
    assert floors["languages"] == {"en": {"macro_f1": 0.4922, "strip_f1": 0.6366, "wire_lost": 0.4425}}
    assert gate.failures(floors, run_of(tiny())) == []


def test_each_figure_under_its_floor_is_named() -> None:
    floors = floors_of(tiny(), limits={"macro_f1": 0.53, "strip_f1": 0.67, "wire_lost": 0.43}, languages={})
    assert gate.failures(floors, run_of(tiny())) == [
        "macro_f1 0.5222 is under the floor 0.5300",
        "strip_f1 0.6667 is under the floor 0.6700",
        "wire_lost 0.4375 is over the ceiling 0.4300",
    ]
    exact = {"macro_f1": 0.5222, "strip_f1": 0.6666, "wire_lost": 0.4375}
    assert gate.failures(floors | {"limits": exact}, run_of(tiny())) == []


def test_languages_have_floors_of_their_own() -> None:
    floors = floors_of(tiny(), languages={"en": {"macro_f1": 0.9}, "fr": {"macro_f1": 0.1}})
    assert gate.failures(floors, run_of(tiny())) == [
        "en: macro_f1 0.5222 is under the floor 0.9000",
        "fr: there is no such language in this run",
    ]


def test_other_data_or_another_way_of_running_fails_with_a_message() -> None:
    (reason,) = gate.failures(floors_of(tiny()), run_of(tiny(), digest="d2"))
    assert reason.startswith("other data: the floors are for digest d1, this run has d2") and "--write-gate" in reason
    (reason,) = gate.failures(floors_of(tiny()), run_of(tiny(), mode="cross-validation"))
    assert reason.startswith("run in another way") and '"shipped"' in reason and '"cross-validation"' in reason


def test_a_figure_that_cannot_be_computed_does_not_pass() -> None:
    only_wire = [predicted("a", [(5, W, None, W, None)])]
    (reason,) = gate.failures(floors_of(tiny(), limits={"strip_f1": 0.1}, languages={}), run_of(only_wire))
    assert reason == "strip_f1 nan is under the floor 0.1000"
    assert "strip_f1" not in floors_of(only_wire)["limits"]  # and is not pinned either


def test_digest_covers_ids_texts_labels_and_kinds_in_any_order() -> None:
    documents = [document("a", [("one", S, Kind.SOCIAL), ("two", W, None)]), document("b", [("three", W, None)])]
    digest = gate.data_digest(documents)
    assert digest == gate.data_digest(documents[::-1])
    first, second = documents
    changed = [
        dataclasses.replace(first, id="c"),
        document("a", [("one!", S, Kind.SOCIAL), ("two", W, None)]),
        document("a", [("one", C, Kind.DATE), ("two", W, None)]),
        document("a", [("one", S, Kind.RELATED), ("two", W, None)]),
        document("a", [("two", W, None), ("one", S, Kind.SOCIAL)]),
        document("a", [("one", S, Kind.SOCIAL)]),
    ]
    digests = {gate.data_digest([other, second]) for other in changed} | {gate.data_digest([first])}
    assert len(digests) == 7 and digest not in digests


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n oops", ":2: not JSON"),
        ("[]", "'run' is missing"),
        ('{"run": {}, "digest": "d", "limits": {}, "languages": {}}', "'limits' is empty"),
        ('{"run": {}, "digest": 1, "limits": {}, "languages": {}}', "'digest' is missing or of a wrong type"),
        ('{"run": {}, "digest": "d", "limits": {"macro": 0.5}, "languages": {}}', "there is no figure 'macro'"),
        ('{"run": {}, "digest": "d", "limits": {"macro_f1": 7}, "languages": {}}', "limits.macro_f1 is not a number"),
        ('{"run": {}, "digest": "d", "limits": {"macro_f1": NaN}, "languages": {}}', "limits.macro_f1 is not a number"),
        ('{"run": {}, "digest": "d", "limits": {"macro_f1": 0.5}, "languages": {"en": 3}}', "'languages.en' is not"),
    ],
)
def test_damaged_floors_are_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    path.write_text(content)
    with pytest.raises(gate.GateError, match=message) as caught:
        gate.read_floors(path)
    assert str(path) in str(caught.value)


# ---------------------------------------------------------------------------------------------------------------------
# Verdicts carried over to the given paragraphs.


def parts(*rows: tuple[int, int, Label, Kind | None, float]) -> list[Paragraph]:
    return [Paragraph("", start, end, label, kind, confidence) for start, end, label, kind, confidence in rows]


def test_one_paragraph_found_for_each_given() -> None:
    true = document("a", [("four", W, None), ("12", S, None)])
    found = evaluate.placed(true, parts((0, 4, W, None, 0.9), (5, 7, C, Kind.DATE, 0.6)))
    assert found == Prediction(true, (W, C), (None, Kind.DATE), (0.9, 0.6))


def test_a_given_paragraph_with_line_ends_takes_what_most_characters_have() -> None:
    true = document("a", [("123456\n12\n1234", W, None), ("next", W, None)])
    lines = parts((0, 6, W, None, 0.9), (7, 9, S, Kind.SOCIAL, 0.8), (10, 14, S, Kind.RELATED, 0.5),
                  (15, 19, C, Kind.DATE, 0.7))  # fmt: skip
    found = evaluate.placed(true, lines)
    assert found.labels == (W, C)  # six characters against six: the tie stays
    lines[0] = dataclasses.replace(lines[0], end=5)
    found = evaluate.placed(true, lines)
    assert (found.labels[0], found.kinds[0]) == (S, Kind.RELATED)
    assert found.confidences[0] == pytest.approx((2 * 0.8 + 4 * 0.5) / 6)


def test_a_found_paragraph_over_several_given_ones_counts_for_each() -> None:
    true = document("a", [("one", W, None), ("two", W, None), ("three", W, None)])
    found = evaluate.placed(true, parts((0, 7, S, Kind.SOCIAL, 0.8), (8, 13, W, None, 0.9)))
    assert found.labels == (S, S, W)


def test_a_blank_paragraph_stays() -> None:
    true = document("a", [("one", W, None), ("", S, None), ("  ", S, None), ("two", W, None)])
    found = evaluate.placed(true, parts((0, 3, S, Kind.SOCIAL, 0.8), (8, 11, C, Kind.DATE, 0.9)))
    assert found.labels == (S, W, W, C) and found.confidences[1:3] == (1.0, 1.0)


# ---------------------------------------------------------------------------------------------------------------------
# Tables.


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    shown = tables.table(("名", "n"), [("ab", "1"), ("日本", "22")])
    assert shown.splitlines() == ["名     n", "ab     1", "日本  22"]


def test_paragraphs_cannot_steer_the_terminal() -> None:
    wrong = predicted("a", [("\x1b[31m red\nline " + "x" * 200, W, None, S, None)])
    shown = tables.worst_list(metrics.worst_documents([wrong], 1))
    assert "\x1b" not in shown and len(shown.splitlines()) == 2
    assert max(map(len, shown.splitlines())) < 150 and "is wire, said solicitation 1.00: ?[31m red line" in shown


# ---------------------------------------------------------------------------------------------------------------------
# The script, in a process of its own, with a stand-in for the model so that what it says is known.

STANDIN = """
import os
__path__.append({package!r})
from .config import Config, ConfigError
from .records import Explanation, Kind, Label, Paragraph, Reason


class WeightsError(ValueError):
    pass


class Stripper:
    def __init__(self, config=None, *, site=None):
        assert config.segmentation == "lines"
        self.config = config

    def label_many(self, texts):
        if os.environ.get("STANDIN_DAMAGED"):
            raise WeightsError("weights.npz is damaged")
        for text in texts:
            yield list(self.label(text))

    def label(self, text):
        if "CRASH" in text:
            raise RuntimeError("no idea")
        start = 0
        for line in text.split("\\n"):
            end = start + len(line)
            if line.startswith("Subscribe") or self.config.strictness > 0.8:
                yield Paragraph(line, start, end, Label.SOLICITATION, Kind.SUBSCRIPTION, 0.9)
            elif line.startswith("By "):
                yield Paragraph(line, start, end, Label.CREDITS, Kind.BYLINE, 0.8)
            else:
                yield Paragraph(line, start, end, Label.WIRE, None, 0.7)
            start = end + 1
"""

#: Six paragraphs, the third and the last labelled otherwise than the stand-in says.
ROWS = [
    {"id": "one", "lang": "en", "site": "one.example", "paragraphs": [
        {"text": "The bridge is open.", "label": "wire", "kind": None},
        {"text": "By Ana Field", "label": "credits", "kind": "byline"},
        {"text": "Follow us", "label": "solicitation", "kind": "social"},
        {"text": "Not labelled", "label": None, "kind": None}]},
    {"id": "two", "lang": "de", "site": "two.example", "paragraphs": [
        {"text": "Die Brücke ist offen.", "label": "wire", "kind": None},
        {"text": "Subscribe now", "label": "solicitation", "kind": "subscription"},
        {"text": "By and by it was spring.", "label": "wire", "kind": None}]},
]  # fmt: skip


@pytest.fixture
def standin(tmp_path: Path) -> dict[str, str]:
    """An environment in which boilerstrip labels by the first words of a line."""
    package = tmp_path / "standin" / "boilerstrip"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STANDIN.format(package=str(Path(boilerstrip.__file__).parent)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOILERSTRIP")}
    return environment | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TRAINING / "evaluate.py"), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", cwd="/", timeout=120, check=False
    )


def write(path: Path, rows: Sequence[object] = ROWS) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_script_measures_files(standin: dict[str, str], tmp_path: Path) -> None:
    packed = tmp_path / "two.jsonl.xz"
    packed.write_bytes(lzma.compress(json.dumps(ROWS[1]).encode()))
    out = tmp_path / "out.json"
    done = run(standin, write(tmp_path / "one.jsonl", ROWS[:1]), packed, "--json", out, "--worst", 5)
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(out.read_text())
    scores = result["systems"]["boilerstrip"]["all"]
    assert scores["confusion"] == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert scores["macro_f1"]["value"] == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)
    assert scores["wire_lost"]["value"] == pytest.approx(24 / (19 + 21 + 24))
    assert scores["kinds"]["social"]["recall"]["value"] == 0
    assert scores["untouched"]["value"] is None  # no document is without boilerplate: null, as NaN is not JSON
    assert [its["id"] for its in result["worst"]] == ["two", "one"]
    assert result["worst"][1]["wrong"][0]["text"] == "Follow us"
    assert result["run"] == {"mode": "shipped", "strictness": 0.5}
    assert result["digest"] == gate.data_digest(corpora.read_jsonl(write(tmp_path / "both.jsonl")))
    assert "2 documents, 6 labelled paragraphs: 3 wire, 1 credits, 2 solicitation" in done.stdout
    assert "is solicitation/social, said wire 0.70: Follow us" in done.stdout
    for word in ("macro-F1", "true \\ said", "kind right", "language", "expected calibration error"):
        assert word in done.stdout


def test_script_prints_to_a_terminal_of_ascii_and_to_a_closed_pipe(standin: dict[str, str], tmp_path: Path) -> None:
    rows = [ROWS[0] | {"paragraphs": [{"text": "Für Sie: mehr", "label": "solicitation", "kind": "related"}]}]
    path, out = write(tmp_path / "a.jsonl", rows), tmp_path / "out.json"
    done = run(standin | {"PYTHONIOENCODING": "ascii"}, path, "--worst", 1)
    assert (done.returncode, done.stderr) == (0, "") and "said wire 0.70: F\\xfcr Sie" in done.stdout
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, str(TRAINING / "evaluate.py"), str(path), "--json", str(out)]
    closed = subprocess.run(command, env=standin, stdout=written, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(written)
    assert (closed.returncode, closed.stderr) == (0, b"") and out.exists()


def test_script_passes_strictness_on(standin: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(standin, write(tmp_path / "a.jsonl"), "--strictness", 0.9, "--json", out).returncode == 0
    result = json.loads(out.read_text())
    assert result["systems"]["boilerstrip"]["all"]["wire_lost"]["value"] == 1.0
    assert result["run"]["strictness"] == 0.9


def test_script_counts_a_crash_as_all_wrong(standin: dict[str, str], tmp_path: Path) -> None:
    rows = [{"text": "CRASH here.", "label": "wire", "kind": None}, {"text": "Subscribe", "label": "solicitation"}]
    crash = {"id": "three", "lang": "en", "site": "three.example", "paragraphs": rows}
    out = tmp_path / "out.json"
    done = run(standin, write(tmp_path / "a.jsonl", [ROWS[0], crash, ROWS[1]]), "--json", out)
    assert done.returncode == 0
    assert done.stderr == "evaluate: boilerstrip failed on three: RuntimeError: no idea\n"
    result = json.loads(out.read_text())
    scores = result["systems"]["boilerstrip"]["all"]
    assert (scores["documents"], scores["failures"], scores["paragraphs"]) == (3, 1, 8)
    # the other two documents are as without it; of this one wire went, solicitation stayed
    assert scores["confusion"] == [[2, 1, 1], [0, 1, 0], [2, 0, 1]]
    assert result["failures"] == [
        {"system": "boilerstrip", "document": "three", "failure": "RuntimeError: no idea"}
    ]  # fmt: skip


def test_script_says_that_the_weights_are_damaged(standin: dict[str, str], tmp_path: Path) -> None:
    done = run(standin | {"STANDIN_DAMAGED": "1"}, write(tmp_path / "a.jsonl"))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "evaluate: weights.npz is damaged\n")


def bad(**changes: object) -> str:
    return json.dumps(ROWS[0] | {"id": "bad"} | changes)


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "x", ',
        "[1, 2]",
        bad(paragraphs=None),
        bad(paragraphs=[{"label": "wire", "kind": None}]),
        bad(paragraphs=[{"text": 7, "label": "wire", "kind": None}]),
        bad(paragraphs=[{"text": "a", "label": "story", "kind": None}]),
        bad(paragraphs=[{"text": "a", "label": "wire", "kind": "byline"}]),
        bad(id=7),
    ],
)
def test_script_refuses_malformed_lines(line: str, standin: dict[str, str], tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [ROWS[0], line, ROWS[1]])
    done = run(standin, path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"evaluate: {path}:2: ") and done.stderr.count("\n") == 1


def test_script_refuses_what_is_not_there(standin: dict[str, str], tmp_path: Path) -> None:
    done = run(standin, tmp_path / "none.jsonl")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "none.jsonl" in done.stderr
    rows = [ROWS[0] | {"paragraphs": [{"text": "a", "label": None, "kind": None}]}]
    done = run(standin, write(tmp_path / "unlabelled.jsonl", rows))
    assert done.returncode == 2 and done.stderr.endswith("unlabelled.jsonl: no labelled paragraph\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strictness", "2"], "--strictness must be a number from 0 to 1"),
        (["--samples-only", "{file}"], "--samples-only takes no FILE"),
        (["--cv", "1"], "--cv: there must be two folds or more"),
        (["--worst", "-1", "{file}"], "--worst"),
        (["--gate", "--write-gate"], "not allowed with"),
        (["{file}", "--json", "{file}"], "would be overwritten"),
        (["{file}", "--json", "/nowhere/at/all.json"], "there is no such folder"),
        (["{file}", "--gate", "--floors", "{file}"], "floors"),
    ],
)
def test_script_refuses_bad_use(arguments: list[str], message: str, standin: dict[str, str], tmp_path: Path) -> None:
    path = write(tmp_path / "floors.jsonl")
    before = path.read_bytes()
    done = run(standin, *(argument.format(file=path) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "") and message in done.stderr.splitlines()[-1]
    assert path.read_bytes() == before


def test_script_gate(standin: dict[str, str], tmp_path: Path) -> None:
    path, floors = write(tmp_path / "a.jsonl"), tmp_path / "floors.json"
    missing = run(standin, path, "--gate", "--floors", floors)
    assert missing.returncode == 2 and "floors.json" in missing.stderr and "--write-gate" in missing.stderr
    assert run(standin, path, "--write-gate", "--floors", floors).returncode == 0
    passed = run(standin, path, "--gate", "--floors", floors)
    assert (passed.returncode, passed.stderr) == (0, "") and passed.stdout.endswith("gate: passed\n")

    content = json.loads(floors.read_text())
    content["limits"] |= {"macro_f1": 0.99, "wire_lost": 0.01}
    floors.write_text(json.dumps(content))
    out = tmp_path / "out.json"
    failed = run(standin, path, "--gate", "--floors", floors, "--json", out)
    assert failed.returncode == 1
    assert failed.stderr.splitlines() == [
        "evaluate: gate: macro_f1 0.6667 is under the floor 0.9900",
        "evaluate: gate: wire_lost 0.3750 is over the ceiling 0.0100",
    ]
    assert len(json.loads(out.read_text())["gate"]) == 2 and "gate: passed" not in failed.stdout

    write(path, ROWS[:1])
    other = run(standin, path, "--gate", "--floors", floors)
    assert other.returncode == 1 and other.stderr.startswith("evaluate: gate: other data: ")
    assert other.stderr.count("\n") == 1


def test_script_measures_the_written_samples_of_a_bare_clone(standin: dict[str, str], tmp_path: Path) -> None:
    if not list(corpora.SAMPLES.glob("*.jsonl")):
        pytest.skip("the samples are not in this tree yet")
    out = tmp_path / "out.json"
    done = run(standin | {"BOILERSTRIP_DATA": str(tmp_path)}, "--samples-only", "--json", out)
    assert (done.returncode, done.stderr) == (0, "") and "--cv shows quality" in done.stdout
    result = json.loads(out.read_text())
    assert list(result["systems"]["boilerstrip"]) == ["all"]
    assert result["systems"]["boilerstrip"]["all"]["documents"] == len(corpora.written_documents())
    assert "en" in result["languages"]


# ---------------------------------------------------------------------------------------------------------------------
# Cross-validation and baselines, with a stand-in for the training.


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[list[str], list[str]]]]:
    """Stand-ins for cross-validation (all right but r3, which it loses) and for a baseline that notes what it gets."""
    seen: list[tuple[list[str], list[str]]] = []

    def cross_validate(
        documents: Sequence[Document], folds: int, config: boilerstrip.Config, say: Callable[[str], None]
    ) -> list[Prediction]:
        say("a line of progress")
        assert folds == 5 and config.strictness == 0.5
        found = [
            Prediction(its, tuple(sample.label or W for sample in its.paragraphs), (None,) * len(its.paragraphs),
                       (1.0,) * len(its.paragraphs))
            for its in documents if its.id != "r3"
        ]  # fmt: skip
        return found[::-1]

    def noting(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
        seen.append(([its.id for its in train], [its.id for its in test]))
        return baselines.keep_all(train, test)

    def absent(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
        raise baselines.Unavailable("gone is not installed")

    monkeypatch.setitem(sys.modules, "crossval", SimpleNamespace(cross_validate=cross_validate))
    monkeypatch.setattr(baselines, "BASELINES", {"noting": noting, "gone": absent})
    monkeypatch.setattr(corpora, "all_documents", spread)
    yield seen


def test_cross_validation_and_baselines_have_the_same_folds(
    spy: list[tuple[list[str], list[str]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert evaluate.main(["--cv", "--baselines", "--json", str(out)]) == 0
    documents = spread()
    group = {its.id: its.group for its in documents}
    assert len(spy) == 5 and sorted(name for _, test in spy for name in test) == sorted(group)
    for train, test in spy:
        assert {group[name] for name in train}.isdisjoint(group[name] for name in test)
    assert [test for _, test in spy] == [
        [documents[at].id for at in test] for _, test in folds.split_folds(documents, 5)
    ]
    result = json.loads(out.read_text())
    own = result["systems"]["boilerstrip"]
    # what got no prediction is wrong, reported, and not dropped
    assert own["all"]["documents"] == 31 and own["all"]["confusion"] == [[30, 0, 1], [0, 0, 0], [1, 0, 20]]
    assert list(own) == ["all", "real", "written"] and own["written"]["macro_f1"]["value"] == 1.0
    assert result["systems"]["noting"]["all"]["confusion"] == [[31, 0, 0], [0, 0, 0], [21, 0, 0]]
    assert result["systems"]["gone"] == "gone is not installed"
    assert result["run"] == {"mode": "cross-validation", "folds": 5, "strictness": 0.5}
    shown = capsys.readouterr()
    assert "gone is not installed" in shown.out and "--cv shows quality" not in shown.out
    assert shown.err == "evaluate: boilerstrip failed on r3: no prediction\n"


@pytest.mark.usefixtures("spy")
def test_baselines_answer_in_the_order_of_the_documents() -> None:
    found = evaluate.baseline_predictions("noting", spread(), evaluate.parse(["--cv", "--baselines"]))
    assert not isinstance(found, str) and [its.document for its in found] == spread()


def test_cv_takes_a_file_after_it(spy: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpora.write_documents(tmp_path / "a.jsonl", spread())
    assert evaluate.main(["--cv", str(tmp_path / "a.jsonl")]) == 0
    assert "21 documents" in capsys.readouterr().out  # the real ones of the 31


@pytest.mark.usefixtures("spy")
@pytest.mark.parametrize(
    ("rows", "folds", "message"),
    [
        (ROWS, "5", "--cv: "),  # two sites
        (ROWS, "3", "--cv: cross-validation is done in 5 folds"),
        ([ROWS[0] | {"paragraphs": [{"text": " ", "label": "wire"}]}], "5", "--cv: one has a blank paragraph"),
    ],
)
def test_cv_that_cannot_be_done(
    rows: list[object], folds: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.jsonl", rows)
    assert evaluate.main([str(path), "--cv", folds]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(f"evaluate: {message}") and shown.err.count("\n") == 1


def keep(monkeypatch: pytest.MonkeyPatch) -> None:
    def label_many(self: object, texts: Sequence[str]) -> Iterator[list[Paragraph]]:
        return iter([[]] * len(list(texts)))

    monkeypatch.setattr(boilerstrip.Stripper, "label_many", label_many)


def test_baselines_for_files_are_trained_on_other_sites(
    spy: list[tuple[list[str], list[str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep(monkeypatch)
    corpora.write_documents(tmp_path / "a.jsonl", [document("new", [("text", W, None)], group="s3")])
    assert evaluate.main([str(tmp_path / "a.jsonl"), "--baselines"]) == 0
    ((train, test),) = spy
    assert test == ["new"]
    assert train == [its.id for its in spread() if its.group != "s3"] and len(train) == 28


def test_baselines_are_not_trained_on_what_they_are_tested_on(
    spy: list[tuple[list[str], list[str]]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fasttext")
    keep(monkeypatch)
    monkeypatch.setattr(baselines, "BASELINES", {"fastText": baselines.fasttext_lines})
    assert evaluate.main(["--baselines"]) == 0
    assert "nothing to train on but the documents themselves: use --cv" in capsys.readouterr().out


def test_the_shipped_model_through_the_public_interface(tmp_path: Path) -> None:
    if not (Path(boilerstrip.__file__).parent / "weights.npz").exists():
        pytest.skip("no model in this tree yet: python training/train.py makes it")
    rows = [(ENGLISH, W, None), ("Subscribe to our newsletter", S, Kind.SUBSCRIPTION), ("One\nTwo", None, None)]
    corpora.write_documents(tmp_path / "a.jsonl", [document("a", rows)])
    environment = os.environ | {"PYTHONPATH": str(Path(boilerstrip.__file__).parent.parent)}
    out = tmp_path / "out.json"
    done = run(environment, tmp_path / "a.jsonl", "--json", out)
    assert (done.returncode, done.stderr) == (0, "")
    scores = json.loads(out.read_text())["systems"]["boilerstrip"]["all"]
    assert scores["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
