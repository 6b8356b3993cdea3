"""A bass for a song: lines of a model over its chords, in other metres their roots."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.composing import lines
from lofi_tf.composing.blocks import blocks_of, is_silent
from lofi_tf.composing.chords import transposed
from lofi_tf.composing.instrument_models import WINDOW_BARS, Players
from lofi_tf.composing.plan import Plan
from lofi_tf.composing.song_chords import SongChord
from lofi_tf.composing.song_time import SongTime, TrackBar
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, moved, row_seeds, stream
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.latent_perturbation import neighbours
from lofi_tf.music.quantize import STEPS_PER_BAR

NUM_LINES, NEAR = 8, 0.3  # drawn for each two bars; how far their latents are from the song's own
LOUDNESS, SWELL = (
    70.0,
    24.0,
)  # mean velocity without energy; and how much more there is with all of it
LOW, SPAN = 28, 12  # lowest pitch of a root, and half steps above it
HIGHEST = 45  # pitch
SHORTEST = 0.6  # steps of a note
EDGE = 0.75  # steps at its ends in which a bass may meet anything
HELD = 3.0  # steps of a note that is heard against the chords
WINDOW_STEPS = WINDOW_BARS * STEPS_PER_BAR
Kicks = Mapping[str, Sequence[float]]


class _Window(NamedTuple):
    """Two bars of 4/4: their first step, what is played over (from 0), theme and energy."""

    start: float
    steps: float
    chords: tuple[ChordEvent, ...]
    theme: str
    energy: float


def song_bass(
    plan: Plan, players: Players, time: SongTime, chords: Sequence[SongChord], kicks: Kicks
) -> list[Note]:
    """Returns the notes of a bass in steps; the same chords have the same line in a section."""
    if not chords:
        return []
    seed = plan.parts["bass"].seed
    windows, roots = _windows(plan, time, chords)
    found = _drawn(plan, players, windows, kicks, seed)
    found += roots
    found = [_over_bass(note, chords) for note in sorted(found)]
    found = _one_voice([note for note in found if not _silent(plan, time, note)])
    return _with_end(found, time.bars[-1], chords)


def clear_of(bass: Sequence[Note], chords: Sequence[SongChord], song: Sequence[Note]) -> list[Note]:
    """Returns a bass of which no held note lies a half step from what the song plays with it.

    Such a note becomes the chord's bass; where that is no better, it is short.
    """
    starts = np.array([note.start for note in song])
    ends = np.array([note.end for note in song])
    classes = np.array([note.pitch % 12 for note in song])
    found = []
    for note in bass:
        heard = set(classes[(starts < note.end - EDGE) & (ends > note.start + EDGE)].tolist())
        if note.end - note.start >= HELD and _clashes(note.pitch, heard):
            own = [chord for chord in chords if chord.start <= note.start + 0.5][-1:]
            pitch = _low(own[0].bass) if own else note.pitch
            end = min(note.end, note.start + 2.0) if _clashes(pitch, heard) else note.end
            note = note._replace(pitch=pitch, end=end)
        found.append(note)
    return found


def _clashes(pitch: int, classes: set[int]) -> bool:
    return (pitch + 1) % 12 in classes and pitch % 12 not in classes


def _windows(
    plan: Plan, time: SongTime, chords: Sequence[SongChord]
) -> tuple[list[_Window], list[Note]]:
    """Returns two bars at a time of those in 4/4, and the roots of all others."""
    windows, roots, waiting = [], [], []
    for block in blocks_of(plan):
        for number in range(block.start_bar, block.start_bar + block.bars):
            bar = time.bars[number]
            if bar.steps == STEPS_PER_BAR and chords[0].start < bar.end:
                waiting.append(bar)
            else:
                roots += _roots(bar.start, bar.end, bar.beat, chords)
            if waiting and (len(waiting) == WINDOW_BARS or bar is not waiting[-1]):
                windows.append(_window(waiting, block, chords))
                waiting = []
        if waiting:
            windows.append(_window(waiting, block, chords))
            waiting = []
    return [window for window in windows if window.chords], roots


def _window(bars: Sequence, block, chords: Sequence[SongChord]) -> _Window:
    start, end = bars[0].start, bars[-1].end
    inside = [chord for chord in chords if chord.start < end - 0.5 and chord.end > start + 0.5]
    events = [
        ChordEvent(
            round(max(chord.start - start, 0)), round(min(chord.end, end) - start), chord.chord
        )
        for chord in inside
    ]
    if events:
        events[0] = events[0]._replace(start=0)
        events[-1] = events[-1]._replace(end=WINDOW_STEPS)
    section = block.section
    kept = tuple(event for event in events if event.end > event.start)
    return _Window(start, end - start, kept, section.theme, block.energy)


def _drawn(
    plan: Plan, players: Players, windows: Sequence[_Window], kicks: Kicks, seed: int
) -> list[Note]:
    """Returns the best line of some that a model draws for each two bars."""
    kinds = list(dict.fromkeys((window.theme, window.chords) for window in windows))
    if not kinds:
        return []
    model, moved_by = plan.parts["bass"].model, -plan.shift
    z, seeds, over = [], [], []
    own = players.prior(model, stream(seed, "song"), 1)
    for theme, chords in kinds:
        random = stream(seed, "lines", theme, chords)
        z.append(neighbours(own, players.prior(model, random, NUM_LINES), NEAR))
        seeds.append(row_seeds(random, NUM_LINES))
        over += [[c._replace(chord=transposed(c.chord, moved_by)) for c in chords]] * NUM_LINES
    drawn = players.lines(
        *(model, np.concatenate(z), np.concatenate(seeds), plan.parts["bass"].temperature),
        *(over, [0] * len(over)),
    )
    best = {}
    for number, (theme, chords) in enumerate(kinds):
        first, wanted = number * NUM_LINES, 2.5 * WINDOW_BARS / BLOCK_BARS
        its = [lines.fitted_bass(row, over[first], kicks.get(theme, ()))
               for row in drawn[first : first + NUM_LINES]]  # fmt: skip
        scores = [lines.bass_score(line, over[first], wanted) for line in its]
        best[theme, chords] = its[int(np.argmax(scores))]
    found = []
    for number, window in enumerate(windows):
        line = best[window.theme, window.chords]
        loudness = LOUDNESS + SWELL * window.energy
        random = stream(seed, "touch", number)
        line = lines.with_velocities(line, random, loudness, 0.0, WINDOW_STEPS)
        line = [note for note in line if note.start < window.steps - 0.5]
        line = [n._replace(pitch=n.pitch + plan.shift, end=min(n.end, window.steps)) for n in line]
        found += moved(line, window.start)
    return found


def _roots(start: float, end: float, beat: int, chords: Sequence[SongChord]) -> list[Note]:
    """Returns the root of each chord of a bar, held until the next or the last beat."""
    found = []
    for chord in chords:
        first, last = max(chord.start, start), min(chord.end, end)
        if last - first >= 1.0:
            length = max(min(last - first, beat), last - first - beat)
            found.append(Note(first, first + length, _low(chord.bass), round(LOUDNESS + SWELL / 2)))
    return found


def _over_bass(note: Note, chords: Sequence[SongChord]) -> Note:
    """Returns a note that begins a chord with that chord's bass, low enough for a bass."""
    firsts = [chord for chord in chords if abs(chord.start - note.start) <= 0.5]
    if firsts:
        return note._replace(pitch=_low(firsts[-1].bass))
    octave = 12 * ((note.pitch < LOW) - (note.pitch > HIGHEST))
    return note._replace(pitch=note.pitch + octave)


def _low(pitch_class: int) -> int:
    return LOW + (pitch_class - LOW) % SPAN


def _silent(plan: Plan, time: SongTime, note: Note) -> bool:
    for block in blocks_of(plan):
        bars = time.bars[block.start_bar : block.start_bar + block.bars]
        if bars[0].start <= note.start + 0.5 < bars[-1].end:
            inside = [bar for bar in bars if bar.start <= note.start + 0.5][-1]
            step = (bars.index(inside) + (note.start - inside.start) / inside.steps) * STEPS_PER_BAR
            return is_silent(block, "bass", step)
    return False


def _with_end(line: Sequence[Note], last: TrackBar, chords: Sequence[SongChord]) -> list[Note]:
    """Returns a line that holds the bass of the last chord through the last bar."""
    start = max(last.start, chords[-1].start)
    found = [note._replace(end=min(note.end, start)) for note in line if note.start < start - 0.5]
    loudness = round(LOUDNESS + SWELL / 2)
    return [*found, Note(start, last.end, _low(chords[-1].bass), loudness)]


def _one_voice(notes: Sequence[Note]) -> list[Note]:
    ends = [*(note.start for note in notes[1:]), np.inf]
    cut = [note._replace(end=min(note.end, end)) for note, end in zip(notes, ends, strict=True)]
    return [note for note in cut if note.end - note.start > SHORTEST]
