"""Known failures of the present weights and features: exact cases, strictly; a mended one must leave the list."""

import pytest

LAYOUTS = ("lines", "blank-lines", "wrapped")
#: Cases of tests/test_seed.py that fail in every layout, by test.
SEED = {
    "test_another_appeal_and_a_story_of_its_language": (
        "de-blatt-appeal-first-",
        "de-verein-appeal-first-",
        "de-verein-appeal-last-",
        "en-radio-appeal-first-",
        "en-weekly-appeal-first-",
        "es-radio-appeal-first-",
        "es-semanario-appeal-first-",
        "it-radio-appeal-first-",
        "it-settimanale-appeal-first-",
        "it-settimanale-appeal-last-",
    ),
    "test_the_example_with_an_appeal_in_another_language": ("de-blatt-",),
    "test_with_another_story": ("appeal-first-",),
    "test_with_the_appeal_first": ("",),
}
BATCH = "vocabulary measures depend on the batch"
ENGLISH = "an English line in a German text stays"
#: Name of the test without its folder, and why it fails.
KNOWN = {
    **{
        f"test_seed.py::{test}[{case}{layout}]": "provisional weights: this appeal is not taken out whole yet"
        for test, cases in SEED.items()
        for case in cases
        for layout in LAYOUTS
    },
    **{f"test_stripper.py::test_the_company_of_other_texts_changes_nothing[{size}]": BATCH for size in (2, 5, 64)},
    "test_stripper.py::test_texts_are_read_as_needed": BATCH,
    "test_model.py::test_scores_do_not_depend_on_the_neighbours_in_the_batch": BATCH,
    "test_model.py::test_the_weights_say_what_they_were_trained_on": "provisional weights without cross-validation",
    **{
        f"test_cli.py::test_encodings[{name}]": ENGLISH
        for name in ("UTF8", "cp037", "cp1252", "latin-1", "utf-16-be", "utf-16-le")
    },
    "test_cli.py::test_undecodable_bytes_of_other_encodings_pass_through": ENGLISH,
    "test_cli.py::test_untouched_lines_and_blank_lines_are_as_they_were": "the brake leaves one-paragraph texts alone",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known failures."""
    for item in items:
        reason = KNOWN.get(item.nodeid.rpartition("tests/")[2])
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
