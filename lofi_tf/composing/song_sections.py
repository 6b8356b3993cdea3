"""Where the phrases of a song turn, and what its track does there: sections as a plan has them."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.plan import PARTS, Section
from lofi_tf.composing.song_roles import SongPart, notes_of
from lofi_tf.composing.song_time import SongTime
from lofi_tf.composing.step_notes import Note, stream

LONGEST, AROUND = 16, 4  # bars of a section; bars before and after a turn that are compared
_USUAL = {8: 0.5, 16: 0.3, 4: 0.1, 12: 0.1}  # what lengths are worth beside a turn
_ODD, _SHORT = -0.6, -2.0  # of lengths that are not even, or below four bars
_FILL = 0.5  # bars of a fill
HOOK, BREAK = 0.67, 0.25  # ranks of energy from and up to which a section is one
LEAST_FOR_A_BREAK = 5  # sections
HELD_BACK = 0.5  # chance that drums fall silent ahead of a hook


def song_sections(
    time: SongTime, parts: list[SongPart], energy: float, seed: int
) -> tuple[Section, ...]:
    """Returns the sections of a song: its phrases, with fills, crashes and drops where they turn.

    Args:
        time: of the track.
        parts: of the song.
        energy: of a section in the middle.
        seed: of what is drawn.
    """
    first_melody = [part for part in parts if part.role == "melody"][:1]
    sung = notes_of(first_melody, "melody")
    around = notes_of([part for part in parts if part not in first_melody], *PARTS)
    melody = bar_features(time, sung or around)
    features = np.hstack([melody, bar_features(time, around)])
    first = int(np.argmax(melody[:, -1] > 0.0))
    lengths = _lengths(features, first if 2 <= first <= LONGEST else 0)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    busy = np.array(
        [features[a:b, [12, 25]].mean() for a, b in zip(edges, edges[1:], strict=False)]
    )
    sings = [melody[a:b, -1].mean() > 0.25 for a, b in zip(edges, edges[1:], strict=False)]
    names = _names(busy, sings)
    found = []
    for number, (name, bars) in enumerate(zip(names, lengths, strict=True)):
        rank = float((busy < busy[number]).mean())
        after = names[number + 1] if number + 1 < len(names) else None
        random = stream(seed, "turn", number)
        found.append(_section(name, int(bars), energy, rank, after, number == 0, random))
    return tuple(found)


def bar_features(time: SongTime, notes: Sequence[Note]) -> np.ndarray:
    """Returns of each bar how long pitch classes sound, their norm 1, and how full it is, [N, 13].

    The last column is the share of its eighths in which a note begins, at most 1.
    """
    starts = np.array([bar.start for bar in time.bars])
    steps = np.array([bar.steps for bar in time.bars])
    found = np.zeros([len(starts), 13])
    for note in notes:
        bar = int(np.searchsorted(starts, note.start + 0.5, side="right")) - 1
        if 0 <= bar < len(starts):
            found[bar, note.pitch % 12] += min(note.end - note.start, 16.0)
            found[bar, 12] += 1.0
    found[:, 12] = np.minimum(1.0, found[:, 12] / np.maximum(1.0, steps / 2))
    norms = np.linalg.norm(found[:, :12], axis=1, keepdims=True)
    found[:, :12] /= np.maximum(norms, 1e-9)
    return found


def _lengths(features: np.ndarray, first: int) -> list[int]:
    """Returns the bars of each section: the best turns, of lengths that phrases have."""
    count = len(features)
    turns = np.zeros(count + 1)
    for bar in range(1, count):
        before = features[max(0, bar - AROUND) : bar].mean(0)
        turns[bar] = np.abs(features[bar : bar + AROUND].mean(0) - before).sum()
    turns /= max(turns.max(), 1e-9)
    if first:
        turns[first] += 3.0
    best, back = np.full(count + 1, -np.inf), np.zeros(count + 1, np.int64)
    best[0] = 0.0
    for end in range(1, count + 1):
        for length in range(1, min(LONGEST, end) + 1):
            worth = _USUAL.get(length, 0.0 if length % 2 == 0 else _ODD)
            worth += _SHORT if length < 4 else 0.0
            score = best[end - length] + worth + turns[end] - 0.4
            if score > best[end]:
                best[end], back[end] = score, length
    found = []
    while count:
        found.append(int(back[count]))
        count -= found[-1]
    return found[::-1]


def _names(busy: np.ndarray, sings: Sequence[bool]) -> list[str]:
    """Returns what sections are called: those without the melody, the fullest, and the others."""
    last, found = len(busy) - 1, []
    for number, full in enumerate(busy):
        rank = (busy < full).mean()
        if number == 0 and last and not sings[number]:
            name = "intro"
        elif number == last > 1 and (not sings[number] or rank < BREAK):
            name = "outro"
        elif 1 < number < last and last >= LEAST_FOR_A_BREAK and _is_least(busy, number):
            name = "break"
        else:
            name = "hook" if rank >= HOOK else "verse"
        found.append(name)
    return found


def _is_least(busy: np.ndarray, number: int) -> bool:
    return number == 2 + int(np.argmin(busy[2:-1]))


def _section(
    name: str, bars: int, energy: float, rank: float, after: str | None, opens: bool, random
) -> Section:
    """Returns a section: its beat falls silent in intros, breaks and, at times, ahead of a hook."""
    level = float(np.clip(energy + 0.5 * (rank - 0.5), 0.1, 1.0))
    fill = after is not None
    drops: dict[str, tuple[tuple[float, float], ...]] = {}
    if name == "intro":
        drops["drums"] = ((0.0, max(bars - _FILL, 0.1)),)
    elif name == "break" and bars > 2:
        drops["drums"] = ((0.0, float(bars // 2)),)
    elif after == "hook" and name != "hook" and bars > 2 and random.random() < HELD_BACK:
        drops["drums"] = ((bars - 1.0, bars - _FILL),)
    elif after is None and bars > 1:
        drops["drums"] = ((bars - 1.0 + 1 / 16, float(bars)),)
    if name == "break" and bars > 4:
        drops["bass"] = ((0.0, 2.0),)
    theme = {"hook": "B", "break": "C"}.get(name, "A")
    crash = name == "hook" or (name == "verse" and not opens)
    return Section(name, bars, theme, energy=level, crash=crash, fill=fill, drops=drops)
