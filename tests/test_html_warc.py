"""WARC files, which the tests make themselves, and the filter over them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("warcio", reason="warcio is not installed")

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from boilerstrip.warc import WarcError, WarcPage, read_pages

HTML = "<html><body><p>Fünf goats and a ferry</p></body></html>".encode()
HEADERS = {"WARC-Date": "2024-03-07T09:00:00Z"}


def warc(*responses: tuple[str, str, list[tuple[str, str]], bytes], compressed: bool = True) -> bytes:
    """A WARC file of responses: address, status line, HTTP headers, body."""
    target = BytesIO()
    writer = WARCWriter(target, gzip=compressed)
    writer.write_record(writer.create_warcinfo_record("harbour.warc", {"software": "tests"}))
    for url, status, headers, body in responses:
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        record = writer.create_warc_record(url, "response", BytesIO(body), http_headers=http, warc_headers_dict=HEADERS)
        writer.write_record(record)
    return target.getvalue()


def pages_in(raw: bytes) -> list[WarcPage]:
    return list(read_pages(BytesIO(raw)))


def response(
    at: int, body: bytes = HTML, kind: str = "text/html; charset=utf-8", status: str = "200 OK", **more: str
) -> tuple[str, str, list[tuple[str, str]], bytes]:
    headers = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in more.items())]
    return f"https://harbour.example/{at}", status, headers, body


@pytest.mark.parametrize("compressed", [True, False])
def test_pages_come_in_order_with_address_and_date(compressed: bool) -> None:
    found = pages_in(warc(response(1), response(2, b"<p>Two</p>"), compressed=compressed))
    assert found == [
        WarcPage("https://harbour.example/1", "2024-03-07T09:00:00Z", HTML),
        WarcPage("https://harbour.example/2", "2024-03-07T09:00:00Z", b"<p>Two</p>"),
    ]


def test_only_pages_that_were_found_are_pages() -> None:
    raw = warc(
        response(1, kind="image/png"), response(2, status="404 Not Found"), response(3, status="301 Moved"),
        response(4, kind="application/xhtml+xml"), response(5, kind="TEXT/HTML"), response(6, kind="application/json"),
    )  # fmt: skip
    assert [page.url[-1] for page in pages_in(raw)] == ["4", "5"]


def test_encodings_are_undone() -> None:
    packed = response(1, gzip.compress(HTML), Content_Encoding="gzip")
    chunked = response(2, b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML), Transfer_Encoding="chunked")
    assert [page.html for page in pages_in(warc(packed, chunked))] == [HTML, HTML]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no WARC file: it has no records"),
        (b"A story of goats.\n", "damaged or no WARC file"),
        (gzip.compress(b"A story of goats.\n"), "damaged or no WARC file"),
        (b"\x1f\x8b goats", "damaged or no WARC file"),
    ],
)
def test_another_file_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(WarcError) as caught:
        pages_in(raw)
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_that_is_cut_off_gives_what_it_has_and_then_an_error(compressed: bool) -> None:
    raw = warc(response(1), response(2, HTML * 50), compressed=compressed)
    found = []
    with pytest.raises(WarcError, match=r"damaged"):
        for page in read_pages(BytesIO(raw[:-40])):
            found.append(page.url)
    assert found == ["https://harbour.example/1"]


# --- the filter -----------------------------------------------------------------------------------------------------

SENTENCES = [
    f"The ferry left the island at {hour} in the morning with goats on board, and its captain did not look back once."
    for hour in ("four", "five", "six")
]
STORY = "<html><body><article>" + "".join(f"<p>{text}</p>" for text in SENTENCES) + "</article></body></html>"


def run(*arguments: str | Path) -> tuple[bytes, str, int]:
    done = subprocess.run([sys.executable, "-m", "boilerstrip", *map(str, arguments)], capture_output=True, check=False)
    return done.stdout, done.stderr.decode(), done.returncode


@pytest.mark.parametrize("name", ["mine.warc.gz", "mine.warc"])
def test_the_filter_writes_a_line_for_each_page(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    latin = STORY.replace("ferry", "F\u00e4hre").replace("<html>", "<meta charset='iso-8859-1'>").encode("latin-1")
    path.write_bytes(warc(response(1, STORY.encode()), response(2, latin), compressed=name.endswith("gz")))
    out, err, status = run("--warc", path)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (err, status) == ("", 0)
    assert [(row["url"], row["date"]) for row in rows] == [
        ("https://harbour.example/1", "2024-03-07T09:00:00Z"),
        ("https://harbour.example/2", "2024-03-07T09:00:00Z"),
    ]
    assert rows[0]["text"].split("\n") == SENTENCES
    assert rows[1]["text"] == rows[0]["text"].replace("ferry", "F\u00e4hre")


def test_the_filter_names_a_damaged_file_after_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "mine.warc.gz"
    path.write_bytes(warc(response(1, STORY.encode()), response(2, STORY.encode()))[:-40])
    out, err, status = run("--warc", path)
    assert len(out.splitlines()) == 1 and status == 2
    assert err.startswith(f"boilerstrip: {path}: damaged") and err.count("\n") == 1


@pytest.mark.parametrize("option", ["--jsonl", "--parquet", "--in-place", "--encoding=utf-8", "--field=text"])
def test_what_makes_no_sense_is_refused(tmp_path: Path, option: str) -> None:
    _, err, status = run("--warc", option, "--", tmp_path / "mine.warc")
    assert (err, status) == (f"boilerstrip: --warc with {option.partition('=')[0]} makes no sense\n", 2)


def test_the_output_of_trafilatura_is_json_lines(tmp_path: Path) -> None:
    import trafilatura

    found = trafilatura.extract(STORY, output_format="json", include_comments=False, with_metadata=True)
    path = tmp_path / "found.json"
    path.write_text(f"{found}\n", encoding="utf-8")
    out, err, status = run("--jsonl", path)
    assert (err, status) == ("", 0)
    assert json.loads(out) == json.loads(found or "") and set(json.loads(out)) >= {"text", "raw_text"}
