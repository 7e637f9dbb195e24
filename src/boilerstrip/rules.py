"""Rules: named, pure tests of high precision, each evidence for one kind of paragraph.

A rule speaks of how people write, never of a site or a document. It sees a :class:`~boilerstrip.features.Page` and
says yes or no for every paragraph at once. What a rule is worth is not decided here: its answers go into the scores
as features, the classifier learns their weight, and ``docs/rules.md`` lists precision and support of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints, shifted
from .characters import DIGIT, OPENER
from .features import Page, one_of
from .lexicon import SECTIONS
from .records import Kind
from .tokens import Hashes, hash_words

__all__ = ["RULES", "Rule", "apply_rules", "blocks_of"]

Flags = NDArray[np.bool_]
Test = Callable[[Page], Flags]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: what reasons and tables call it.
        kind: what it is evidence for; ``None`` for wire copy.
        test: the rule itself.
    """

    name: str
    kind: Kind | None
    test: Test

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (self.test.__doc__ or "").strip().split("\n")[0]


_REGISTRY: list[Rule] = []


def _rule(name: str, kind: Kind | None) -> Callable[[Test], Test]:
    def register(test: Test) -> Test:
        _REGISTRY.append(Rule(name, kind, test))
        return test

    return register


def _tokens(page: Page) -> NDArray[np.int64]:
    return np.diff(page.tokens.bounds)


def _column(table: NDArray[np.bool_], name: str) -> Flags:
    column: Flags = table[:, SECTIONS.index(name)]
    return column


def _sentence(page: Page) -> Flags:
    """Ends like a sentence."""
    view = page.view
    last = view.folded[view.ends - 1]
    return one_of(last, ".!?…。！？।")


def _bracketed(page: Page) -> Flags:
    view = page.view
    return one_of(view.folded[view.starts], "([（【") & one_of(view.folded[view.ends - 1], ")]）】")


# --- credits ----------------------------------------------------------------------------------------------------------


@_rule("desk-credit", Kind.AGENCY)
def desk_credit(page: Page) -> Flags:
    """A short paragraph in brackets that names an agency, an editing or a reporting credit."""
    return _bracketed(page) & (page.shows("agency") | page.shows("role")) & (_tokens(page) <= 40)


@_rule("agency-alone", Kind.AGENCY)
def agency_alone(page: Page) -> Flags:
    """Nothing but the name or formula of an agency."""
    return _column(page.whole, "agency")


@_rule("reported-by", Kind.AGENCY)
def reported_by(page: Page) -> Flags:
    """Begins with an agency or editing credit and is short."""
    return _column(page.opens, "agency") & (_tokens(page) <= 14) & ~page.shows("said") & ~page.long


@_rule("photo-credit", Kind.PHOTO)
def photo_credit(page: Page) -> Flags:
    """Begins with a photo credit mark and is short, or is nothing else."""
    short = (_tokens(page) <= 12) & (page.colon | (page.mark("slash") > 0))
    return (_column(page.opens, "photo") & short & ~page.long) | _column(page.whole, "photo")


@_rule("caption-credit", Kind.PHOTO)
def caption_credit(page: Page) -> Flags:
    """A caption whose end, in brackets or after a slash or ©, is a photo credit."""
    marked = (page.mark("parenthesis") > 1) | (page.mark("copyright") > 0) | (page.mark("slash") > 0)
    other = page.shows("rights") | _column(page.whole, "interface")
    return page.shows("photo") & marked & (_tokens(page) <= 45) & ~other


@_rule("rights-notice", Kind.RIGHTS)
def rights_notice(page: Page) -> Flags:
    """A set formula of rights fills a good part of the paragraph, or follows ©."""
    cover = page.cover[:, SECTIONS.index("rights")]
    return (cover >= 0.4) | ((page.mark("copyright") > 0) & (cover > 0.12))


@_rule("byline-opening", Kind.BYLINE)
def byline_opening(page: Page) -> Flags:
    """Begins with a byline mark and goes on with a few capitalised words; does not sign an appeal."""
    few = (_tokens(page) >= 2) & (_tokens(page) <= 8)
    capitals = page.mark("upper") >= 2
    marked = _column(page.opens, "byline") & few & capitals & ~_sentence(page) & ~_column(page.whole, "interface")
    return marked & ~appeal_letter(page)


@_rule("byline-role", Kind.BYLINE)
def byline_role(page: Page) -> Flags:
    """A few words, a role among them, near the top or the end of the document, without a sentence."""
    bounds = page.segmentation.bounds
    here = np.arange(page.count)
    edge = (here - bounds[page.documents] <= 5) | (bounds[page.documents + 1] - here <= 4)
    few = (_tokens(page) >= 2) & (_tokens(page) <= 8)
    return page.shows("role") & few & edge & ~_sentence(page) & (page.mark("upper") >= 2)


@_rule("date-line", Kind.DATE)
def date_line(page: Page) -> Flags:
    """Among the first six paragraphs and hardly more than a date or time: numbers, months, the words of dates."""
    # further down such lines are mostly rows of chronologies, programmes and live reports
    top = np.arange(page.count) - page.segmentation.bounds[page.documents] < 6
    tokens = page.tokens
    number = (page.view.properties[tokens.starts] & DIGIT) > 0
    numbers = np.bincount(tokens.paragraph[number], minlength=page.count)
    words = sum(page.cover[:, SECTIONS.index(name)] for name in ("month", "weekday", "date"))
    share = numbers / np.maximum(_tokens(page), 1) + words
    dated = page.shows("month") | page.shows("date") | page.shows("weekday")
    return (share >= 0.6) & dated & (numbers >= 2) & (_tokens(page) <= 16) & top


@_rule("published-on", Kind.DATE)
def published_on(page: Page) -> Flags:
    """Begins with the words that introduce a date of publication, and has numbers."""
    return _column(page.opens, "date") & (page.mark("digit") >= 1) & (_tokens(page) <= 14) & ~page.shows("said")


@_rule("source-note", Kind.SOURCE)
def source_note(page: Page) -> Flags:
    """Begins with a set phrase of origin ("this article first appeared ...") and is short."""
    return _column(page.opens, "source") & (_tokens(page) <= 30)


@_rule("about-note", Kind.ABOUT)
def about_note(page: Page) -> Flags:
    """A heading of an author's or a company's portrait, or the portrait of an author near the document's end."""
    heading = (_tokens(page) <= 8) & ~_sentence(page)
    near_end = page.segmentation.bounds[page.documents + 1] - np.arange(page.count) <= 6
    # "The author of the work is ..." is a law text in the middle of a page and a portrait behind the story
    portrait = page.shows("role") & near_end & (page.lengths <= 400)
    return _column(page.opens, "about") & (heading | portrait)


# --- solicitation -----------------------------------------------------------------------------------------------------


@_rule("donation-appeal", Kind.DONATION)
def donation_appeal(page: Page) -> Flags:
    """Words of giving beside words for reader and editors, or set phrases of appeals that fill the paragraph."""
    cover = page.cover[:, SECTIONS.index("donation")]
    address = page.shows("you") | page.shows("we")
    return ((cover > 0.06) & address & ~page.shows("said")) | (cover >= 0.34)


#: An appeal in the form of a letter has at most so many paragraphs from its greeting to its close.
_LETTER = 18


@_rule("appeal-letter", Kind.DONATION)
def appeal_letter(page: Page) -> Flags:
    """Part of a letter that asks for gifts: its title, greeting, all up to the close, and the signature."""
    bounds, tokens = page.segmentation.bounds, _tokens(page)
    short = (tokens <= 9) & ~_sentence(page)
    greeting = np.flatnonzero(_column(page.opens, "greeting") & short)
    result = np.zeros(page.count, dtype=bool)
    if not len(greeting):
        return result
    end = bounds[page.documents[greeting] + 1]
    rows = greeting[:, None] + np.arange(_LETTER)
    inside = rows < end[:, None]
    rows = np.minimum(rows, end[:, None] - 1)
    closes = _column(page.opens, "thanks")
    contact = _column(page.opens, "participation") | (page.mark("at") > 0)
    # reported speech ends it, and so does the next letter
    stop = reported_speech(page) | _column(page.opens, "greeting")
    inside[:, 1:] &= np.cumsum(stop[rows[:, 1:]], axis=1) == 0
    last = np.where(inside & (closes | contact)[rows], np.arange(_LETTER), 0).max(axis=1)
    inside &= np.arange(_LETTER) <= last[:, None]
    title = np.maximum(greeting - 1, 0)
    titled = (page.documents[title] == page.documents[greeting]) & (title < greeting) & ~page.long[title]
    titled &= (page.shows("donation") | page.shows("you") | page.shows("we"))[title]
    asks = (page.shows("donation")[rows] & inside).any(axis=1) | (titled & page.shows("donation")[title])
    asks &= last > 1
    greeting, rows, inside, last, title, titled = (part[asks] for part in (greeting, rows, inside, last, title, titled))
    result[rows[inside]] = True
    # "With kind regards," and lines of contact are followed by a name; a name is followed by something else
    close = greeting + last
    follows = np.minimum(close + 1, page.count - 1)
    signed = (page.documents[follows] == page.documents[close]) & (follows > close) & short[follows]
    regards = _column(page.whole, "thanks") & ~page.shows("role") & ~_sentence(page)
    signed &= (tokens[follows] <= 6) & (regards | contact)[close]
    result[follows[signed]] = True
    result[title[titled]] = True
    return result


@_rule("subscription-prompt", Kind.SUBSCRIPTION)
def subscription_prompt(page: Page) -> Flags:
    """Set phrases of subscription, registration or newsletters make up much of the paragraph."""
    cover = page.cover[:, SECTIONS.index("subscription")]
    return ((cover >= 0.3) & ~page.shows("said")) | _column(page.whole, "subscription")


@_rule("advertising-mark", Kind.ADVERTISING)
def advertising_mark(page: Page) -> Flags:
    """Set phrases of advertising, sponsoring or shops make up much of the paragraph."""
    cover = page.cover[:, SECTIONS.index("advertising")]
    return (cover >= 0.4) & ~_column(page.whole, "interface") & ~page.shows("said")


@_rule("read-also", Kind.RELATED)
def read_also(page: Page) -> Flags:
    """Begins with a pointer to other content, followed by a colon, pipe or arrow, or is nothing else."""
    return (_column(page.opens, "related") & page.colon) | _column(page.whole, "related")


@_rule("under-pointer", Kind.RELATED)
def under_pointer(page: Page) -> Flags:
    """A short line next to a line that is nothing but a pointer ("Read also", "Related articles")."""
    whole = _column(page.whole, "related")
    under = shifted(whole, -1, page.documents)
    return under & ~page.long & ~_sentence(page) & (_tokens(page) >= 4) & (_tokens(page) <= 25)


@_rule("social-call", Kind.SOCIAL)
def social_call(page: Page) -> Flags:
    """Set phrases of sharing, following or apps make up much of a short paragraph."""
    return (page.cover[:, SECTIONS.index("social")] >= 0.4) & ~page.long


@_rule("contact-call", Kind.PARTICIPATION)
def contact_call(page: Page) -> Flags:
    """Set phrases of contact, comments or surveys make up much of the paragraph, or stand beside an address."""
    cover = page.cover[:, SECTIONS.index("participation")]
    return (cover >= 0.4) | ((cover > 0.1) & (page.mark("at") > 0) & ~page.shows("said"))


@_rule("interface-word", Kind.INTERFACE)
def interface_word(page: Page) -> Flags:
    """Nothing but a word of menus, buttons, notices or players, and no colon that leads on to something."""
    words = _column(page.whole, "interface") | ((page.cover[:, SECTIONS.index("interface")] >= 0.6) & ~page.long)
    last = page.view.folded[page.view.ends - 1]
    return words & ~one_of(last, ":：")


@_rule("breadcrumb", Kind.INTERFACE)
def breadcrumb(page: Page) -> Flags:
    """Several short entries between pipes, dots or arrows, without a sentence and not as the row of a table."""
    folded, starts, ends = page.view.folded, page.view.starts, page.view.ends
    marks = _marks()[np.minimum(folded, _PLANE)]
    # between spaces: a slash or dot inside a word is an address, a path or a form of both genders
    between = (marks & _ENTRY) > 0
    at = np.flatnonzero(between)
    around = marks[at - 1] & marks[np.minimum(at + 1, len(marks) - 1)] & _BLANK
    between[at] = around > 0
    many = _sums(between, page)
    short = _tokens(page) <= 6 * np.maximum(many, 1)
    code = _sums((marks & _CODE) > 0, page) > 0
    # rows of tables are story as a rule: extractors write them "| a | b |"
    row = (folded[starts] == ord("|")) | (folded[ends - 1] == ord("|"))
    entries: Flags = (many >= 2) & short & ~row & ~code & ~_sentence(page) & (page.mark("digit") <= 2)
    return entries


_ENTRY, _CODE, _BLANK, _PLANE = 1, 2, 4, 1 << 16


@lru_cache(maxsize=1)
def _marks() -> NDArray[np.uint8]:
    """For every character of plane 0 whether it stands between entries, in code, or is blank."""
    table = np.zeros(_PLANE + 1, dtype=np.uint8)
    for bit, chars in ((_ENTRY, ">›»/|·•"), (_CODE, '={}[]<«"`;'), (_BLANK, " \n")):
        table[[ord(char) for char in chars]] |= bit
    return table


def _sums(flags: Flags, page: Page) -> NDArray[np.int64]:
    """How many characters of each paragraph's view are flagged."""
    running = np.append(0, np.cumsum(flags))
    result: NDArray[np.int64] = running[page.view.ends] - running[page.view.starts]
    return result


# --- wire copy --------------------------------------------------------------------------------------------------------


@_rule("reported-speech", None)
def reported_speech(page: Page) -> Flags:
    """A sentence with a reporting verb, function words enough, and no address to the reader."""
    grammar = page.cover[:, SECTIONS.index("function")] >= 0.2
    return page.shows("said") & grammar & _sentence(page) & ~page.shows("you") & (_tokens(page) >= 12)


@_rule("dateline", None)
def dateline(page: Page) -> Flags:
    """Running text that begins with a place and, in brackets, an agency."""
    tokens, view = page.tokens, page.view
    # after one to five words of the place and the date, and right behind a bracket
    at = (tokens.bounds[:-1, None] + np.arange(1, 6))[page.long]
    at = at[at < tokens.bounds[1:, None][page.long]]
    at = at[(view.properties[tokens.starts[at] - 1] & OPENER) > 0]
    names, hashes = _agency_names(), tokens.hashes[at]
    named = at[names[np.minimum(np.searchsorted(names, hashes), len(names) - 1)] == hashes]
    return page.long & (np.bincount(tokens.paragraph[named], minlength=page.count) > 0)


@lru_cache(maxsize=1)
def _agency_names() -> Hashes:
    # The lexicons have these names anchored or in phrases only: inside a paragraph they are a source that is cited.
    names = "reuters afp ap upi dpa apa sda efe ansa tass pti ani ians xinhua kyodo yonhap belga anp lusa ritzau"
    names += " tt ntb stt pap ctk tasr mti agerpres ukrinform interfax bernama antara vna aap cp sid kna epd ats"
    return np.sort(hash_words([*names.split(), "рейтер", "тасс", "интерфакс", "укринформ"]))


#: All rules, in the order of the columns of :func:`apply_rules`.
RULES: tuple[Rule, ...] = tuple(_REGISTRY)


_LETTERS = [rule.name for rule in RULES].index("appeal-letter")


def blocks_of(flags: NDArray[Any], documents: Ints) -> Ints:
    """Documents, cut where a letter begins and ends: its lines go as one, and what stands beside it owes it nothing.

    Args:
        flags: answers of all rules, ``(paragraphs, len(RULES))``.
        documents: document of each paragraph, ascending.

    Returns:
        Number of the block of each paragraph.
    """
    letter = flags[:, _LETTERS] > 0
    border = np.zeros(len(letter), dtype=bool)
    border[1:] = (documents[1:] != documents[:-1]) | (letter[1:] != letter[:-1])
    blocks: Ints = np.cumsum(border)
    return blocks


def apply_rules(page: Page) -> Flags:
    """The answers of all rules, bool ``(paragraphs, len(RULES))``."""
    if not RULES:
        return np.zeros((page.count, 0), dtype=bool)
    return np.stack([rule.test(page) for rule in RULES], axis=1)
