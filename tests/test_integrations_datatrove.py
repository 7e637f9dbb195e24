"""The datatrove step: runs of a real executor over JSON Lines, statistics, metadata, and a run that was killed."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from engines import ARTICLES, environment, needed, run_example

from boilerstrip import Config, Explanation, SiteProfile, Stripper

needed("orjson")
Document = needed("datatrove.data").Document
executors = needed("datatrove.executor")
readers = needed("datatrove.pipeline.readers")
writers = needed("datatrove.pipeline.writers")
BoilerplateFilter = needed("boilerstrip.integrations.datatrove").BoilerplateFilter

#: Everything goes: what a test expects then does not hang on the weights.
NOTHING = Config(keep=[], brake=1)
FILES = 5


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder with the articles in several files of JSON Lines."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for part in range(FILES):
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as lines:
            for at in range(part, len(ARTICLES), FILES):
                record = {"id": f"a{at}", "text": ARTICLES[at], "url": f"https://example.org/{at}", "place": at}
                lines.write(json.dumps(record) + "\n")
    return folder


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a folder by id; an id that comes twice is an error."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in data.splitlines():
            record = json.loads(line)
            assert record["id"] not in found
            found[record["id"]] = record
    return found


def totals(path: Path) -> dict[str, float]:
    """The sums of our step's statistics from one of datatrove's files."""
    (step,) = (step for step in json.loads(path.read_text(encoding="utf-8")) if step["name"].endswith("boilerstrip"))
    return {name: value["total"] if isinstance(value, dict) else value for name, value in step["stats"].items()}


def expected(explanations: list[Explanation]) -> Counter[str]:
    """The statistics that a run over texts with these explanations must give."""
    counts: Counter[str] = Counter()
    for explanation in explanations:
        for paragraph in explanation.paragraphs:
            counts[f"{paragraph.label.value}_paragraphs"] += 1
            counts[f"{paragraph.label.value}_characters"] += len(paragraph.text)
        counts["removed_paragraphs"] += len(explanation.removed)
        counts["removed_characters"] += sum(len(paragraph.text) for paragraph in explanation.removed)
        counts["changed"] += bool(explanation.removed)
        counts["braked"] += explanation.braked
    return counts


def step_totals(step: Any) -> dict[str, float]:
    return {name: stat.total for name, stat in step.stats.stats.items()}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_gives_what_clean_many_gives(texts: Path, tmp_path: Path, workers: int) -> None:
    pipeline = [readers.JsonlReader(str(texts)), BoilerplateFilter(), writers.JsonlWriter(str(tmp_path / "out"))]
    executors.LocalPipelineExecutor(pipeline, tasks=3, workers=workers, logging_dir=str(tmp_path / "logs")).run()
    found = read(tmp_path / "out")
    stories = list(Stripper().clean_many(ARTICLES))
    # datatrove's writer leaves empty fields out
    assert {name: record.get("text", "") for name, record in found.items()} == {
        f"a{at}": story for at, story in enumerate(stories)
    }
    assert {record["metadata"]["place"] for record in found.values()} == set(range(len(ARTICLES)))
    assert "removed" not in found["a0"]["metadata"]
    counts = expected(list(Stripper().explain_many(ARTICLES)))
    assert counts["changed"] > 0 and counts["wire_paragraphs"] > 0
    found_counts = totals(tmp_path / "logs" / "stats.json")
    assert {name: found_counts.get(name, 0) for name in counts} == dict(counts)
    assert (found_counts["total"], found_counts["forwarded"]) == (len(ARTICLES), len(ARTICLES))
    assert len(list((tmp_path / "logs" / "completions").iterdir())) == 3


def test_the_example_of_the_document(texts: Path, tmp_path: Path) -> None:
    run_example("datatrove", tmp_path)
    found = read(tmp_path / "stories")
    assert len(found) == len(ARTICLES)
    for at, explanation in enumerate(Stripper().explain_many(ARTICLES)):
        record = found[f"a{at}"]
        assert record.get("text", "") == explanation.text
        assert record["metadata"]["removed"] == [
            {
                "text": paragraph.text,
                "start": paragraph.start,
                "end": paragraph.end,
                "label": paragraph.label.value,
                "kind": paragraph.kind.value if paragraph.kind else None,
            }
            for paragraph in explanation.removed
        ]
    settings = json.loads((tmp_path / "logs" / "executor.json").read_text(encoding="utf-8"))["pipeline"][1]
    assert (settings["config"]["strictness"], settings["removed_key"]) == (0.5, "removed")


#: A run of three tasks; with an argument it is killed, without any clean-up, within the second task, behind the writer.
PROGRAM = """
import os
import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from boilerstrip.integrations.datatrove import BoilerplateFilter


def killed(data, rank=0, world_size=1):
    for at, document in enumerate(data):
        if rank == 1 and at == 5 and sys.argv[1:]:
            os._exit(9)
        yield document


if __name__ == "__main__":
    steps = [JsonlReader("texts"), BoilerplateFilter(removed_key="gone"), JsonlWriter("out", compression=None), killed]
    LocalPipelineExecutor(steps, tasks=3, workers=1, logging_dir="logs").run()
"""


def test_a_killed_run_goes_on_where_it_was(texts: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")

    def run(*arguments: str) -> int:
        command = [sys.executable, program.name, *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=tmp_path, env=environment(), start_new_session=True, **quiet) as process:
            status = process.wait(timeout=120)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the helper processes of a killed program would stay
        return status

    assert run("kill") == 9
    assert [path.name for path in (tmp_path / "logs" / "completions").iterdir()] == ["00000"]
    assert (tmp_path / "out" / "00001.jsonl").exists()
    first = (tmp_path / "out" / "00000.jsonl").stat()
    assert run() == 0
    again = (tmp_path / "out" / "00000.jsonl").stat()
    assert (first.st_mtime_ns, first.st_ino) == (again.st_mtime_ns, again.st_ino)  # this task was not done again
    found = read(tmp_path / "out")
    assert {name: record.get("text", "") for name, record in found.items()} == {
        f"a{at}": story for at, story in enumerate(Stripper().clean_many(ARTICLES))
    }
    counts: Counter[str] = Counter()
    for path in (tmp_path / "logs" / "stats").iterdir():
        counts.update({name: int(value) for name, value in totals(path).items()})
    wanted = expected(list(Stripper().explain_many(ARTICLES)))
    assert {name: counts[name] for name in wanted} == dict(wanted)


def test_a_run_with_nothing_left_to_do_does_nothing(texts: Path, tmp_path: Path) -> None:
    def run() -> None:
        pipeline = [readers.JsonlReader(str(texts)), BoilerplateFilter(), writers.JsonlWriter(str(tmp_path / "out"))]
        executors.LocalPipelineExecutor(pipeline, tasks=2, workers=1, logging_dir=str(tmp_path / "logs")).run()

    run()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    run()
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_removed_paragraphs_in_the_metadata() -> None:
    step = BoilerplateFilter(NOTHING, removed_key="gone")
    text = "\nOne line\nSubscribe to our newsletter\n"
    labels = [paragraph.label for paragraph in Stripper().label(text)]
    (document,) = step([Document(text=text, id="x", metadata={"url": "u"})])
    assert document.metadata["url"] == "u"
    assert [row["text"] for row in document.metadata["gone"]] == ["One line", "Subscribe to our newsletter"]
    assert all(text[row["start"] : row["end"]] == row["text"] for row in document.metadata["gone"])
    assert all((row["kind"] is None) is (row["label"] == "wire") for row in document.metadata["gone"])
    assert [row["label"] for row in document.metadata["gone"]] == labels
    assert json.loads(json.dumps(document.metadata["gone"])) == document.metadata["gone"]
    (kept,) = BoilerplateFilter(Config(keep=["wire", "credits", "solicitation"]), removed_key="gone")(
        [Document(text=text, id="x")]
    )
    assert (kept.text, kept.metadata) == (text, {"gone": []})


def test_documents_that_become_empty_stay_unless_told_otherwise(tmp_path: Path) -> None:
    documents = [Document(text=text, id=str(at)) for at, text in enumerate(ARTICLES)]
    step = BoilerplateFilter(NOTHING)
    assert [document.id for document in step(documents)] == [str(at) for at in range(len(ARTICLES))]
    assert not any(document.text.strip() for document in documents)


def test_dropped_documents_are_kept_with_their_text(tmp_path: Path) -> None:
    writer = writers.JsonlWriter(str(tmp_path / "dropped"))
    step = BoilerplateFilter(NOTHING, drop_empty=True, exclusion_writer=writer)
    documents = [Document(text=text, id=str(at)) for at, text in enumerate(ARTICLES)]
    assert list(step(documents)) == []
    dropped = read(tmp_path / "dropped")
    assert [dropped[str(at)]["text"] for at in range(len(ARTICLES))] == ARTICLES
    assert {record["metadata"]["filter_reason"] for record in dropped.values()} == {"empty"}
    counts = step_totals(step)
    assert counts["dropped"] == counts["dropped_empty"] == len(ARTICLES)


def test_documents_that_keep_something_are_not_dropped() -> None:
    step = BoilerplateFilter(Config(keep=["wire", "credits", "solicitation"]), drop_empty=True)
    documents = [Document(text=text, id=str(at)) for at, text in enumerate(ARTICLES)]
    assert [document.text for document in step(documents)] == [text for text in ARTICLES if text.strip()]


def test_the_brake_is_counted() -> None:
    step = BoilerplateFilter(Config(keep=[], brake=0.5))
    (document,) = step([Document(text="One line\nAnother", id="x")])
    assert document.text == "One line\nAnother"
    counts = step_totals(step)
    assert counts["braked"] == 1 and "changed" not in counts and counts["removed_paragraphs"] == 0


def test_settings_and_site_reach_the_stripper() -> None:
    repeated = "Vale of Arden Gazette, since 1881"
    site = SiteProfile.learn(f"{text}\n{repeated}" for text in ARTICLES if text.strip())
    config = Config(strictness=0.9)
    step = BoilerplateFilter(config, site=site)
    texts = [f"{text}\n{repeated}" for text in ARTICLES]
    found = [document.text for document in step([Document(text=text, id="x") for text in texts])]
    assert found == list(Stripper(config, site=site).clean_many(texts))
    assert found != list(Stripper(config).clean_many(texts))


def test_one_document_is_as_good_as_many() -> None:
    (appeal,) = (text for text in ARTICLES if text.startswith("By Ellen Marchetti 0"))
    document = Document(text=appeal, id="x")
    assert BoilerplateFilter().filter(document) is True
    assert document.text == Stripper().clean(appeal)


def test_documents_are_read_as_needed() -> None:
    read_so_far = 0

    def endless() -> Any:
        nonlocal read_so_far
        while True:
            read_so_far += 1
            yield Document(text="One line", id=str(read_so_far))

    next(BoilerplateFilter()(endless()))
    assert read_so_far < 1000


def test_the_step_can_be_sent_to_other_processes() -> None:
    config, text = Config(strictness=0.7), ARTICLES[-1]
    step = pickle.loads(pickle.dumps(BoilerplateFilter(config, removed_key="gone")))
    assert (step.config, step.removed_key) == (config, "gone")
    assert next(step([Document(text=text, id="x")])).text == Stripper(config).clean(text)


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        (Document(text=None, id="d7"), TypeError, "document 'd7': text must be str, not NoneType"),
        (Document(text=b"x", id="d7"), TypeError, "document 'd7': text must be str, not bytes"),
        (Document(text="x", id="d7", metadata={"gone": 1}), ValueError, "document 'd7': metadata has 'gone' already"),
    ],
)
def test_a_faulty_document_is_named(document: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        list(BoilerplateFilter(removed_key="gone")([Document(text="A line", id="d6"), document]))


def test_wrong_settings_fail_at_once() -> None:
    with pytest.raises(TypeError, match="config must be a Config, not dict"):
        BoilerplateFilter({"strictness": 1})
