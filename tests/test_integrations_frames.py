"""Hugging Face datasets and pandas: one line each, with the library as it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from engines import ARTICLES, needed, run_example

from boilerstrip import Stripper

datasets = needed("datasets")
pd = needed("pandas")

STRIPPER = Stripper()
STORIES = list(STRIPPER.clean_many(ARTICLES))


def strip(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    return {"story": list(STRIPPER.clean_many(rows["text"]))}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left in, or taken from, the cache of whoever runs the tests."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.mark.parametrize("processes", [None, 2])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_datasets(processes: int | None, size: int) -> None:
    made = datasets.Dataset.from_dict({"text": ARTICLES, "place": range(len(ARTICLES))})
    found = made.map(strip, batched=True, batch_size=size, num_proc=processes)
    assert found["story"][:] == STORIES != ARTICLES
    assert (found["text"][:], found["place"][:]) == (ARTICLES, list(range(len(ARTICLES))))


def test_streamed_datasets() -> None:
    made = datasets.IterableDataset.from_generator(lambda: ({"text": text} for text in ARTICLES))
    assert [row["story"] for row in made.map(strip, batched=True, batch_size=5)] == STORIES


@pytest.mark.parametrize("kind", ["object", "string"])
def test_pandas(kind: str) -> None:
    made = pd.Series(ARTICLES, name="text", dtype=kind).to_frame().iloc[::-1]
    made["story"] = list(STRIPPER.clean_many(made["text"]))
    assert made["story"].tolist() == STORIES[::-1] and made["text"].tolist() == ARTICLES[::-1]


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_a_missing_text_is_an_error(nothing: object) -> None:
    with pytest.raises(TypeError, match="text must be str, not"):
        list(STRIPPER.clean_many(pd.Series(["One line", nothing], dtype=object)))


@pytest.mark.parametrize("heading", ["datasets", "pandas"])
def test_the_examples_of_the_document(heading: str, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    with gzip.open(tmp_path / "texts" / "0.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"text": text}) + "\n" for text in ARTICLES)
    run_example(heading, tmp_path, HF_HOME=str(tmp_path / "cache"), HF_HUB_OFFLINE="1")
    with (tmp_path / "stories.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert [row["story"] for row in rows] == STORIES
    assert [row["text"] for row in rows] == ARTICLES
