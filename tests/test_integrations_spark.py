"""The Spark functions on a real local session with several partitions."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json
import math
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import ARTICLES, environment, needed, run_example

import boilerstrip
from boilerstrip import Config, Explanation, Stripper

sql = needed("pyspark.sql")
types = needed("pyspark.sql.types")
pd = needed("pandas")
needed("pyarrow")
adapter = needed("boilerstrip.integrations.spark")
if shutil.which("java") is None and not os.environ.get("JAVA_HOME") and not os.environ.get("BOILERSTRIP_ENGINES"):
    pytest.skip("Spark needs Java", allow_module_level=True)

# Spark does not support pandas 3 yet and says so; what is used of it here works with both
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
#: Everything goes: what a test expects then does not hang on the weights.
NOTHING = Config(keep=[], brake=1)
COUNTS = [f"{label}_{unit}" for label in ("wire", "credits", "solicitation") for unit in ("paragraphs", "characters")]
#: Settings of the sessions: nothing listens beyond this machine, and batches are smaller than partitions.
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.driver.host": "localhost",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable).items():
            patch.setenv(name, value)
        builder = sql.SparkSession.builder.appName("boilerstrip")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def frame(spark: Any) -> Any:
    """The articles and rows without one, in five partitions."""
    rows = [(at, text) for at, text in enumerate([None, *ARTICLES, None])]
    made = spark.createDataFrame(rows, "place long, text string").repartition(5)
    assert made.rdd.getNumPartitions() == 5
    return made.persist()


def rows_of(frame: Any) -> list[Any]:
    return sorted(frame.collect(), key=lambda row: row.place)


def counts_of(explanation: Explanation) -> tuple[int, ...]:
    numbers = []
    for label in ("wire", "credits", "solicitation"):
        lengths = [len(paragraph.text) for paragraph in explanation.paragraphs if paragraph.label == label]
        numbers += [len(lengths), sum(lengths)]
    return tuple(numbers)


def test_the_function_gives_what_clean_many_gives(frame: Any) -> None:
    stories = [None, *Stripper().clean_many(ARTICLES), None]
    assert stories[1:-1] != ARTICLES
    found = rows_of(frame.withColumn("story", adapter.strip_udf()("text")))
    assert [row.story for row in found] == stories
    assert [row.text for row in found] == [None, *ARTICLES, None]


def test_the_function_in_sql(spark: Any, frame: Any) -> None:
    spark.udf.register("story_of", adapter.strip_udf(NOTHING))
    frame.createOrReplaceTempView("articles")
    found = spark.sql("SELECT place, story_of(text) AS story FROM articles WHERE text LIKE 'By Ellen%'").collect()
    assert found and not any(row.story for row in found)


def in_pandas(frame: Any, **more: Any) -> Any:
    into = more.get("into")
    return frame.mapInPandas(adapter.strip_in_pandas(**more), adapter.counted_schema(frame.schema, into=into))


@pytest.mark.parametrize("form", [adapter.strip_frame, in_pandas])
def test_stories_and_counts(frame: Any, form: Any) -> None:
    explanations = list(Stripper().explain_many(ARTICLES))
    found = form(frame, into="story")
    assert found.columns == ["place", "text", "story", *COUNTS]
    rows = rows_of(found)
    assert [row.text for row in rows] == [None, *ARTICLES, None]
    assert [row.story for row in rows[1:-1]] == [explanation.text for explanation in explanations]
    assert [tuple(row)[3:] for row in rows[1:-1]] == [counts_of(explanation) for explanation in explanations]
    assert [tuple(row)[2:] for row in (rows[0], rows[-1])] == [(None,) * 7] * 2


@pytest.mark.parametrize("form", [adapter.strip_frame, in_pandas])
def test_stories_in_place_of_the_texts(frame: Any, form: Any) -> None:
    config = Config(strictness=0.9)
    found = form(frame, config=config)
    assert found.columns == ["place", "text", *COUNTS]
    assert [row.text for row in rows_of(found)] == [None, *Stripper(config).clean_many(ARTICLES), None]


def test_another_column_and_its_own_name(spark: Any) -> None:
    one = spark.createDataFrame([("One line", 1)], "body string, place int")
    (row,) = adapter.strip_frame(one, "body", into="body", config=NOTHING).collect()
    assert (row.body, row.place) == ("", 1)


@pytest.mark.parametrize("form", [adapter.strip_frame, in_pandas])
def test_rows_stay_in_their_partitions_and_in_order(frame: Any, form: Any) -> None:
    parts = [[row.place for row in part] for part in frame.rdd.glom().collect()]
    assert [[row.place for row in part] for part in form(frame).rdd.glom().collect()] == parts


def test_empty_partitions_and_frames(spark: Any) -> None:
    none = spark.createDataFrame([], "text string")
    assert adapter.strip_frame(none).collect() == in_pandas(none).collect() == []
    one = spark.createDataFrame([("One line",)], "text string").repartition(4)
    assert [row.text for row in adapter.strip_frame(one, config=NOTHING).collect()] == [""]


def test_streaming_frames(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text("".join(json.dumps({"text": text}) + "\n" for text in ARTICLES), encoding="utf-8")
    stream = adapter.strip_frame(spark.readStream.schema("text string").json(str(tmp_path)), into="story")
    query = stream.writeStream.format("memory").queryName("stories").trigger(availableNow=True).start()
    query.awaitTermination(120)
    found = {row.text: row.story for row in spark.table("stories").collect()}
    assert found == dict(zip(ARTICLES, Stripper().clean_many(ARTICLES), strict=True))


def test_every_other_column_comes_through_unconverted(spark: Any) -> None:
    schema = (
        "place long, text string, number double, flag boolean, time timestamp, clock timestamp_ntz, day date, "
        "list array<string>, map map<string,int>, pair struct<a:int,b:string>, raw binary, price decimal(20,5)"
    )
    early, late = datetime.datetime(1200, 1, 1), datetime.datetime(9999, 1, 1, 3)
    rows = [
        (2**60 + 1, "x", math.nan, True, early, late, datetime.date(1, 1, 1), ["y", None], {"a": 1, "b": None},
         (1, None), b"\x00\xff", decimal.Decimal("1.50000")),
        (None,) * 12,
        (3, "", 1.5, False, late, early, datetime.date(9999, 12, 31), [], {}, (None, "q"), b"", decimal.Decimal("-3")),
    ]  # fmt: skip
    made = spark.createDataFrame(rows, schema)
    found = adapter.strip_frame(made, into="story")
    assert found.schema.fields[: len(made.columns)] == made.schema.fields
    # as text: NaN is not equal to itself, and 3.0 is to 3
    assert repr(found.select(made.columns).collect()) == repr(made.collect())


def test_integers_survive_pandas(spark: Any) -> None:
    made = spark.createDataFrame([(2**60 + 1, "x"), (None, "y")], "place long, text string")
    assert [row.place for row in in_pandas(made).collect()] == [2**60 + 1, None]


def test_long_columns(spark: Any) -> None:
    """Spark's larger Arrow type of strings, for batches of more than 2 GB."""
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        made = spark.createDataFrame([("One line",), (None,)], "text string")
        assert [row.story for row in adapter.strip_frame(made, into="story", config=NOTHING).collect()] == ["", None]
    finally:
        spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")


def test_weights_are_read_once_a_worker(spark: Any, frame: Any) -> None:
    """Twenty tasks of two workers: every worker has read its weights exactly once."""
    strip = adapter.strip_in_pandas()

    def watched(batches: Any) -> Any:
        from boilerstrip.model import default_model

        for batch in strip(batches):
            read = default_model.cache_info().misses
            yield pd.DataFrame({"worker": [os.getpid()] * len(batch), "read": [read] * len(batch)})

    rows = frame.repartition(20).mapInPandas(watched, "worker long, read long").collect()
    assert len(rows) == len(ARTICLES) + 2
    assert {row.read for row in rows} == {1}
    assert len({row.worker for row in rows}) <= 2


@pytest.mark.parametrize(
    ("schema", "arguments", "message"),
    [
        ("txt string, b int", {}, "there is no column 'text'; did you mean 'txt'?"),
        ("text int", {}, "column 'text' must be of strings, not int"),
        ("text array<string>", {}, "column 'text' must be of strings, not array<string>"),
        ("text string, Story int", {"into": "story"}, "the DataFrame has a column 'story' already"),
        ("text string, Wire_Characters int", {}, "the DataFrame has a column 'wire_characters' already"),
        ("text string", {"into": "wire_characters"}, "the DataFrame has a column 'wire_characters' already"),
    ],
)
def test_columns_that_do_not_fit(spark: Any, schema: str, arguments: dict[str, str], message: str) -> None:
    made = spark.createDataFrame([], schema)
    with pytest.raises(ValueError) as raised:
        adapter.strip_frame(made, "text", **arguments)
    assert str(raised.value) == message


def test_two_columns_of_the_name(spark: Any) -> None:
    made = spark.createDataFrame([("a", "b")], "text string, other string").toDF("text", "text")
    with pytest.raises(ValueError, match="more than one column 'text'"):
        adapter.strip_frame(made)


def test_wrong_settings_fail_at_once() -> None:
    for function in (adapter.strip_udf, adapter.strip_in_pandas):
        with pytest.raises(TypeError, match="config must be a Config, not dict"):
            function(config={"strictness": 1})


def test_the_example_of_the_document(tmp_path: Path, spark: Any) -> None:
    (tmp_path / "texts").mkdir()
    for part in range(3):
        with gzip.open(tmp_path / "texts" / f"{part}.jsonl.gz", "wt", encoding="utf-8") as lines:
            for at in range(part, len(ARTICLES), 3):
                lines.write(json.dumps({"place": at, "text": ARTICLES[at]}) + "\n")
    settings = " ".join(f"--conf {name}={value}" for name, value in SETTINGS.items())
    run_example("Spark", tmp_path, PYSPARK_PYTHON=sys.executable, PYSPARK_SUBMIT_ARGS=f"{settings} pyspark-shell")
    found = rows_of(spark.read.parquet(str(tmp_path / "stories")))
    assert [row.story for row in found] == list(Stripper().clean_many(ARTICLES))
    assert sum(row.wire_paragraphs for row in found) > 0


def test_the_package_runs_from_an_archive(tmp_path: Path) -> None:
    """As ``--py-files`` puts it on the path of the executors."""
    package = Path(boilerstrip.__file__).parent
    archive = tmp_path / "boilerstrip.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in package.rglob("*"):
            if path.is_file() and path.suffix in (".py", ".npz", ".txt"):
                target.write(path, path.relative_to(package.parent).as_posix())
    code = "import boilerstrip as b; print(b.__file__, b.clean('One line\\nAnother') != '')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**environment(), "PYTHONPATH": str(archive)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [str(archive / "boilerstrip" / "__init__.py"), "True"]
