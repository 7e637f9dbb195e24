"""HTML to text through trafilatura, which is imported on first use."""

from __future__ import annotations

from typing import Any

__all__ = ["extract_text"]


def extract_text(html: str | bytes, *, url: str | None = None) -> str:
    """The text that trafilatura finds in a page, one paragraph a line; ``""`` where it finds none.

    Args:
        html: the page; bytes are decoded by trafilatura from the page's own declaration and content.
        url: address of the page.

    Raises:
        TypeError: ``html`` is neither ``str`` nor ``bytes``.
    """
    if not isinstance(html, str | bytes):
        raise TypeError(f"html must be str or bytes, not {type(html).__name__}")
    import trafilatura

    page: Any = html
    if isinstance(html, str):
        # lxml refuses lone surrogates; they stand for nothing that could be shown
        page = html.encode("utf-8", "replace").decode("utf-8")
    found = trafilatura.extract(page, url=url, include_comments=False, with_metadata=False)
    return found or ""
