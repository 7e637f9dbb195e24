"""Fitting: which documents count, and what only training sees."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "training"))

np = pytest.importorskip("numpy")
fitting = pytest.importorskip("fitting", reason="the extra train is not installed")

from corpora import Document, Sample  # noqa: E402

from boilerstrip import Kind, Label  # noqa: E402
from boilerstrip.context import context_inputs  # noqa: E402
from boilerstrip.model import CLASSES  # noqa: E402

# so few paragraphs make less than a batch
pytestmark = pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")

WORDS = (
    *("harbour", "pilot", "tide", "lantern", "quay", "rope", "anchor", "gull"),
    *("mast", "sail", "chart", "buoy", "ferry", "crane", "cargo"),
)


def document(name: str, source: str, lines: int = 4) -> Document:
    """A story of a few lines and as many offers; another story for another name."""
    at = sum(map(ord, name))
    story = [" ".join(WORDS[(at + n * k) % len(WORDS)] for k in range(6)) + "." for n in range(lines)]
    offers = [f"Offer {WORDS[(at + n) % len(WORDS)]} now!" for n in range(lines)]
    paragraphs = [Sample(text, Label.WIRE, None) for text in story]
    paragraphs += [Sample(text, Label.SOLICITATION, Kind.ADVERTISING) for text in offers]
    return Document(name, "en", f"{name[:2]}.example", source, "", "", tuple(paragraphs))


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    real = [document(f"r{n}", "real") for n in range(10)]
    around = [replace(document(f"r{n}", "further"), id=f"r{n}#around") for n in range(10)]
    return [*real, *around, *(document(f"w{n}", "written") for n in range(10))]


@pytest.fixture(scope="module")
def features(documents: list[Document]) -> object:
    return fitting.features_of(documents)


def test_weights_are_those_of_the_sources(features) -> None:
    rows = np.arange(len(features.classes))
    source = features.documents // 10
    expected = np.choose(source, [1.0, fitting.AROUND_WEIGHT, fitting.WRITTEN_WEIGHT])
    assert fitting.sample_weights(features, rows).tolist() == expected.tolist()
    assert fitting.domain(features, rows).tolist() == (source == 1)[:, None].tolist()
    assert fitting.alike(features).tolist() == (source != 1).tolist()


def test_a_page_and_its_surroundings_count_once(documents: list[Document]) -> None:
    twice = fitting.features_of([documents[0], documents[10]])
    rows = np.arange(len(twice.classes))
    assert len(np.unique(twice.gram_keys)) > 0
    assert len(fitting.known_grams(twice, rows)) == 0
    copies = [replace(documents[0], id=f"r{n}", group=f"r{n}") for n in range(fitting.MIN_DOCUMENTS)]
    features = fitting.features_of(copies)
    known = fitting.known_grams(features, np.arange(len(features.classes)))
    assert known.tolist() == np.unique(features.gram_keys).tolist()


def test_what_only_training_sees_is_no_input_of_the_model(features) -> None:
    rows = np.arange(len(features.classes))
    first = fitting.fit_first(features, rows)
    assert first.measure_weights.shape == (features.measures.shape[1] + features.rules.shape[1], fitting.FIRST_HIDDEN)
    scores = fitting.apply_first(first, features, rows)
    second = fitting.fit_second(features, scores, rows)
    inputs = context_inputs(features.measures, features.rules, scores, features.documents, features.bounds)
    assert second.hidden_weights.shape == (fitting.MEMBERS, inputs.shape[1], fitting.HIDDEN)
    answers = fitting.apply_second(second, features, scores, rows)
    assert answers.shape == (len(rows), len(CLASSES))
    # and it learns: what it saw, it tells apart
    found = np.where(answers.argmax(axis=1) == 0, 0, 1)
    assert (found == (features.classes > 0)).mean() > 0.9


def test_shares_of_other_sources_do_not_carry_over() -> None:
    """Around stories all is to go, on extracted pages half: the model says half where nothing else tells."""

    def lines(name: str, source: str, stays: int) -> Document:
        texts = [f"{WORDS[(n + len(name)) % 15]} {WORDS[(n * 7) % 15]}" for n in range(20)]
        marks = [(Label.WIRE, None) if n < stays else (Label.SOLICITATION, Kind.RELATED) for n in range(20)]
        order = np.random.default_rng(sum(map(ord, name))).permutation(20)
        samples = tuple(Sample(texts[n], *marks[m]) for n, m in enumerate(order))
        return Document(name, "en", name, source, "", "", samples)

    many = [lines(f"p{n}", "real", 10) for n in range(60)]
    parts = [lines(f"p{n}#around", "further", 0) for n in range(60)]
    features = fitting.features_of([*many, *parts])
    rows = np.arange(len(features.classes))
    stay = np.exp(fitting.apply_first(fitting.fit_first(features, rows), features, rows))[:, 0]
    assert 0.4 < stay[features.documents < 60].mean() < 0.6


# ---------------------------------------------------------------------------------------------------------------------
# The studies.


def test_studies_measure_what_was_not_trained_on(documents: list[Document], features) -> None:
    study = pytest.importorskip("study")
    everything = np.ones(len(documents), dtype=bool)
    said: list[str] = []
    jobs = {"all": everything, "no written": ~np.array([its.source == "written" for its in documents])}
    found = study.fitted(features, None, jobs, said.append)
    assert list(found) == said == list(jobs)
    assert all(its.shape == (len(features.classes), len(CLASSES)) for its in found.values())
    assert np.abs(found["all"].sum(axis=1) - 1).max() < 1e-3
    # what is left out is not trained on: its labels make no difference
    upset = np.where(everything[features.documents] & ~features.real[features.documents], 1, features.classes)
    other = study.fitted(replace(features, classes=upset), None, jobs, said.append)
    assert (other["no written"] == found["no written"]).all()
    assert (other["all"] != found["all"]).any()
    lines = study.strictness(documents, features, found["all"]).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [f"{level / 10:.1f}" for level in range(11)]


def test_studies_name_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = pytest.importorskip("study")
    with pytest.raises(SystemExit, match="2"):
        study.main(["weather"])
    assert "no study 'weather'" in capsys.readouterr().err
    monkeypatch.setattr(study, "all_documents", lambda: [document("w1", "written")])
    assert study.main(["sources"]) == 2
    assert "text of the real pages is not here" in capsys.readouterr().err
