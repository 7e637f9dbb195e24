"""Known failures of the present weights: exact cases, strictly; a mended one must leave the list."""

import pytest

LAYOUTS = ("lines", "blank-lines", "wrapped")
#: Cases of tests/test_seed.py that fail in every layout, by test.
SEED = {
    "test_another_appeal_and_a_story_of_its_language": ("it-settimanale-appeal-first-",),
    "test_with_another_story": ("appeal-first-",),
}
#: Name of the test without its folder, and why it fails.
KNOWN = {
    f"test_seed.py::{test}[{case}{layout}]": "the headline right behind this appeal goes with it"
    for test, cases in SEED.items()
    for case in cases
    for layout in LAYOUTS
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known failures."""
    for item in items:
        reason = KNOWN.get(item.nodeid.rpartition("tests/")[2])
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
