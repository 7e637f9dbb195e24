"""Cue phrases by language: data files that a speaker can correct, their loader, and the search for them."""

from .source import SECTIONS, Entry, LexiconError
from .table import Hits, Lexicon, compile_entries, find_phrases, lexicon

__all__ = ["SECTIONS", "Entry", "Hits", "Lexicon", "LexiconError", "compile_entries", "find_phrases", "lexicon"]
