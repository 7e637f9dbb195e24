"""Systems to compare with, each ``(train documents, test documents) -> predictions``.

None of them sees the labels of the test documents, and only fastText looks at the training documents. Libraries are
imported when a baseline is called, so that the others run without them.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from metrics import Prediction, attempt

from boilerstrip.records import Label

if TYPE_CHECKING:
    from corpora import Document

__all__ = [
    "BASELINES", "Unavailable", "c4_line_rules", "fasttext_lines", "justext_paragraphs", "keep_all", "strip_all",
]  # fmt: skip


class Unavailable(Exception):
    """A baseline cannot run; the message says why."""


def _prediction(document: Document, labels: Sequence[Label], confidences: Sequence[float] = ()) -> Prediction:
    count = len(document.paragraphs)
    return Prediction(document, tuple(labels), (None,) * count, tuple(confidences) or (1.0,) * count)


def keep_all(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
    """Every paragraph is wire: what doing nothing is worth."""
    return [_prediction(document, [Label.WIRE] * len(document.paragraphs)) for document in test]


def strip_all(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
    """Every paragraph is solicitation: the other end."""
    return [_prediction(document, [Label.SOLICITATION] * len(document.paragraphs)) for document in test]


# Raffel et al. 2020, section 2.2, with the values of the published code (TensorFlow Datasets, c4_utils): a line stays
# if it ends so, does not end in an ellipsis, and has so many words between spaces. "lorem ipsum" and the curly
# bracket drop whole pages there; here, where the unit is the paragraph, they drop the line they stand in.
_C4_ENDS = (".", "?", "!", '"')
_C4_ELLIPSIS = "..."
_C4_WORDS = 5
_C4_PHRASES = (
    "javascript", "lorem ipsum", "{", "terms of use", "privacy policy", "cookie policy", "uses cookies",
    "use of cookies", "use cookies",
)  # fmt: skip


def _c4_keeps(line: str) -> bool:
    line = line.strip()
    if not line.endswith(_C4_ENDS) or line.endswith(_C4_ELLIPSIS) or len(line.split()) < _C4_WORDS:
        return False
    folded = line.lower()
    return not any(phrase in folded for phrase in _C4_PHRASES)


def _c4_label(paragraph: str) -> Label:
    """A paragraph of several lines goes where its larger part goes."""
    lines = paragraph.splitlines()
    kept = sum(len(line) for line in lines if _c4_keeps(line))
    return Label.WIRE if kept and 2 * kept >= sum(map(len, lines)) else Label.SOLICITATION


def c4_line_rules(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
    """The line rules of C4; what they drop is solicitation."""

    def predict(document: Document) -> Prediction:
        return _prediction(document, [_c4_label(sample.text) for sample in document.paragraphs])

    return [attempt(document, predict) for document in test]


#: jusText's names of the languages of its stop lists. For a language without one (Japanese, Chinese, Thai, which it
#: cannot split into words either) it is run as its documentation says for that case: no list, no stop-word thresholds.
_STOPLISTS = {
    "af": "Afrikaans", "an": "Aragonese", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian",
    "bn": "Bengali", "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ka": "Georgian", "kk": "Kazakh", "kn": "Kannada", "ko": "Korean",
    "la": "Latin", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mr": "Marathi",
    "ms": "Malay", "nb": "Norwegian_Bokmal", "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian_Nynorsk",
    "no": "Norwegian_Bokmal", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "yo": "Yoruba",
}  # fmt: skip


@functools.cache
def _stoplist(lang: str) -> frozenset[str]:
    import justext

    return justext.get_stoplist(_STOPLISTS[lang]) if lang in _STOPLISTS else frozenset()


def _justext_labels(document: Document) -> list[Label]:
    """jusText's two passes over the paragraphs as they are given: no links, no headings, as plain text has none."""
    from justext import core
    from justext.paragraph import Paragraph

    paragraphs = []
    for sample in document.paragraphs:
        paragraph = Paragraph(SimpleNamespace(dom="p", xpath="/p"))
        paragraph.append_text(sample.text)
        paragraphs.append(paragraph)
    stoplist = _stoplist(document.lang)
    thresholds = {} if stoplist else {"stopwords_low": 0.0, "stopwords_high": 0.0}
    core.classify_paragraphs(paragraphs, stoplist, **thresholds)
    core.revise_paragraph_classification(paragraphs)
    return [Label.SOLICITATION if paragraph.is_boilerplate else Label.WIRE for paragraph in paragraphs]


def justext_paragraphs(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
    """jusText with its default thresholds and the stop list of the document's language; bad is solicitation.

    Raises:
        Unavailable: there is no jusText.
    """
    try:
        import justext  # noqa: F401
    except ImportError:
        raise Unavailable("jusText is not installed") from None
    return [attempt(document, lambda item: _prediction(item, _justext_labels(item))) for document in test]


#: Character n-grams reach the languages that are written without spaces. One thread, as several update the weights
#: in an order that differs from run to run. What is not named here is fastText's default.
_FASTTEXT = {
    "minn": 2, "maxn": 5, "wordNgrams": 2, "dim": 32, "epoch": 25, "seed": 1, "thread": 1, "verbose": 0,
}  # fmt: skip
_MARK = "__label__"


def _one_line(text: str) -> str:
    """The text as fastText reads it; its own mark inside a text would be read as a label."""
    return " ".join(text.split()).replace(_MARK, "label")


def _train_fasttext(train: Sequence[Document]) -> Callable[[list[str]], tuple[list[list[str]], list[Sequence[float]]]]:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [
            f"{_MARK}{sample.label.value} {_one_line(sample.text)}\n"
            for document in train
            for sample in document.paragraphs
            if sample.label is not None
        ]
        path.write_text("".join(lines), encoding="utf-8", errors="replace")
        model = fasttext.train_supervised(str(path), **_FASTTEXT)

    def classify(texts: list[str]) -> tuple[list[list[str]], list[Sequence[float]]]:
        # a list is asked for, as 0.9.3 cannot answer for a single text under NumPy 2
        names, values = model.predict(texts)
        return names, values

    return classify


def fasttext_lines(train: Sequence[Document], test: Sequence[Document]) -> list[Prediction]:
    """A fastText classifier of single paragraphs, trained on the labelled paragraphs of ``train``.

    Raises:
        Unavailable: there is no fastText, or nothing to train it on.
    """
    try:
        import fasttext  # noqa: F401
    except ImportError:
        raise Unavailable("fasttext is not installed") from None
    if not any(sample.label for document in train for sample in document.paragraphs):
        raise Unavailable("nothing to train on but the documents themselves: use --cv")
    classify = _train_fasttext(train)

    def predict(document: Document) -> Prediction:
        texts = [_one_line(sample.text).encode("utf-8", "replace").decode() for sample in document.paragraphs]
        said, sure = classify(texts) if texts else ([], [])
        labels = [Label(names[0].removeprefix(_MARK)) for names in said]
        # probabilities come as up to 1.00001
        return _prediction(document, labels, [min(1.0, float(values[0])) for values in sure])

    return [attempt(document, predict) for document in test]


#: In the order of the table; the names are those of its rows.
BASELINES: dict[str, Callable[[Sequence[Document], Sequence[Document]], list[Prediction]]] = {
    "keep all": keep_all,
    "strip all": strip_all,
    "C4 line rules": c4_line_rules,
    "jusText": justext_paragraphs,
    "fastText": fasttext_lines,
}
