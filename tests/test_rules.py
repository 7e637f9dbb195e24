"""Every rule with sentences for which it speaks and sentences for which it must not.

An example is a text; the paragraph in question is its only one, or the one behind an arrow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from stories import APPEALS, STORIES

from boilerstrip.features import page_of
from boilerstrip.records import Kind
from boilerstrip.rules import RULES, apply_rules, blocks_of
from boilerstrip.segmentation import batch_of, segment

ROOT = Path(__file__).resolve().parent.parent
NAMES = [rule.name for rule in RULES]
_STORY = "\n".join(STORIES["de"])


class Examples(NamedTuple):
    """Texts for which a rule speaks, and texts for which it does not."""

    yes: tuple[str, ...]
    no: tuple[str, ...]


LETTER = "Dear readers,\nThe mill has cost us much.\nPlease donate today.\nKind regards,"

EXAMPLES: dict[str, Examples] = {
    "desk-credit": Examples(
        (
            "(Reporting by Ines Halloran; Editing by Tom Fennick)",
            "(AFP)",
            "(Rédigé par Odile Ferrandin, édité par Paul Tissandier)",
        ),
        (
            "(The lamp was lit at nine and put out at six, as on every other day of that long winter.)",
            "Reporting by Ines Halloran in Skarra",
            "(siehe Seite 4)",
        ),
    ),
    "agency-alone": Examples(
        ("AFP", "Reuters", "dpa", "Con información de EFE"),
        ("AFP quoted the keeper as saying that the lamp was lit.", "Skarra", "Die dpa meldete den Fund am Samstag."),
    ),
    "reported-by": Examples(
        ("Reporting by Ines Halloran in Skarra", "AFP, Ines Halloran", "Avec AFP"),
        ("AFP, the agency, said on Monday that its reporters had counted the goats.", "Editing a film takes time"),
    ),
    "photo-credit": Examples(
        (
            "Photo: Moira Fennick",
            "Foto: Ottilie Brandhuber/Talblatt",
            "Crédit photo : Odile Ferrandin",
            "写真：山田太郎",
        ),
        (
            "Photo albums of the keeper were found in the cellar, between two sacks of flour and a broken lamp.",
            "Foto von damals zeigen sie beim Melken",
        ),
    ),
    "caption-credit": Examples(
        (
            "The lamp of Skarra, polished every morning. (AFP via Getty Images)",
            "Der rote Bus vor dem Rathaus. © Getty Images",
        ),
        ("The lamp of Skarra, polished every morning.", "Der Bus (rot, neu, leise) steht vor dem Rathaus."),
    ),
    "rights-notice": Examples(
        (
            "All rights reserved.",
            "© 2024 Valley Courier. All rights reserved.",
            "Alle Rechte vorbehalten",
            "Todos los derechos reservados",
            "版权所有",
        ),
        ("The council has reserved the right to close the road in winter.", "© Moira Fennick", "Menschenrechte"),
    ),
    "byline-opening": Examples(
        ("By Ines Halloran", "Von Ottilie Brandhuber", "Par Odile Ferrandin et Paul Tissandier"),
        (
            "By noon the lamp was out.",
            "Von Montag an wird gezählt.",
            "By Monday evening Moira Fennick had read all eleven volumes and had begun to copy the margins.",
        ),
    ),
    "byline-role": Examples(
        ("Ines Halloran, Staff Writer", f"{_STORY}\n→Ottilie Brandhuber, Redakteurin"),
        (
            "Staff writer",
            "\n".join([*["Vorne"] * 8, "→Ottilie Brandhuber, Redakteurin", *["Hinten"] * 8]),
            "Ines Halloran is a staff writer.",
        ),
    ),
    "date-line": Examples(
        (
            "12 March 2024, 10:33",
            "Montag, 4. November 2024",
            "Publié le 3 mai 2021 à 14h20",
            "12 marzo 2024, ore 10:33",
        ),
        (
            "1934",
            "On 12 March 1934 the keeper wrote that the relief boat was late.",
            "Seventeen goats",
            "The year\nof the\nstrike\nday\nby\nday\n→12 March 2024, 10:33",
        ),
    ),
    "published-on": Examples(
        (
            "Published 12 March 2024",
            "Last updated: 10:33",
            "Veröffentlicht am 04.11.2024",
            "Publicado el 3 de mayo de 2021",
        ),
        ("Published authors of the island", "Updated figures show that 42 of the lamps were lit, she said in 2021."),
    ),
    "source-note": Examples(
        (
            "This article was originally published in the Valley Courier.",
            "Source: Valley Courier",
            "Cet article est paru initialement dans La Feuille du Val.",
        ),
        (
            "Several sources confirmed that the river lies above the village.",
            "The article appeared originally in the Courier, he said.",
        ),
    ),
    "about-note": Examples(
        ("About the author", f"{_STORY}\n→Zur Autorin", "À propos de l'auteur"),
        (
            "About forty people were waiting at the door of the bakery when the first loaves came out of the oven.",
            "Wer ist die Autorin?",
            "\n".join(["→Der Autor des Werks ist Jurist und Lehrer zugleich, wie das Gericht sagt.", *["Hinten"] * 8]),
        ),
    ),
    "donation-appeal": Examples(
        (APPEALS["en-radio"][0], APPEALS["de-verein"][5], APPEALS["it-settimanale"][6], "Faites un don !"),
        (
            "The family donated the books to the museum, the curator said on Saturday.",
            "Die Spende des Vereins kam am Montag an.",
        ),
    ),
    "appeal-letter": Examples(
        (
            f"→Our paper lives on your gifts\n{LETTER}\nAnna",
            f"Please donate\n→{LETTER}\nAnna\nThe ferry sails again",
            "Please donate\nDear readers,\n→The mill has cost us much.\nKind regards,\nAnna\nThe ferry sails again",
            "Bitte spenden Sie\nLiebe Leser,\nDruck kostet.\nMit herzlichen Grüßen\n→Die Redaktion\nDer Bus fährt",
        ),
        (
            f"Please donate\n{LETTER}\nAnna\n→The ferry sails again",
            "Dear grandmother,\n→The mill has cost us much.\nKind regards,\nAnna",
            "→Dear readers,\nPlease donate for the mill.",
        ),
    ),
    "subscription-prompt": Examples(
        ("Subscribe to our newsletter", "Jetzt Newsletter abonnieren", "Abonnez-vous à notre newsletter", "Suscríbete"),
        ("The number of subscribers fell by a third, the publisher said.", "Die Kinder lesen jeden Tag Zeitung."),
    ),
    "advertising-mark": Examples(
        ("Sponsored content", "Advertisement", "Anzeige: Sponsored Post", "Contenido patrocinado"),
        ("Loading...", "He said that sponsored content was the ruin of his trade.", "Der Verein sucht einen Sponsor."),
    ),
    "read-also": Examples(
        (
            "Read more: Goat wins by-election",
            "Lesen Sie auch: Der letzte Bus",
            "À lire aussi : la saboterie rouvre",
            "Read also",
        ),
        ("Read the logbooks and you will meet a lonely man.", "Lesen Sie die Bücher des Wärters?"),
    ),
    "under-pointer": Examples(
        (
            "Related articles\n→Goat wins by-election in landslide",
            "Lesen Sie auch\n→Der letzte Bus nach Unterwies fährt heute",
        ),
        (
            "Goats\n→Goat wins by-election in landslide",
            "Related articles\n→The goat won the by-election.",
            "Related articles\n→Goats",
        ),
    ),
    "social-call": Examples(
        ("Follow us on Facebook", "Share this article", "Folgen Sie uns auf Instagram", "Síguenos en Twitter"),
        (
            "She follows the goats up the hill every morning.",
            "Die Nachbarn teilen sich den Bus.",
            "Facebook said that it had closed the group.",
        ),
    ),
    "contact-call": Examples(
        ("Leave a comment", "Contact us: desk@valleycourier.example", "Kommentar schreiben", "Deja un comentario"),
        ("He left without a comment.", "The captain lost contact with the harbour at nine, he said."),
    ),
    "interface-word": Examples(
        ("Loading...", "Menü", "Home", "Menu"),
        ("The menu of the inn has not changed since 1934.", "Homes on the island are cheap.", "Menu:"),
    ),
    "breadcrumb": Examples(
        (
            "Home > News > Skarra",
            "Start » Region » Hollerbach",
            "Politik | Sport | Kultur | Reise",
            "Accueil / Val / Culture",
        ),
        (
            "| Year | Keeper | Goats |",
            "| メーカー | Palm | 液晶 |",
            "Les lecteur·ice·s et les auteur·ice·s du val",
            "https://valleycourier.example/news/skarra",
            "He read “The Lamp / The Goat / The Sea” twice.",
        ),
    ),
    "reported-speech": Examples(
        (
            "“He was lonely and he was very funny,” said the curator, who read all of the books in two nights.",
            "Der Bürgermeister sagte am Montag, dass der kleine Bus auch im Winter bis vor die Haustür fahren werde.",
        ),
        (
            "Moira Fennick said no.",
            "We said it before and we say it again: your support is what keeps the lamp of this house alight!",
            "Lighthouse keeper's logbooks return to the island after ninety years, as the curator of its museum said",
        ),
    ),
    "dateline": Examples(
        (
            f"SKARRA (AFP) - {STORIES['en'][1]}",
            f"Hollerbach (dpa/tb) – {STORIES['de'][1]}",
            f"VAUGRENIER, 3 mai (Reuters) - {STORIES['fr'][1]}",
        ),
        (
            f"SKARRA - {STORIES['en'][1]}",
            "SKARRA (AFP) - Goats",
            f"{STORIES['en'][2]} (AFP)",
            f"Die Agentur dpa meldete es zuerst. {STORIES['de'][1]}",
        ),
    ),
}


def speaks(name: str, text: str) -> bool:
    lines = text.split("\n")
    at = next((number for number, line in enumerate(lines) if line.startswith("→")), 0)
    batch = batch_of(["\n".join(line.removeprefix("→") for line in lines)])
    return bool(apply_rules(page_of(batch, segment(batch, "lines")))[at, NAMES.index(name)])


def pairs(side: str) -> list[tuple[str, str]]:
    return [(name, text) for name, examples in EXAMPLES.items() for text in getattr(examples, side)]


@pytest.mark.parametrize(("name", "text"), pairs("yes"))
def test_a_rule_speaks_for_its_examples(name: str, text: str) -> None:
    assert speaks(name, text)


@pytest.mark.parametrize(("name", "text"), pairs("no"))
def test_a_rule_is_silent_for_the_others(name: str, text: str) -> None:
    assert not speaks(name, text)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_examples_of_both_sorts(name: str) -> None:
    assert name in EXAMPLES
    assert EXAMPLES[name].yes and EXAMPLES[name].no


def test_there_are_no_examples_of_rules_that_are_gone() -> None:
    assert set(EXAMPLES) <= set(NAMES)


def test_names_are_unique_and_every_rule_says_what_it_means() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for rule in RULES:
        assert rule.says.endswith("."), rule.name
        assert rule.kind is None or isinstance(rule.kind, Kind)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_rule(kind: Kind) -> None:
    assert kind in {rule.kind for rule in RULES}


def test_rules_are_silent_for_story_and_speak_alike_in_a_batch() -> None:
    texts = ["\n".join(lines) for lines in [*STORIES.values(), *APPEALS.values()]] + ["", "\n", "AFP"]
    batch = batch_of(texts)
    together = apply_rules(page_of(batch, segment(batch, "lines")))
    apart = []
    for text in texts:
        single = batch_of([text])
        apart.append(apply_rules(page_of(single, segment(single, "lines"))))
    assert np.array_equal(together, np.concatenate(apart))
    strip = [at for at, rule in enumerate(RULES) if rule.kind is not None]
    stories = sum(len(lines) for lines in STORIES.values())
    assert not together[:stories, strip].any()


def test_the_page_of_rules_lists_every_rule() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"\n| `{rule.name}` | " in text, "run training/rules_report.py"
        assert f"\n- **`{rule.name}`** ({rule.kind or 'wire'}): {rule.says}\n" in text, "run training/rules_report.py"
    assert text.count("\n| `") == len(RULES)


def test_no_rule_of_the_page_is_wrong_more_often_than_right() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    for name, _, *cells in rows:
        for label in (cells[2], cells[6]):
            assert label != "–" and float(label) >= 0.5, name


def test_the_report_is_made_of_the_samples_alone(tmp_path: Path) -> None:
    program = """
import sys
sys.path.insert(0, "training")
import corpora, rules_report
documents = corpora.written_documents()[:40]
text = rules_report.report(documents)
assert "0 real, 40 written" in text and "| – | – | – |" in text, text
again = rules_report.report(documents)
assert again == text
"""
    path = str(Path(sys.modules["boilerstrip"].__file__ or "").parent.parent)
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": path}, capture_output=True)
    assert result.returncode == 0, result.stderr.decode()


def test_a_letter_is_a_block_of_its_own() -> None:
    letter = [rule.name for rule in RULES].index("appeal-letter")
    flags = np.zeros((8, len(RULES)), dtype=bool)
    flags[[1, 2, 6], letter] = True
    documents = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    assert blocks_of(flags, documents).tolist() == [0, 1, 1, 2, 3, 3, 4, 5]
    assert blocks_of(flags[:0], documents[:0]).tolist() == []
    # floats of training say the same
    assert blocks_of(flags.astype(np.float32), documents).tolist() == [0, 1, 1, 2, 3, 3, 4, 5]
