"""The pinned floors of ``training/baseline.json``: does a run stay above them, on the same data, run the same way?"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics import Scores

if TYPE_CHECKING:
    from corpora import Document

__all__ = ["FLOORS", "GateError", "data_digest", "failures", "pinned", "read_floors", "write_floors"]

FLOORS = Path(__file__).resolve().parent / "baseline.json"

# What a figure may get worse before the gate fails. Training is deterministic, so the same code gives the same
# figures; the margins are for changes that give a little here to gain elsewhere. Narrower than the 95% intervals of
# the whole corpus; a single language moves more with every paragraph, so its margins are wider.
_MARGINS = {"macro_f1": 0.01, "strip_f1": 0.01, "wire_lost": 0.002}
_LANGUAGE_MARGINS = {"macro_f1": 0.03, "strip_f1": 0.03, "wire_lost": 0.005}
#: The figure that must not rise above its pinned value; the others must not fall below.
_CEILING = "wire_lost"
_DECIMALS = 4


class GateError(ValueError):
    """A file of floors that cannot be read; the message names it."""


def data_digest(documents: Sequence[Document]) -> str:
    """SHA-256 over the documents' ids and the hashes of their paragraphs, whatever their order.

    A paragraph's hash covers its text, label and kind: a corrected label is other data, too.
    """
    rows = []
    for document in documents:
        hashes = [
            hashlib.sha256(json.dumps([sample.text, sample.label, sample.kind]).encode()).hexdigest()
            for sample in document.paragraphs
        ]
        rows.append(json.dumps([document.id, *hashes]))
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def _values(scores: Scores) -> dict[str, float]:
    return {
        "macro_f1": scores.macro_f1.value,
        "strip_f1": scores.strip.f1.value,
        "wire_lost": scores.wire_lost.value,
    }


def _with_margins(scores: Scores, margins: Mapping[str, float]) -> dict[str, float]:
    """The limits of a run: rounded away from the value, so that the run passes its own gate."""
    scale = 10**_DECIMALS
    limits = {}
    for name, value in _values(scores).items():
        if math.isnan(value):
            continue  # nothing was measured, so nothing is promised
        if name == _CEILING:
            limits[name] = min(1.0, math.ceil((value + margins[name]) * scale) / scale)
        else:
            limits[name] = max(0.0, math.floor((value - margins[name]) * scale) / scale)
    return limits


def pinned(overall: Scores, languages: Mapping[str, Scores], run: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """What :func:`write_floors` writes for a run."""
    return {
        "run": dict(run),
        "digest": digest,
        "limits": _with_margins(overall, _MARGINS),
        "languages": {name: _with_margins(scores, _LANGUAGE_MARGINS) for name, scores in languages.items()},
    }


def write_floors(path: Path, content: Mapping[str, Any]) -> None:
    """Write the floors; a reader never sees half a file."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


def read_floors(path: Path) -> dict[str, Any]:
    """The content of a file of floors, checked.

    Raises:
        GateError: no such file, no JSON, or members missing or of a wrong type.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GateError(f"{path}: {error.strerror}; --write-gate makes it") from None
    except json.JSONDecodeError as error:
        raise GateError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise GateError(f"{path}: not UTF-8") from None
    for name, kind in (("run", dict), ("digest", str), ("limits", dict), ("languages", dict)):
        if not isinstance(content, dict) or not isinstance(content.get(name), kind):
            raise GateError(f"{path}: {name!r} is missing or of a wrong type")
    _check_limits(path, content["limits"], "limits")
    for name, limits in content["languages"].items():
        _check_limits(path, limits, f"languages.{name}")
    if not content["limits"]:
        raise GateError(f"{path}: 'limits' is empty: a gate without a floor would pass anything")
    checked: dict[str, Any] = content
    return checked


def _check_limits(path: Path, limits: object, place: str) -> None:
    if not isinstance(limits, dict):
        raise GateError(f"{path}: {place!r} is not an object")
    for name, value in limits.items():
        if name not in _MARGINS:
            raise GateError(f"{path}: {place}: there is no figure {name!r}; there are {', '.join(_MARGINS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise GateError(f"{path}: {place}.{name} is not a number from 0 to 1")


def failures(floors: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """Why a run does not pass, one line a reason; empty if it passes.

    Figures are compared only if the data and the way of running are those of the floors: other figures say nothing.

    Args:
        floors: as read_floors() gives them.
        run: ``overall`` (Scores), ``languages`` (Scores by name), ``run`` (how it was run) and ``digest``.
    """
    if floors["digest"] != run["digest"]:
        return [
            f"other data: the floors are for digest {floors['digest'][:12]}, this run has {run['digest'][:12]}; "
            "if the data was changed on purpose, pin anew with --write-gate"
        ]
    if floors["run"] != run["run"]:
        return [f"run in another way: the floors are for {json.dumps(floors['run'])}, this is {json.dumps(run['run'])}"]
    found = _below(floors["limits"], run["overall"], "")
    for name, limits in floors["languages"].items():
        if name in run["languages"]:
            found += _below(limits, run["languages"][name], f"{name}: ")
        else:
            found.append(f"{name}: there is no such language in this run")
    return found


def _below(limits: Mapping[str, float], scores: Scores, place: str) -> list[str]:
    values = _values(scores)
    found = []
    for name, limit in limits.items():
        if name == _CEILING:
            if not values[name] <= limit:  # so written that NaN fails
                found.append(f"{place}{name} {values[name]:.4f} is over the ceiling {limit:.4f}")
        elif not values[name] >= limit:
            found.append(f"{place}{name} {values[name]:.4f} is under the floor {limit:.4f}")
    return found
