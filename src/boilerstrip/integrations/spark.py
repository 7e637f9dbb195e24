"""Functions for Spark DataFrames, vectorised through Arrow. Needs the extra ``spark``.

The package must be installed where the executors' Python is, or be sent there as a wheel with ``--py-files``. Its
weights are part of it: a Python worker reads them once, and Spark keeps its workers from task to task.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from .. import Config, SiteProfile, Stripper
from . import COUNTS, count_labels, missing_engine

try:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.functions import pandas_udf
    from pyspark.sql.types import LongType, StringType, StructField, StructType
    from pyspark.sql.udf import UserDefinedFunction
except ImportError as error:
    raise missing_engine("spark", error) from error

__all__ = ["counted_schema", "strip_frame", "strip_in_pandas", "strip_udf"]


def strip_udf(config: Config | None = None, *, site: SiteProfile | None = None) -> UserDefinedFunction:
    """A vectorised function from a text column to the column of its stories; null stays null.

    Only the texts leave the JVM: ``frame.withColumn("story", strip_udf()("text"))``.

    Args:
        config: settings; the defaults if absent.
        site: the site's own boilerplate, where all texts are of one site.

    Raises:
        TypeError: ``config`` or ``site`` is something else.
    """
    stripper = Stripper(config, site=site)

    def strip(texts: pd.Series) -> pd.Series:
        present = texts.notna()
        stories = pd.Series(None, index=texts.index, dtype=object)
        stories[present] = list(stripper.clean_many(texts[present]))
        return stories

    return pandas_udf(strip, StringType())


def strip_frame(
    frame: DataFrame,
    column: str = "text",
    *,
    into: str | None = None,
    config: Config | None = None,
    site: SiteProfile | None = None,
) -> DataFrame:
    """A DataFrame with the stories and the label counts of its texts; every other column as it was.

    Works on Arrow's own batches, so that no value of another column is converted on the way. Rows keep their order
    and their partition; where the text is null, the story and the counts are.

    Args:
        frame: the DataFrame, batch or streaming.
        column: its column of texts.
        into: name of a new column for the stories; they replace the texts if absent.
        config: settings; the defaults if absent.
        site: the site's own boilerplate, where all texts are of one site.

    Returns:
        ``frame`` with the columns that :func:`counted_schema` lists.

    Raises:
        TypeError: ``config`` or ``site`` is something else.
        ValueError: there is no such column, it has no texts, or a new column's name is taken.
    """
    schema = counted_schema(frame.schema, column, into=into)
    stripper = Stripper(config, site=site)

    def strip(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            at = batch.schema.get_field_index(column)
            new = _counted(stripper, batch.column(at).to_pylist())
            # the texts' own type: its offsets are of 64 bits where Spark is set to send long columns
            story = pa.array(new.pop("story"), type=batch.column(at).type)
            arrays = list(batch.columns)
            if into in (None, column):
                arrays[at] = story
            else:
                arrays.append(story)
            yield pa.RecordBatch.from_arrays(
                [*arrays, *(pa.array(values, type=pa.int64()) for values in new.values())], names=schema.names
            )

    return frame.mapInArrow(strip, schema)


def strip_in_pandas(
    column: str = "text",
    *,
    into: str | None = None,
    config: Config | None = None,
    site: SiteProfile | None = None,
) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """What :func:`strip_frame` does, as a function for ``DataFrame.mapInPandas``, to stand in a chain of such steps.

    ``frame.mapInPandas(strip_in_pandas(), counted_schema(frame.schema))``. All columns pass through pandas, which does
    not know null from NaN in floating-point columns; :func:`strip_frame` leaves them alone.

    Args:
        column: the column of texts.
        into: name of a new column for the stories; they replace the texts if absent.
        config: settings; the defaults if absent.
        site: the site's own boilerplate, where all texts are of one site.

    Raises:
        TypeError: ``config`` or ``site`` is something else.
    """
    stripper = Stripper(config, site=site)

    def strip(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            texts = batch[column]
            new = _counted(stripper, texts.astype(object).where(texts.notna(), None))
            columns = {into or column: pd.Series(new.pop("story"), index=batch.index, dtype=object)}
            columns |= {name: pd.Series(values, index=batch.index, dtype="Int64") for name, values in new.items()}
            yield batch.assign(**columns)

    return strip


def counted_schema(schema: StructType, column: str = "text", *, into: str | None = None) -> StructType:
    """The schema of a DataFrame after :func:`strip_frame` or :func:`strip_in_pandas`.

    The columns of ``schema``, then ``into`` if it is given, then for each label ``wire``, ``credits`` and
    ``solicitation`` two of 64-bit integers: ``..._paragraphs`` and ``..._characters`` (code points).

    Raises:
        ValueError: there is no such column, it has no texts, or a new column's name is taken.
    """
    if schema.names.count(column) > 1:
        raise ValueError(f"the DataFrame has more than one column {column!r}")
    if column not in schema.names:
        near = difflib.get_close_matches(column, schema.names, n=1, cutoff=0.0)
        raise ValueError(f"there is no column {column!r}" + "".join(f"; did you mean {name!r}?" for name in near))
    if not isinstance(schema[column].dataType, StringType):
        raise ValueError(f"column {column!r} must be of strings, not {schema[column].dataType.simpleString()}")
    new = [StructField(name, LongType()) for name in COUNTS]
    if into is not None and into != column:
        new.insert(0, StructField(into, StringType()))
    # Spark takes names that differ in case only for the same
    taken = {name.lower() for name in schema.names}
    for field in new:
        if field.name.lower() in taken:
            raise ValueError(f"the DataFrame has a column {field.name!r} already")
        taken.add(field.name.lower())
    return StructType([*schema.fields, *new])


def _counted(stripper: Stripper, texts: Iterable[str | None]) -> dict[str, list[str | int | None]]:
    """Stories and counts as columns; None where the text is None."""
    rows = list(texts)
    columns: dict[str, list[str | int | None]] = {name: [None] * len(rows) for name in ("story", *COUNTS)}
    present = [at for at, text in enumerate(rows) if text is not None]
    explanations = stripper.explain_many(text for text in rows if text is not None)
    for at, explanation in zip(present, explanations, strict=True):
        columns["story"][at] = explanation.text
        for name, count in count_labels(explanation).items():
            columns[name][at] = count
    return columns
