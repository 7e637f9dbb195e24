"""Known failures of the present weights: exact cases, strictly; a mended one must leave the list."""

import pytest

#: Name of the test without its folder, and why it fails.
KNOWN: dict[str, str] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known failures."""
    for item in items:
        reason = KNOWN.get(item.nodeid.rpartition("tests/")[2])
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
