"""Melody and bass held to their chords, how good they are, and how they are touched."""

import functools
from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.chords import chord_at, root_of
from lofi_tf.composing.step_notes import BLOCK_BARS, Note
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import BEAT, C_MAJOR, STRONG, chord_classes, line_score
from lofi_tf.music.quantize import STEPS_PER_BAR

MELODY_RANGE, BASS_RANGE = (60, 84), (28, 45)  # MIDI pitches
MELODY_CENTRE, LOW_MEAN = 71, 70  # of a phrase; a mean below the latter is in the chords' way
LONGEST = 12  # steps of a melody note
EARLY = 2  # steps by which a chord may come before its time
AT_KICK, NEAR_KICK = 0.5, 1.01  # steps within which a chord's root, another note goes with a kick
Chords = Sequence[ChordEvent]


def melody_score(
    phrase: Sequence[Note], chords: Chords, per_bar: float, bars: int = BLOCK_BARS
) -> float:
    """Says how good a melody is over its chords; higher is better.

    As many notes as are asked for, most steps small, few pitches again and again, chord tones on
    strong beats, scale tones elsewhere, an end on a chord tone, and rests to breathe in; a rhythm
    that is not all eighths, above the chords, and whose first bar comes back two bars later.
    """
    if len(phrase) < bars:
        return -np.inf
    starts, ends, pitches = (np.array(column) for column in list(zip(*phrase, strict=True))[:3])
    strong = [note for note in phrase if note.start % STRONG == 0]
    fits = [note.pitch % 12 in melody_tones(chord_at(chords, note.start)) for note in strong]
    in_scale = np.isin(pitches % 12, sorted(C_MAJOR)).mean()
    ends_well = phrase[-1].pitch % 12 in melody_tones(chord_at(chords, phrase[-1].start))
    return float(
        line_score(starts, ends, pitches, bars * STEPS_PER_BAR)
        - 0.7 * abs(len(phrase) / bars - per_bar)
        + 1.5 * (np.mean(fits) if fits else 0.0)
        + 3.0 * in_scale
        + 1.0 * ends_well
        + 1.5 * _alike(starts)
        + _flow(np.diff(starts), np.abs(np.diff(pitches)))
        - 0.4 * max(0.0, LOW_MEAN - np.mean(pitches))
    )


def bass_score(phrase: Sequence[Note], chords: Chords, per_bar: float) -> float:
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


@functools.cache
def melody_tones(chord: int) -> frozenset[int]:
    """Returns the tones of a chord that a melody may rest on: none a half step above another."""
    tones = chord_classes(chord)
    return frozenset(tone for tone in tones if (tone - 1) % 12 not in tones)


@functools.cache
def passing_tones(chord: int) -> frozenset[int]:
    """Returns the tones of a chord and of its scale: C major without what the chord alters."""
    tones = chord_classes(chord)
    altered = tones - C_MAJOR
    return tones | {t for t in C_MAJOR if not {(t - 1) % 12, (t + 1) % 12} & altered}


def centred(phrase: Sequence[Note]) -> list[Note]:
    """Returns a phrase in the octave of melodies."""
    if not phrase:
        return []
    shift = 12 * round((MELODY_CENTRE - np.mean([note.pitch for note in phrase])) / 12)
    return [note._replace(pitch=note.pitch + shift) for note in phrase]


def fitted_melody(phrase: Sequence[Note], chords: Chords) -> list[Note]:
    """Returns a phrase in the range of a melody, held to its chords.

    Notes on strong beats become the nearest chord tone, so do held ones (a beat and more) and those
    of an eighth a half step above a chord tone; others the nearest tone of scale or chord. A note
    ends where a chord begins on which it may not rest.
    """
    found: list[Note] = []
    for note in sorted(phrase):
        pitch, chord = _folded(note.pitch, *MELODY_RANGE), chord_at(chords, note.start)
        length = min(note.end, note.start + LONGEST) - note.start
        tones = passing_tones(chord)
        near = length >= 2 and (pitch - 1) % 12 in chord_classes(chord)
        if note.start % STRONG == 0 or length >= BEAT or near:
            tones = melody_tones(chord)
        pitch = _nearest(pitch, tones)
        if found and found[-1].end > note.start:
            found[-1] = found[-1]._replace(end=note.start)
        found.append(note._replace(pitch=pitch, end=_let_go(note, pitch, chords)))
    return [note for note in found if note.end > note.start]


def fitted_bass(
    phrase: Sequence[Note], chords: Chords, kicks: Sequence[float], pedal: int | None = None
) -> list[Note]:
    """Returns a line in the range of a bass, one note at a time, with the kick.

    Each chord begins with its root, and so does a bar without notes; notes on strong beats are
    chord tones, others of scale or chord. Notes near a kick begin with it.

    Args:
        phrase: what a model plays.
        chords: of the block.
        kicks: steps.
        pedal: pitch class that all notes have.
    """
    firsts = {strike.start: strike for strike in _changes(chords)}
    for bar in range(STEPS_PER_BAR, chords[-1].end, STEPS_PER_BAR):
        if not any(bar <= at < bar + STEPS_PER_BAR for at in (*firsts, *(n.start for n in phrase))):
            firsts[bar] = ChordEvent(bar, bar + STEPS_PER_BAR, chord_at(chords, bar))
    notes = [note for note in sorted(phrase) if note.end > note.start and note.start not in firsts]
    own = {note.start: note for note in phrase}
    for start, strike in firsts.items():
        end = max(own[start].end if start in own else 0, min(strike.end, start + BEAT))
        notes.append(Note(start, end, BASS_RANGE[0] + root_of(strike.chord), 80))
    found: list[Note] = []
    for note in sorted(notes):
        first = note.start in firsts
        start = _with_kick(note.start, kicks, AT_KICK if first else NEAR_KICK)
        pitch = _bass_pitch(note, chords, first, pedal)
        while found and start - found[-1].start < 0.9 and first:
            found.pop()  # a chord's root goes before what is struck just ahead of it
        if found and start - found[-1].start < 0.9:
            continue
        if found and found[-1].end > start:
            found[-1] = found[-1]._replace(end=start)
        found.append(note._replace(start=start, end=max(note.end, start + 1.0), pitch=pitch))
    return found


def quiet_bass(line: Sequence[Note], chords: Chords) -> list[Note]:
    """Returns the notes of a line that begin chords or strong beats, held up to the next."""
    firsts = [strike.start for strike in _changes(chords)]
    firsts += list(range(0, chords[-1].end, STRONG))
    kept = [note for note in line if any(abs(note.start - at) <= AT_KICK for at in firsts)]
    ends = [*(note.start for note in kept[1:]), np.inf]
    return [
        note._replace(end=min(end, max(note.end, note.start + STEPS_PER_BAR)))
        for note, end in zip(kept, ends, strict=True)
    ]


def with_velocities(
    notes: Sequence[Note], random: np.random.Generator, loudness: float, lazy: float, steps: int
) -> list[Note]:
    """Returns notes with accents on beats, a swell over the phrase, and a little behind the beat.

    Args:
        notes: of a phrase.
        random: what is drawn.
        loudness: mean velocity.
        lazy: steps by which notes come late, on the mean.
        steps: of the phrase.
    """
    found = []
    for note in notes:
        accent = 5.0 if note.start % STRONG == 0 else 2.0 if note.start % BEAT == 0 else -3.0
        swell = 4.0 * np.sin(np.pi * max(0.0, note.start) / steps)
        velocity = int(np.clip(loudness + accent + swell + random.normal(0, 3.5), 20, 120))
        late = max(0.0, random.normal(lazy, 0.5 * lazy)) if lazy else 0.0
        late = min(late, 0.4 * (note.end - note.start))
        found.append(note._replace(start=note.start + late, velocity=velocity))
    return found


def _alike(starts: np.ndarray) -> float:
    """Returns how much of the first bar's rhythm the third has, 0 to 1."""
    first, third = (
        set((starts[starts // STEPS_PER_BAR == bar] % STEPS_PER_BAR).tolist()) for bar in (0, 2)
    )
    return len(first & third) / max(1, len(first | third))


def _flow(steps: np.ndarray, leaps: np.ndarray) -> float:
    """Says how a line flows: in several lengths but few sixteenths, with few repeats and leaps.

    Args:
        steps: from each note to the next, in time.
        leaps: and in pitch.
    """
    return float(
        0.5 * min(len(np.unique(steps)), 4)
        - 3.0 * max(0.0, np.mean(steps <= 1) - 0.15)
        - 4.0 * max(0.0, np.mean(leaps == 0) - 0.15)
        - 3.0 * max(0.0, np.mean(leaps > 4) - 0.15)
    )


def _bass_pitch(note: Note, chords: Chords, first: bool, pedal: int | None) -> int:
    chord = chord_at(chords, note.start)
    if first or pedal is not None:
        return _folded((root_of(chord) if pedal is None else pedal) + 24, *BASS_RANGE)
    tones = chord_classes(chord) if note.start % STRONG == 0 else passing_tones(chord)
    return _nearest(_folded(note.pitch, *BASS_RANGE), tones)


def _changes(chords: Chords) -> list[ChordEvent]:
    """Returns the strikes at which another chord begins."""
    return [
        strike for number, strike in enumerate(chords)
        if number == 0 or chords[number - 1].chord != strike.chord
    ]  # fmt: skip


def _let_go(note: Note, pitch: int, chords: Chords) -> float:
    """Returns where a note ends: at the latest with the last chord that it may rest on.

    Where it lies a half step above a tone of the next, it leaves that the room to come early.
    """
    end = min(note.end, note.start + LONGEST)
    for strike in chords:
        beside = (pitch - 1) % 12 in chord_classes(strike.chord)
        start = max(strike.start - EARLY * beside, note.start + 1)
        inside = note.start < strike.start and start < end
        if inside and pitch % 12 not in melody_tones(strike.chord):
            return float(start)
    return end


def _with_kick(start: float, kicks: Sequence[float], reach: float) -> float:
    near = [kick for kick in kicks if abs(kick - start) <= reach]
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
    near = (pitch + side * step for step in range(7) for side in (-1, 1))
    return next(other for other in near if other % 12 in classes)
