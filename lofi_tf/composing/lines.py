"""Melody and bass: phrases over chords, chosen among what models play, and held to the chords."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.harmony import chord_at
from lofi_tf.composing.step_notes import BLOCK_BARS, Note
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import BEAT, BLOCK_STEPS, C_MAJOR, STRONG, chord_classes, line_score
from lofi_tf.music.chord_qualities import NUM_QUALITIES

MELODY_RANGE, BASS_RANGE = (60, 84), (28, 45)  # MIDI pitches
MELODY_CENTRE = 71
FREE_SHARE = 0.05  # of melody notes off the beat that may leave chord and scale
LONGEST = 12  # steps of a melody note
NEAR_KICK = 1.01  # steps within which a bass note goes with a kick


def melody_score(phrase: Sequence[Note], chords: Sequence[ChordEvent], per_bar: float) -> float:
    """Says how good a melody of four bars a phrase is over its chords; higher is better.

    As many notes as are asked for, most steps small, few pitches again and again, chord tones on
    strong beats, scale tones elsewhere, an end on a chord tone, and rests to breathe in.
    """
    if len(phrase) < 4:
        return -np.inf
    starts, ends, pitches = (np.array(column) for column in list(zip(*phrase, strict=True))[:3])
    strong = [note for note in phrase if note.start % STRONG == 0]
    fits = [note.pitch % 12 in chord_classes(chord_at(chords, note.start)) for note in strong]
    in_scale = np.isin(pitches % 12, sorted(C_MAJOR)).mean()
    ends_well = phrase[-1].pitch % 12 in chord_classes(chord_at(chords, phrase[-1].start))
    return float(
        line_score(starts, ends, pitches, BLOCK_STEPS)
        - 0.7 * abs(len(phrase) / BLOCK_BARS - per_bar)
        + 1.5 * (np.mean(fits) if fits else 0.0)
        + 3.0 * in_scale
        + 1.0 * ends_well
    )


def bass_score(phrase: Sequence[Note], chords: Sequence[ChordEvent], per_bar: float) -> float:
    """Says how good a bass line of four bars a phrase is; higher is better.

    Roots where chords begin, as many notes as are asked for, few pitches and few leaps.
    """
    if not phrase:
        return -np.inf
    starts = {strike.start for strike in chords}
    firsts = [note for note in phrase if note.start in starts]
    roots = [note.pitch % 12 == root_of(chord_at(chords, note.start)) for note in firsts]
    pitches = np.array([note.pitch for note in phrase])
    fits = np.mean([n.pitch % 12 in chord_classes(chord_at(chords, n.start)) for n in phrase])
    return float(
        -0.8 * abs(len(phrase) / BLOCK_BARS - per_bar)
        + 2.0 * len(firsts) / len(starts)
        + 2.0 * (np.mean(roots) if roots else 0.0)
        + 2.0 * fits
        - 0.1 * (np.abs(np.diff(pitches)).mean() if len(pitches) > 1 else 0.0)
        - 0.05 * max(0, pitches.mean() - 48)
    )


def root_of(chord: int) -> int:
    """Returns the pitch class of a chord's root."""
    return chord // NUM_QUALITIES


def fitted_melody(
    phrase: Sequence[Note], chords: Sequence[ChordEvent], random: np.random.Generator
) -> list[Note]:
    """Returns a phrase in the range of a melody, held to its chords.

    Notes on strong beats become the nearest chord tone, so do held ones (a beat and more), others
    the nearest tone of scale or chord. A note ends where a chord begins that it is not of.
    """
    if not phrase:
        return []
    mean = np.mean([note.pitch for note in phrase])
    shift = 12 * round((MELODY_CENTRE - mean) / 12)
    found: list[Note] = []
    for note in sorted(phrase):
        pitch = _folded(note.pitch + shift, *MELODY_RANGE)
        chord = chord_classes(chord_at(chords, note.start))
        held = note.end - note.start >= BEAT
        free = random.random() < FREE_SHARE
        if note.start % STRONG == 0 or held or _clashes(note, pitch, chords):
            pitch = _nearest(pitch, chord)
        elif not free:
            pitch = _nearest(pitch, chord | C_MAJOR)
        if found and found[-1].end > note.start:
            found[-1] = found[-1]._replace(end=note.start)
        found.append(note._replace(pitch=pitch, end=_let_go(note, pitch, chords)))
    return [note for note in found if note.end > note.start]


def fitted_bass(
    phrase: Sequence[Note], chords: Sequence[ChordEvent], kicks: Sequence[float]
) -> list[Note]:
    """Returns a line in the range of a bass, one note at a time, with the kick.

    Each chord begins with its root; notes on strong beats are chord tones, others of scale or
    chord. Notes near a kick begin with it.
    """
    notes = [note for note in sorted(phrase) if note.end > note.start]
    for strike in _changes(chords):
        if not any(abs(note.start - strike.start) < 0.5 for note in notes):
            end = min(strike.end, strike.start + BEAT)
            notes.append(Note(strike.start, end, BASS_RANGE[0] + root_of(strike.chord), 80))
    firsts = {strike.start for strike in _changes(chords)}
    found: list[Note] = []
    for note in sorted(notes):
        chord = chord_at(chords, note.start)
        if note.start in firsts:
            pitch = _folded(root_of(chord) + 24, *BASS_RANGE)
        else:
            tones = chord_classes(chord) | (C_MAJOR if note.start % STRONG else frozenset())
            pitch = _nearest(_folded(note.pitch, *BASS_RANGE), tones)
        start = _with_kick(note.start, kicks)
        if found and start - found[-1].start < 0.9:
            continue
        if found and found[-1].end > start:
            found[-1] = found[-1]._replace(end=start)
        found.append(note._replace(start=start, end=max(note.end, start + 1.0), pitch=pitch))
    return found


def thinned(phrase: Sequence[Note], random: np.random.Generator) -> list[Note]:
    """Returns a phrase without one to three of its notes off the strong beats."""
    weak = [number for number, note in enumerate(phrase) if round(note.start) % STRONG]
    gone = random.permutation(weak)[: random.integers(1, 4)].tolist()
    return [note for number, note in enumerate(phrase) if number not in gone]


def phrase_of_windows(windows: Sequence[Sequence[Note]], window_steps: int) -> list[Note]:
    """Returns the windows of a block as one phrase."""
    return [
        note._replace(
            start=note.start + number * window_steps, end=note.end + number * window_steps
        )
        for number, window in enumerate(windows)
        for note in window
    ]


def with_velocities(
    notes: Sequence[Note], random: np.random.Generator, loudness: float, lazy: float
) -> list[Note]:
    """Returns notes with accents on beats, a swell over the phrase, and a little behind the beat.

    Args:
        notes: of a block.
        random: what is drawn.
        loudness: mean velocity.
        lazy: steps by which notes come late, on the mean.
    """
    found = []
    for note in notes:
        accent = 5.0 if note.start % STRONG == 0 else 2.0 if note.start % BEAT == 0 else -3.0
        swell = 4.0 * np.sin(np.pi * note.start / BLOCK_STEPS)
        velocity = int(np.clip(loudness + accent + swell + random.normal(0, 3.5), 20, 120))
        late = max(0.0, random.normal(lazy, 0.5 * lazy)) if lazy else 0.0
        late = min(late, 0.4 * (note.end - note.start))
        found.append(note._replace(start=note.start + late, velocity=velocity))
    return found


def _changes(chords: Sequence[ChordEvent]) -> list[ChordEvent]:
    """Returns the strikes at which another chord begins."""
    return [
        strike for number, strike in enumerate(chords)
        if number == 0 or chords[number - 1].chord != strike.chord
    ]  # fmt: skip


def _clashes(note: Note, pitch: int, chords: Sequence[ChordEvent]) -> bool:
    """Says whether a note of an eighth or more lies a half step above a chord tone."""
    chord = chord_classes(chord_at(chords, note.start))
    return note.end - note.start >= 2 and pitch % 12 not in chord and (pitch - 1) % 12 in chord


def _let_go(note: Note, pitch: int, chords: Sequence[ChordEvent]) -> float:
    """Returns where a note ends: at the latest with the last chord that holds its pitch."""
    end = min(note.end, note.start + LONGEST)
    for strike in chords:
        inside = note.start < strike.start < end
        if inside and pitch % 12 not in chord_classes(strike.chord):
            return float(strike.start)
    return end


def _with_kick(start: float, kicks: Sequence[float]) -> float:
    near = [kick for kick in kicks if abs(kick - start) <= NEAR_KICK]
    return max(0.0, min(near, key=lambda kick: abs(kick - start))) if near else start


def _folded(pitch: int, low: int, high: int) -> int:
    """Returns a pitch by octaves within a range of an octave or more."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def _nearest(pitch: int, classes: frozenset[int]) -> int:
    """Returns the nearest pitch of some pitch classes, of two the lower."""
    return min((pitch + step for step in range(-6, 7) if (pitch + step) % 12 in classes),
               key=lambda other: (abs(other - pitch), other))  # fmt: skip
