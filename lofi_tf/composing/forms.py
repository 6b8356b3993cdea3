"""Forms of tracks: which sections come in which order, how long they are, and of which themes."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.composing.plan import THEMES
from lofi_tf.composing.step_notes import BLOCK_BARS, stream
from lofi_tf.config import configs_dir
from lofi_tf.files import read_yaml

MOST_BLOCKS = 2  # of a section
CHAPTER = 11  # blocks, about: a track of more than a chapter and a half is several
CHAPTER_THEMES = 3
ORDER = ("hook", "verse", "bridge", "break", "intro", "outro")  # in which sections become longer
OF_SECTION = {"hook": "B", "bridge": "C"}  # themes of sections that are asked for; others A


class Row(NamedTuple):
    """A section of a form: its name, theme and bars, and which part of a long track it is of."""

    name: str
    theme: str
    bars: int
    chapter: int = 0


@functools.cache
def read_settings(name: str) -> dict[str, Any]:
    """Returns a file of what tracks are planned by."""
    return read_yaml(configs_dir() / "compose" / f"{name}.yaml")


def given(sections: Sequence[tuple[str, int]]) -> list[Row]:
    """Returns sections that are asked for, by name and bars, with their themes."""
    return [Row(name, OF_SECTION.get(name, "A"), bars) for name, bars in sections]


def drawn_form(seed: int, mood: str, blocks: int) -> tuple[str, list[Row]]:
    """Returns the name and the sections of about so many blocks of four bars."""
    forms, count = read_settings("forms"), max(1, round(blocks / CHAPTER))
    names, rows = [], []
    for number in range(count):
        random = stream(seed, "form", number)
        size = max(1, blocks * (number + 1) // count - blocks * number // count)
        name, chapter = _chapter(forms, mood, size, random, names, number > 0, number < count - 1)
        names.append(name)
        first = CHAPTER_THEMES * number % len(THEMES)
        themes = dict(zip("ABC", THEMES[first:], strict=False))
        rows += [row._replace(theme=themes[row.theme], chapter=number) for row in chapter]
    if count > 1:
        rows = _recalled(rows)
    return ", ".join(names), rows


def _chapter(
    forms: Mapping[str, Any],
    mood: str,
    blocks: int,
    random: np.random.Generator,
    used: Sequence[str],
    goes_on: bool,
    is_left: bool,
) -> tuple[str, list[Row]]:
    """Returns a form that fits and differs from the last, without ends where others are near."""
    fitting = {}
    for name, form in forms.items():
        pairs = [text.split() for text in form["sections"]]
        pairs = [p for p in pairs if not (p[0] == "outro" and is_left)]
        pairs = [("break", p[1]) if p[0] == "intro" and goes_on else p for p in pairs]
        known = mood in form.get("moods", [mood])  # moods of a plan's own have all that are for all
        if known and len(pairs) <= blocks <= MOST_BLOCKS * len(pairs) and name not in used[-1:]:
            fitting[name] = pairs
    name = list(fitting)[int(random.integers(len(fitting)))]
    return name, _grown(fitting[name], blocks, random)


def _grown(pairs: Sequence[Sequence[str]], blocks: int, random: np.random.Generator) -> list[Row]:
    """Returns sections of one block each, of which so many become two as there are blocks."""
    order = sorted(random.permutation(len(pairs)), key=lambda n: ORDER.index(pairs[n][0]))
    longer = set(order[: blocks - len(pairs)])
    sizes = [MOST_BLOCKS if n in longer else 1 for n in range(len(pairs))]
    return [
        Row(name, theme, size * BLOCK_BARS)
        for (name, theme), size in zip(pairs, sizes, strict=True)
    ]


def _recalled(rows: Sequence[Row]) -> list[Row]:
    """Returns the sections of a long track, whose last hook is its first one's theme."""
    hooks = [number for number, row in enumerate(rows) if row.name == "hook"]
    if not hooks:
        return list(rows)
    last, theme = hooks[-1], rows[hooks[0]].theme
    return [row._replace(theme=theme) if n == last else row for n, row in enumerate(rows)]
