"""How fast it is, in one run on one machine, beside what one would use otherwise.

    python training/benchmark.py                                  # everything, printed
    python training/benchmark.py --only start --only speed        # parts of it
    python training/benchmark.py --share 0.05 --largest 10        # a quick look
    python training/benchmark.py --write docs/performance.md      # into the document, each part in its place

The texts are those of the real pages in the data folder (see ``corpora.py``), else the written samples. All run on one
thread, but for ``--jsonl -j 2``. Of several rounds the fastest counts: what else the machine does only adds. A megabyte
is a million bytes of the texts as UTF-8.
"""

from __future__ import annotations

import one_thread  # noqa: F401  before NumPy is loaded

# isort: split
import argparse
import gzip
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import corpora
from corpora import CorpusError

from boilerstrip import Stripper, clean

__all__ = ["PARTS", "main"]

#: What it must reach (issue 5), by the name of the row.
GOALS = {
    "fastText predict": "at least 1.5, goal 3",
    "scikit-learn pipeline": "at least 8",
    "--jsonl -j 2": "at least 1.7 times -j 1",
}
#: Paragraphs that the trained rivals learn from: their speed depends on the model's size, not on how good it is.
_TRAINING = 6000
_MEGABYTE = 1_000_000
#: How many times the texts stand in the file for ``--jsonl``.
_COPIES = 4


class Sample(NamedTuple):
    """What is measured on.

    Attributes:
        texts: one a document, of the pages or written.
        origin: where they come from, in words.
        pages: HTML of pages, for the time of extraction; empty without the data folder.
        largest: megabytes of the largest single document.
        rounds: how often each thing is measured.
    """

    texts: list[str]
    origin: str
    pages: list[bytes]
    largest: int
    rounds: int

    @property
    def size(self) -> float:
        """Megabytes of the texts."""
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in self.texts) / _MEGABYTE


class Skip(Exception):
    """Something cannot be measured here; the message says why."""


# ---------------------------------------------------------------------------------------------------------------------
# Samples and clocks.


def _page_texts(folder: Path) -> Iterator[str]:
    for _, row in corpora.read_rows(folder / corpora.PAGES):
        if isinstance(row.get("trafilatura"), str) and row["trafilatura"]:
            yield row["trafilatura"]


def load(share: float, largest: int, rounds: int) -> Sample:
    """The texts and pages to measure on.

    Args:
        share: how much of them.
        largest, rounds: see :class:`Sample`.

    Raises:
        CorpusError: the data cannot be read.
    """
    folder = corpora.data_folder()
    pages: list[Path] = []
    if folder and (folder / corpora.PAGES).is_file():
        texts, origin = list(_page_texts(folder)), "real pages as trafilatura extracts them"
        pages = sorted((folder / "pages").glob("*.html.gz"))
    else:
        texts, origin = [document.text for document in corpora.written_documents()], "written samples"
    step = max(1, round(1 / share))
    html = [gzip.decompress(path.read_bytes()) for path in pages[::step]]
    return Sample(texts[::step], origin, html, largest, rounds)


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of several rounds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def drain(items: Iterable[object]) -> None:
    """Go through all of them."""
    for _ in items:
        pass


#: Prints the memory of the largest process that a command had, itself included. A small process of its own asks, as
#: one that was forked counts what its parent had.
_WATCHER = (
    "import resource, subprocess, sys\n"
    "status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(status)"
)


def command(*arguments: str, stdin: bytes = b"", **changes: str) -> tuple[float, bytes]:
    """Seconds and output of a run of Python, in this environment with some changes.

    Raises:
        Skip: it failed.
    """
    search = os.pathsep.join(filter(None, [str(corpora.HERE.parent / "src"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": search, **changes}
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], input=stdin, capture_output=True, env=environment, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise Skip(f"status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return seconds, done.stdout


def peak(*arguments: str) -> float:
    """Megabytes of the largest process of a run of Python.

    Raises:
        Skip: it failed.
    """
    kilobytes = int(command("-c", _WATCHER, sys.executable, *arguments)[1])
    return kilobytes * (1 if sys.platform == "darwin" else 1024) / _MEGABYTE


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------------------------------------------------------------
# Rivals. Each takes the sample, gets ready, and gives what is to be timed.


def _lines(sample: Sample) -> list[str]:
    return [" ".join(line.split()) for text in sample.texts for line in text.splitlines() if line.strip()]


def _training() -> tuple[list[str], list[str]]:
    documents = corpora.written_documents()
    labelled = [s for document in documents for s in document.paragraphs if s.label is not None]
    chosen = labelled[:: max(1, len(labelled) // _TRAINING)]
    return [" ".join(item.text.split()) for item in chosen], [str(item.label) for item in chosen]


def _fasttext(sample: Sample) -> Callable[[], object]:
    try:
        import fasttext
    except ImportError:
        raise Skip("fasttext is not installed") from None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        pairs = zip(*_training(), strict=True)
        path.write_text("".join(f"__label__{label} {text}\n" for text, label in pairs), encoding="utf-8")
        model = fasttext.train_supervised(str(path), minn=2, maxn=5, dim=32, epoch=3, thread=1, verbose=0)
    lines = [line.encode("utf-8", "replace").decode() for line in _lines(sample)]
    return lambda: model.predict(lines)


def _scikit(sample: Sample) -> Callable[[], object]:
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline, make_union
    except ImportError:
        raise Skip("scikit-learn is not installed") from None
    # n-grams of the kinds that the package reads; its measures of shape and place are not even among them
    features = make_union(
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=2**18),
        HashingVectorizer(ngram_range=(1, 2), n_features=2**18),
    )
    pipeline = make_pipeline(features, SGDClassifier(loss="log_loss", max_iter=3, tol=None, random_state=0))
    pipeline.fit(*_training())
    lines = _lines(sample)
    return lambda: pipeline.predict_proba(lines)


def _justext(sample: Sample) -> Callable[[], object]:
    try:
        import justext
        from justext import core
        from justext.paragraph import Paragraph
    except ImportError:
        raise Skip("jusText is not installed") from None
    from types import SimpleNamespace

    stoplist = justext.get_stoplist("English")

    def classify() -> None:
        for text in sample.texts:
            paragraphs = []
            for line in text.splitlines():
                paragraph = Paragraph(SimpleNamespace(dom="p", xpath="/p"))
                paragraph.append_text(line)
                paragraphs.append(paragraph)
            core.classify_paragraphs(paragraphs, stoplist)
            core.revise_paragraph_classification(paragraphs)

    return classify


def _c4(sample: Sample) -> Callable[[], object]:
    try:
        from datatrove.data import Document
        from datatrove.pipeline.filters import C4QualityFilter
    except ImportError as error:
        raise Skip(f"datatrove is not installed ({error.name})") from None
    # counting sentences takes most of the time, loads another package, and says nothing of single lines
    rules = C4QualityFilter(min_num_sentences=-1)

    def run() -> None:
        for number, text in enumerate(sample.texts):
            rules.filter(Document(text=text, id=str(number)))

    return run


_RIVALS: dict[str, Callable[[Sample], Callable[[], object]]] = {
    "fastText predict": _fasttext,
    "scikit-learn pipeline": _scikit,
    "jusText": _justext,
    "datatrove C4 filter": _c4,
}

# ---------------------------------------------------------------------------------------------------------------------
# The parts.


def _jsonl(sample: Sample, folder: Path, copies: int = 1) -> Path:
    path = folder / f"texts-{copies}.jsonl"
    with path.open("w", encoding="utf-8", errors="replace") as handle:
        for _ in range(copies):
            handle.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in sample.texts)
    return path


def _ours(sample: Sample) -> Iterator[tuple[str, Callable[[], object]]]:
    stripper = Stripper()
    yield "clean_many", lambda: drain(stripper.clean_many(sample.texts))
    yield "clean", lambda: drain(clean(text) for text in sample.texts)


def measure_speed(sample: Sample) -> str:
    """Texts a second, ours and others'."""
    seconds: dict[str, float] = {}
    skipped = []
    for name, work in _ours(sample):
        seconds[name] = fastest(work, sample.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = _jsonl(sample, folder, _COPIES)
        for jobs in ("1", "2"):
            arguments = ("-m", "boilerstrip", "--jsonl", "-q", "-j", jobs, str(path), "-o", str(folder / "out"))
            # a second process pays where there is more to do than to start it
            runs = (command(*arguments)[0] for _ in range(sample.rounds))
            seconds[f"--jsonl -j {jobs}"] = min(runs) / _COPIES
    for name, rival in _RIVALS.items():
        try:
            seconds[name] = fastest(rival(sample), sample.rounds)
        except Skip as reason:
            skipped.append(f"- {name}: not measured, {reason}.")
    best, size, count = seconds["clean_many"], sample.size, len(sample.texts)
    seconds_of_jsonl = seconds["--jsonl -j 1"]
    rows = []
    for name, its in seconds.items():
        ratio = f"{seconds_of_jsonl / its:.2f} times -j 1" if name == "--jsonl -j 2" else f"{its / best:.2f}"
        rows.append((name, ratio, GOALS.get(name, ""), f"{size / its:.2f}", f"{count / its:.0f}"))
    head = ("system", "`clean_many` is faster by", "wanted", "MB/s", "documents/s")
    note = f"{count} texts, {size:.1f} MB: {sample.origin}. `--jsonl` has all of them {_COPIES} times, start included."
    return "\n".join([note, "", table(head, rows), *([""] * bool(skipped)), *skipped])


def measure_extraction(sample: Sample) -> str:
    """The time of cleaning beside that of getting the text out of the page."""
    if not sample.pages:
        raise Skip("there are no pages without the data folder")
    from trafilatura import extract

    texts: list[str] = []
    begin = time.perf_counter()
    for page in sample.pages:
        texts.append(extract(page, include_comments=False) or "")
    extraction = time.perf_counter() - begin
    stripper = Stripper()
    cleaning = fastest(lambda: drain(stripper.clean_many(texts)), sample.rounds)
    count = len(texts)
    rows = [
        ("trafilatura", "", "", f"{1000 * extraction / count:.2f}"),
        ("`clean_many`", f"{100 * cleaning / extraction:.2f}%", "at most 2%", f"{1000 * cleaning / count:.3f}"),
    ]
    head = ("", "share of the extraction", "wanted", "ms a page")
    return f"{count} pages.\n\n{table(head, rows)}"


def measure_start(sample: Sample) -> str:
    """The start of the filter beside that of an interpreter with NumPy and regex."""
    text = b"The lamp was lit at nine.\nSubscribe to our newsletter\n"
    commands = {
        "`import numpy, regex`": (("-c", "import numpy, regex"), b""),
        "`boilerstrip --version`": (("-m", "boilerstrip", "--version"), b""),
        "`boilerstrip` of two lines": (("-m", "boilerstrip"), text),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as cache:
        # an installed package is compiled, whatever this environment says: here at its first run
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
        # interleaved, so that what else the machine does disturbs all alike
        for _ in range(5 * sample.rounds):
            for name, (arguments, stdin) in commands.items():
                times[name].append(command(*arguments, stdin=stdin, **compiled)[0])
    base = min(times["`import numpy, regex`"])
    rows = [
        (name, f"{min(its) / base:.2f}", "" if min(its) == base else "at most 2", f"{1000 * min(its):.0f}")
        for name, its in times.items()
    ]
    return table(("command", "times as long", "wanted", "ms"), rows)


def measure_memory(sample: Sample) -> str:
    """The largest process of the filter, for files of different lengths."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for copies in (1, 10):
            path = _jsonl(sample, folder, copies)
            for jobs in ("1", "2"):
                arguments = ("-m", "boilerstrip", "--jsonl", "-q", "-j", jobs, str(path), "-o", str(folder / "out"))
                megabytes = f"{path.stat().st_size / _MEGABYTE:.1f} MB"
                rows.append((megabytes, jobs, f"{peak(*arguments):.0f}", "under 250"))
            path.unlink()
    return table(("file", "-j", "MB of the largest process", "wanted"), rows)


def _growth(name: str, sizes: Sequence[tuple[str, float, Callable[[], object]]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    first = 0.0
    for what, times, work in sizes:
        seconds = fastest(work, 1 if times > 1 else 3)
        first = first or seconds
        rows.append((name, what, f"{times:.0f}", f"{seconds / first:.1f}", f"{seconds:.3f}"))
    return rows


def measure_growth(sample: Sample) -> str:
    """Time for more documents, and for larger ones."""
    stripper = Stripper()
    few = sample.texts[: max(1, len(sample.texts) // 20)]
    drain(stripper.clean_many(few))  # all is loaded now

    def many(times: int) -> Callable[[], object]:
        return lambda: drain(stripper.clean_many(text for _ in range(times) for text in few))

    rows = _growth("documents", [(f"{len(few) * times}", times, many(times)) for times in (1, 10, 100)])
    whole = "\n".join(sample.texts)
    copies = max(1, -(-sample.largest * _MEGABYTE // max(1, len(whole))))
    ground = ((whole + "\n") * copies)[: sample.largest * _MEGABYTE]

    def one(size: int) -> Callable[[], object]:
        text = ground[: size * _MEGABYTE]
        return lambda: stripper.clean(text)

    sizes = [size for size in (1, 10, 100) if size <= sample.largest]
    rows += _growth("one document", [(f"{size} million characters", size, one(size)) for size in sizes])
    return "Wanted: at most 110 times for 100 times as much.\n\n" + table(
        ("what grows", "size", "times as much", "times as long", "seconds"), rows
    )


#: By name; the document has a place for each.
PARTS: dict[str, Callable[[Sample], str]] = {
    "speed": measure_speed,
    "extraction": measure_extraction,
    "start": measure_start,
    "memory": measure_memory,
    "growth": measure_growth,
}


def machine() -> str:
    """What it runs on, in one line, without names that belong to somebody."""
    from importlib.metadata import version

    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {version('numpy')}"


def written_into(document: str, name: str, text: str) -> str:
    """A document with one generated part replaced.

    Raises:
        CorpusError: it has no place for it.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    if not place.search(document):
        raise CorpusError(f"there is no place marked {begin}")
    return place.sub(lambda _: f"{begin}\n{text}\n{end}", document)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--only", metavar="NAME", action="append", choices=PARTS, help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--share", metavar="X", type=float, default=1.0, help="how much of the texts (default: 1)")
    parser.add_argument("--largest", metavar="MB", type=int, default=100, help="the largest document (default: 100)")
    parser.add_argument("--rounds", metavar="N", type=int, default=3, help="the fastest of N counts (default: 3)")
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the tables into this document")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure.

    Returns:
        The exit status.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if not 0 < options.share <= 1 or options.rounds < 1 or options.largest < 1:
        parser.error("--share is above 0 and at most 1, --rounds and --largest are 1 or more")
    try:
        sample = load(options.share, options.largest, options.rounds)
        document = options.write.read_text(encoding="utf-8") if options.write else ""
        for name in options.only or PARTS:
            try:
                text = f"{PARTS[name](sample)}\n\n{machine()}."
            except Skip as reason:
                text = f"Not measured: {reason}."
            print(f"## {name}\n\n{text}\n", flush=True)
            if options.write:
                document = written_into(document, name, text)
                options.write.write_text(document, encoding="utf-8")
    except (CorpusError, OSError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
