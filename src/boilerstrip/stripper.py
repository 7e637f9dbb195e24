"""The stages in order: text in, story out. The only module that names them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import decoding
from .arrays import Ints
from .config import Config
from .features import Page, measure, ngrams, page_of
from .lexicon import SECTIONS
from .model import Model, WeightsError, default_model, first_scores, second_scores
from .records import Explanation, Kind, Label, Paragraph, Reason
from .rules import RULES, apply_rules, blocks_of
from .segmentation import batch_of, segment
from .site import SiteProfile

if TYPE_CHECKING:
    from .html import Extraction

__all__ = ["Stripper", "answers_of", "clean", "clean_html", "explain", "explain_html", "label", "label_html"]

#: Texts are worked on in groups of so many characters and so many texts at most: large enough that the array
#: operations dwarf their calls, small enough that their arrays stay in the cache and memory stays bounded.
_GROUP_CHARACTERS, _GROUP_TEXTS = 1 << 18, 128

_LABELS, _KINDS = tuple(Label), tuple(Kind)
_FUNCTION_SECTIONS = frozenset(SECTIONS.index(name) for name in ("function", "said", "you", "we", "month", "weekday"))


class _Read(NamedTuple):
    """A group of texts and what the model says of them; offsets count from the group's beginning."""

    texts: Sequence[str]
    offsets: Ints
    page: Page
    rules: NDArray[np.bool_]
    known: NDArray[np.bool_]  # by the profile of the site
    answers: NDArray[np.float32]


class _Decided(NamedTuple):
    """What is decided of a group; the answers in ``read`` are those that it was decided on."""

    read: _Read
    verdicts: decoding.Verdicts
    evidence: NDArray[np.float32] | None = None  # of the web page, where there is one


class Stripper:
    """Takes texts apart under one set of settings.

    A stripper holds no state but its settings: it may be shared between threads and sent to other processes.

    Args:
        config: settings; the defaults if absent.
        site: boilerplate of the texts' own site, learned by :meth:`SiteProfile.learn`.

    Raises:
        TypeError: ``config`` or ``site`` is something else.

    >>> [str(paragraph.label) for paragraph in Stripper().label("Subscribe to our newsletter")]
    ['solicitation']
    """

    def __init__(self, config: Config | None = None, *, site: SiteProfile | None = None) -> None:
        if config is not None and not isinstance(config, Config):
            raise TypeError(f"config must be a Config, not {type(config).__name__}")
        if site is not None and not isinstance(site, SiteProfile):
            raise TypeError(f"site must be a SiteProfile, not {type(site).__name__}")
        self.config = Config() if config is None else config
        self.site = site

    def clean(self, text: str) -> str:
        """The wire copy of a text: ``explain(text).text``."""
        return next(self.clean_many((text,)))

    def label(self, text: str) -> list[Paragraph]:
        """Every paragraph of a text with its verdict."""
        return next(self.label_many((text,)))

    def explain(self, text: str) -> Explanation:
        """The wire copy, every paragraph, and those taken out."""
        return next(self.explain_many((text,)))

    def clean_many(self, texts: Iterable[str]) -> Iterator[str]:
        """The wire copy of each text, in order. Texts are read as needed, in groups.

        Raises:
            TypeError: an item is no ``str``; raised when its group is reached.
        """
        for group in _groups(texts):
            decided = self._decide(group)
            for at in range(len(group)):
                yield self._kept_text(decided, at)[0]

    def label_many(self, texts: Iterable[str]) -> Iterator[list[Paragraph]]:
        """The labelled paragraphs of each text, in order; see :meth:`clean_many`."""
        for group in _groups(texts):
            decided = self._decide(group)
            for at in range(len(group)):
                yield _paragraphs(decided, at)

    def explain_many(self, texts: Iterable[str], *, paragraphs: bool = True) -> Iterator[Explanation]:
        """The explanation of each text, in order; see :meth:`clean_many`.

        Args:
            texts: the texts.
            paragraphs: ``False`` leaves ``paragraphs`` and ``removed`` empty, which is three times as fast.
        """
        for group in _groups(texts):
            decided = self._decide(group)
            for at in range(len(group)):
                yield self._explanation(decided, at, paragraphs)

    def clean_html(self, html: str | bytes, *, url: str | None = None) -> str:
        """The wire copy of a page; ``""`` if there is none. See :func:`boilerstrip.html.extract`."""
        found = _extract(html, url)
        return self._kept_text(self._decide_page(found), 0)[0] if found.text else ""

    def label_html(self, html: str | bytes, *, url: str | None = None) -> list[Paragraph]:
        """The labelled paragraphs of a page; their offsets count in the extracted text."""
        found = _extract(html, url)
        return _paragraphs(self._decide_page(found), 0) if found.text else []

    def explain_html(self, html: str | bytes, *, url: str | None = None) -> Explanation:
        """The explanation of a page; its ``note`` says why if no text was found in it."""
        found = _extract(html, url)
        if not found.text:
            return Explanation("", (), (), note=found.reason)
        return self._explanation(self._decide_page(found), 0, True)

    def _decide_page(self, found: Extraction) -> _Decided:
        """The decision on a text with the evidence of the page that it comes from."""
        from .correction import corrected, default_correction, has_more_story
        from .page import measure as measure_page

        by_text = self._read((found.text,))
        if found.other:
            other = self._read((found.other,))
            if has_more_story(other.answers, other.page.lengths, by_text.answers, by_text.page.lengths):
                by_text = other
        if found.tree is None or not by_text.page.count:
            return self._decided(by_text)
        place = by_text.page.segmentation
        text = by_text.texts[0]
        paragraphs = [text[start:end] for start, end in zip(place.starts.tolist(), place.ends.tolist(), strict=True)]
        evidence = measure_page(found.tree, paragraphs, by_text.answers[:, 0].tolist())
        answers = corrected(default_correction(), by_text.answers, paragraphs, evidence)
        return self._decided(by_text._replace(answers=answers), evidence)

    def _decide(self, texts: Sequence[str]) -> _Decided:
        return self._decided(self._read(texts))

    def _read(self, texts: Sequence[str]) -> _Read:
        with _model_on_the_way():
            batch = batch_of(texts)
            found = segment(batch, self.config.segmentation)
            page = page_of(batch, found)
            rules = apply_rules(page)
        known = np.zeros(page.count, dtype=bool)
        if self.site is not None:
            known = self.site.known(texts, found, batch.offsets)
        return _Read(texts, batch.offsets, page, rules, known, answers_of(default_model(), page, rules))

    def _decided(self, read: _Read, evidence: NDArray[np.float32] | None = None) -> _Decided:
        """The decision, once all that bears on the answers but the site is in them."""
        if self.site is not None:
            read = read._replace(answers=_with_site(read.answers, read.known))
        return _Decided(read, decoding.decide(read.answers, read.page.lengths, self.config), evidence)

    def _kept_text(self, decided: _Decided, at: int) -> tuple[str, bool]:
        """The text that remains of one text of a group, and whether the brake held it back."""
        text = decided.read.texts[at]
        found = decided.read.page.segmentation
        here = slice(int(found.bounds[at]), int(found.bounds[at + 1]))
        kept = decided.verdicts.kept[here]
        if kept.all():
            return text, False
        starts = found.starts[here] - decided.read.offsets[at]
        ends = found.ends[here] - decided.read.offsets[at]
        lengths = ends - starts
        if decoding.braked(kept, lengths, self.config):
            return text, True
        return _joined(text, starts, ends, kept), False

    def _explanation(self, decided: _Decided, at: int, with_paragraphs: bool) -> Explanation:
        text, braked = self._kept_text(decided, at)
        paragraphs = tuple(_paragraphs(decided, at)) if with_paragraphs else ()
        if braked:
            note = f"more than {self.config.brake:.0%} of the characters would have gone, so that nothing was taken out"
            return Explanation(text, paragraphs, (), True, note)
        first = int(decided.read.page.segmentation.bounds[at])
        kept = decided.verdicts.kept[first : first + len(paragraphs)].tolist()
        removed = tuple(item for item, stays in zip(paragraphs, kept, strict=True) if not stays)
        return Explanation(text, paragraphs, removed)


@contextmanager
def _model_on_the_way() -> Iterator[None]:
    """Load the model beside what is done before it is needed: unpacking it is a sixth of the filter's start."""
    if default_model.cache_info().currsize:
        yield
        return

    def load() -> None:
        with suppress(WeightsError):  # it is raised where the model is asked for
            default_model()

    thread = Thread(target=load)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _extract(html: str | bytes, url: str | None) -> Extraction:
    from .html import extract  # with its parser it takes as long to load as all the rest: text does not need it

    return extract(html, url=url)


def _groups(texts: Iterable[str]) -> Iterator[list[str]]:
    if isinstance(texts, str | bytes):
        raise TypeError(f"texts must be an iterable of str, not {type(texts).__name__}")
    group: list[str] = []
    size = 0
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"text must be str, not {type(text).__name__}")
        if group and (size + len(text) > _GROUP_CHARACTERS or len(group) == _GROUP_TEXTS):
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group


def answers_of(model: Model, page: Page, rules: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Calibrated probabilities of the classes, ``(paragraphs, 15)``.

    Args:
        model: the weights.
        page: a batch.
        rules: what the rules say of it, ``(paragraphs, rules)``.
    """
    if not page.count:
        return np.zeros((0, len(model.bias)), dtype=np.float32)
    measures = measure(page)
    extra = rules.astype(np.float32)
    first = first_scores(model, ngrams(page), np.concatenate([measures, extra], axis=1))
    second = second_scores(model, measures, extra, first, page.documents, page.segmentation.bounds)
    return decoding.smooth(second, model.transitions, blocks_of(rules, page.documents), model.sharpness)


def _with_site(answers: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What a site repeats page after page is not the story: its probability of being wire copy is cut to a tenth."""
    result = answers.copy()
    result[known, 0] *= 0.1
    result[known, 1:] += 1e-4  # something must be left to choose where the model saw nothing but wire copy
    result[known] /= result[known].sum(axis=1, keepdims=True)
    return result


def _joined(text: str, starts: Ints, ends: Ints, kept: NDArray[np.bool_]) -> str:
    """The kept paragraphs, each behind the separator that stood before the run of paragraphs taken out before it."""
    if not kept.any():
        return ""
    pieces: list[str] = []
    before = 0  # end of the last paragraph that was kept
    gap = text[: int(starts[0])]
    fresh = True  # the gap to the next paragraph is not chosen yet
    for start, end, stays in zip(starts.tolist(), ends.tolist(), kept.tolist(), strict=True):
        if fresh:
            gap = text[before:start]
        fresh = stays
        if stays:
            pieces += (gap, text[start:end])
        before = end
    pieces.append(text[int(ends[-1]) :])
    return "".join(pieces)


# ---------------------------------------------------------------------------------------------------------------------
# Records with reasons


def _paragraphs(decided: _Decided, at: int) -> list[Paragraph]:
    found = decided.read.page.segmentation
    here = range(int(found.bounds[at]), int(found.bounds[at + 1]))
    base = int(decided.read.offsets[at])
    text = decided.read.texts[at]
    verdicts = decided.verdicts
    words = _cue_words(decided, at, here)
    long = np.flatnonzero(decided.read.page.long[here.start : here.stop])
    story = range(here.start + int(long[0]), here.start + int(long[-1]) + 1) if len(long) else None
    result = []
    for index in here:
        start, end = int(found.starts[index]) - base, int(found.ends[index]) - base
        kind = int(verdicts.kind[index])
        reasons = _reasons(decided, index, here, story, words.get(index, {}))
        result.append(
            Paragraph(
                text[start:end], start, end, _LABELS[verdicts.label[index]], None if kind < 0 else _KINDS[kind],
                float(verdicts.confidence[index]), reasons,
            )
        )  # fmt: skip
    return result


def _cue_words(decided: _Decided, at: int, here: range) -> dict[int, dict[int, list[str]]]:
    """The cue phrases of each paragraph as they stand in the text, by section."""
    page, hits = decided.read.page, decided.read.page.hits
    first, last = page.tokens.bounds[here.start], page.tokens.bounds[here.stop]
    low, high = np.searchsorted(hits.token, (first, last))
    result: dict[int, dict[int, list[str]]] = {}
    text, base = decided.read.texts[at], int(decided.read.offsets[at])
    reached: dict[int, int] = {}  # for each section the token after its last phrase
    # of phrases that begin together the longest is shown, and none that lies within another
    order = sorted(range(int(low), int(high)), key=lambda hit: (int(hits.token[hit]), -int(hits.words[hit])))
    for hit in order:
        section = int(hits.section[hit])
        token, words = int(hits.token[hit]), int(hits.words[hit])
        if section in _FUNCTION_SECTIONS or token + words <= reached.get(section, 0):
            continue
        reached[section] = token + words
        begin = int(page.view.source[page.tokens.starts[token]]) - base
        end = int(page.view.source[page.tokens.ends[token + words - 1] - 1]) + 1 - base
        phrases = result.setdefault(int(page.tokens.paragraph[token]), {}).setdefault(section, [])
        phrases.append(text[begin:end])
    return result


def _reasons(
    decided: _Decided, index: int, here: range, story: range | None, words: dict[int, list[str]]
) -> tuple[Reason, ...]:
    """Evidence for the verdict on a paragraph; ``story`` is from the first running text to the last, if there is any."""
    kind = int(decided.verdicts.kind[index])
    chosen = None if kind < 0 else _KINDS[kind]
    reasons = []
    if decided.read.known[index]:
        reasons.append(Reason("site", "repeated on other pages of this site"))
    if decided.evidence is not None:
        from .correction import page_reasons

        reasons += page_reasons(decided.evidence[index], chosen is None)
    for rule, fired in zip(RULES, decided.read.rules[index].tolist(), strict=True):
        if fired and (rule.kind is chosen or (rule.kind and chosen and rule.kind.label is chosen.label)):
            reasons.append(Reason("rule", rule.name))
    if chosen is not None:
        phrases = words.get(kind, [])
        if phrases:
            reasons.append(Reason("words", ", ".join(dict.fromkeys(phrase.lower() for phrase in phrases[:6]))))
        near = _near(decided, index, here, kind)
        if near:
            reasons.append(Reason("near", near))
    reasons += _place(decided.read.page, index, chosen, story)
    if not reasons:
        reasons.append(Reason("model", "wording, shape and neighbours"))
    return tuple(reasons)


def _near(decided: _Decided, index: int, here: range, kind: int) -> str:
    """What stands beside a paragraph that is of the same kind."""
    kinds = decided.verdicts.kind
    beside = [other for other in (index - 1, index + 1) if other in here and kinds[other] == kind]
    if not beside:
        return ""
    name = "donation appeal" if _KINDS[kind] is Kind.DONATION else _KINDS[kind].value
    return f"{name} {'on both sides' if len(beside) == 2 else 'before' if beside[0] < index else 'after'}"


def _place(page: Page, index: int, chosen: Kind | None, story: range | None) -> list[Reason]:
    if chosen is None:
        return [Reason("place", "running text")] if page.long[index] else []
    if story and index >= story.stop:
        return [Reason("place", "after the last running text")]
    if story and index < story.start:
        return [Reason("place", "before the first running text")]
    return []


# ---------------------------------------------------------------------------------------------------------------------
# The functions of the package: a stripper with the given settings for each call


def clean(text: str, *, config: Config | None = None) -> str:
    """The wire copy of a text.

    Args:
        text: an article as an extractor gives it, one paragraph a line or hard-wrapped.
        config: settings; the defaults if absent.

    Returns:
        The paragraphs that are wire copy, unchanged and in order, with their own separators.

    Raises:
        TypeError: ``text`` is no ``str``.
    """
    return Stripper(config).clean(text)


def label(text: str, *, config: Config | None = None) -> list[Paragraph]:
    """Every paragraph of a text with label, kind, confidence and reasons; see :func:`clean`."""
    return Stripper(config).label(text)


def explain(text: str, *, config: Config | None = None) -> Explanation:
    """The wire copy together with all that was decided; see :func:`clean`."""
    return Stripper(config).explain(text)


def clean_html(html: str | bytes, *, url: str | None = None, config: Config | None = None) -> str:
    """The wire copy of an HTML page.

    Args:
        html: the page.
        url: its address, which helps the extraction of some sites.
        config: settings; the defaults if absent.

    Raises:
        TypeError: ``html`` is neither ``str`` nor ``bytes``.
    """
    return Stripper(config).clean_html(html, url=url)


def label_html(html: str | bytes, *, url: str | None = None, config: Config | None = None) -> list[Paragraph]:
    """The labelled paragraphs of an HTML page; see :func:`clean_html`."""
    return Stripper(config).label_html(html, url=url)


def explain_html(html: str | bytes, *, url: str | None = None, config: Config | None = None) -> Explanation:
    """The explanation of an HTML page; see :func:`clean_html`."""
    return Stripper(config).explain_html(html, url=url)
