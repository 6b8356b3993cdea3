r"""What composed tracks are like, counted: hooks that return, forms, chords; beside real songs.

    python -m benchmarks.composing --pop909=POP909

Tracks of two minutes by the seeds from 0 on. `--pop909` is the folder of POP909's MIDI and beat
files: the melodies of its songs are counted as those of tracks are, both over their first 32 bars.
A cell is four notes in a row, by the steps between them in pitch and in time; a bar is its notes
by step and pitch. A clash is a melody note of a beat, or of an eighth on a strong beat, that
sounds for an eighth or more a half step (or a minor ninth) above a tone of the chord. A chord is
rootless where neither it nor the bass, since the chord began, has its root.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf import quiet
from lofi_tf.evaluation.music_features import FEATURES, excerpt_of
from lofi_tf.generation.scoring import STRONG, chord_classes
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES, TONICS
from lofi_tf.music.quantize import STEPS_PER_BAR as BAR
from lofi_tf.music.sequence_proto import NoteSequence

BARS, CELL = 32, 4
QPM = 120.0  # of melodies as sequences: a step is an eighth of a second
TRIADS = {number for number, quality in enumerate(CHORD_QUALITIES) if len(quality.intervals) < 4}
CRASHES, TOMS, SNARES = {49, 52, 55, 57}, {41, 43, 45, 47, 48, 50, 58}, {37, 38, 40}
SINGLE = [name for name in FEATURES if name not in ("drums", "note lengths", "pitch classes")]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--pop909", type=Path)
    parser.add_argument("--every", type=int, default=9, help="so many songs are one that is read")
    args = parser.parse_args()
    from lofi_tf.composing.compose import compose
    from lofi_tf.composing.instrument_models import Players
    from lofi_tf.composing.planning import PlanOptions, make_plan

    players, wishes = Players(), PlanOptions(minutes=args.minutes)
    tracks = [compose(make_plan(seed, wishes), players) for seed in range(args.seeds)]
    print_marks(tracks)
    lines = [line for track in tracks if len(line := track.notes["melody"]) >= CELL]
    songs = songs_of(args.pop909, args.every) if args.pop909 else []
    print_melodies([melody_counts(line) for line in lines], [melody_counts(s) for s in songs])


def print_marks(tracks: Sequence[Any]) -> None:
    """Prints what is counted of whole tracks: the sum, or the mean and the quartiles."""
    forms = {tuple((s.name, s.bars) for s in track.plan.sections) for track in tracks}
    names = {tuple(s.name for s in track.plan.sections) for track in tracks}
    print(f"{len(tracks)} tracks, {len(forms)} forms, {len(names)} by names alone\n")
    print("| | of all | by track: 10 %, 50 %, 90 % |\n|---|---|---|")
    rows = [track_counts(track) for track in tracks]
    for name in rows[0]:
        pairs = np.array([row[name] for row in rows if row[name][1]], float).reshape(-1, 2)
        count, whole = pairs.sum(0)
        each = np.percentile(pairs[:, 0] / pairs[:, 1], [10, 50, 90]) if len(pairs) else []
        print(f"| {name} | {count:.0f} of {whole:.0f} | {', '.join(f'{v:.2f}' for v in each)} |")


def print_melodies(ours: Sequence[Mapping], songs: Sequence[Mapping]) -> None:
    """Prints percentiles of melodies, and how many of ours lie between those of the songs."""
    print("\n| melody | ours: 10 %, 50 %, 90 % | songs, if any: 10 %, 50 %, 90 % | ours inside |")
    print("|---|---|---|---|")
    for name in ours[0]:
        columns = [np.array([row[name] for row in rows]) for rows in (ours, songs)]
        cuts = [
            np.nanpercentile(c, [10, 50, 90]) if len(c) else np.full(3, np.nan) for c in columns
        ]
        inside = np.mean((columns[0] >= cuts[1][0]) & (columns[0] <= cuts[1][2]))
        shown = (", ".join(f"{value:.2f}" for value in cut) for cut in cuts)
        print(f"| {name} | {' | '.join(shown)} | {inside:.2f} |")


def track_counts(track: Any) -> dict[str, tuple[float, float]]:
    """Returns counts with what they are of."""
    melody, chords = track.notes["melody"], track.chords
    clashing = [note for note in melody if _clashes(note, chords)]
    strikes = strikes_of(track.notes["chords"])
    rootless = [s for s in strikes if not _has_root(s, track.notes["bass"], chords)]
    triads = [chord for chord in chords if chord.chord % NUM_QUALITIES in TRIADS]
    tops = [max(note.pitch for note in strike) for strike in strikes]
    drum_bars = bars_of(track.notes["drums"])
    return {
        "bars of the second hook in the first": hooks(track),
        "distinct drum bars": (len(set(drum_bars.values())), len(drum_bars)),
        "held clashes": (len(clashing), len(melody)),
        "rootless chords": (len(rootless), len(strikes)),
        "plain triads": (len(triads), len(chords)),
        "top voices that stay": (sum(np.diff(tops) == 0), len(tops) - 1),
        "sections with a crash, or a fill before": openings(track),
        "first and last chord the key's": (sum(_is_tonic(track, n) for n in (0, -1)), 2),
    }


def hooks(track: Any) -> tuple[int, int]:
    """Returns how many bars of the second hook's melody are in the first, and how many it has."""
    bars, stretches, bar = bars_of(track.notes["melody"]), [], 0
    for number, section in enumerate(track.plan.sections):
        if section.name == "hook":
            if number == 0 or track.plan.sections[number - 1].name != "hook":
                stretches.append([])
            stretches[-1] += range(bar, bar + section.bars)
        bar += section.bars
    if len(stretches) < 2:
        return 0, 0
    first, second = ([bars[bar] for bar in each if bar in bars] for each in stretches[:2])
    return sum(bar in first for bar in second), len(second)


def openings(track: Any) -> tuple[int, int]:
    """Returns how many sections with drums, but the first, open with a crash or after a fill."""
    drums, bar, found = track.notes["drums"], 0, []
    for section in track.plan.sections:
        start = bar * BAR
        if bar and any(start <= note.start < start + section.bars * BAR for note in drums):
            crash = any(n.pitch in CRASHES and abs(n.start - start) < 1 for n in drums)
            before = [n.pitch for n in drums if start - 8.5 <= n.start < start - 0.5]
            snares = sum(pitch in SNARES for pitch in before)
            found.append(crash or snares >= 3 or any(pitch in TOMS for pitch in before))
        bar += section.bars
    return sum(found), len(found)


def bars_of(notes: Sequence[Any]) -> dict[int, frozenset[tuple[int, int]]]:
    """Returns the bars that have notes, by their numbers: steps and pitches."""
    found: dict[int, set] = {}
    for note in notes:
        bar, step = divmod(max(0, round(note.start - 0.05)), BAR)
        found.setdefault(bar, set()).add((step, note.pitch))
    return {bar: frozenset(inside) for bar, inside in found.items()}


def strikes_of(notes: Sequence[Any]) -> list[list[Any]]:
    """Returns the notes of chords that are struck together, or rolled within a sixteenth."""
    found: list[list[Any]] = []
    for note in sorted(notes):
        if found and note.start - found[-1][0].start < 1:
            found[-1].append(note)
        else:
            found.append([note])
    return found


def melody_counts(notes: Sequence[Any]) -> dict[str, float]:
    """Returns what is counted of a melody over its first bars."""
    first = min(note.start for note in notes) // BAR * BAR
    notes = sorted(note for note in notes if note.start < first + BARS * BAR)
    steps = np.array([round(note.start) for note in notes])
    rows = np.stack([np.diff(steps), np.diff([note.pitch for note in notes])], 1)
    size = CELL - 1
    cells = Counter(rows[n : n + size].tobytes() for n in range(len(rows) - size + 1))
    repeated = sum(count for count in cells.values() if count > 1)
    bars = bars_of(notes)
    piece = NoteSequence(ticks_per_quarter=480)
    piece.tempos.add(qpm=QPM)
    for note in notes:
        piece.notes.add(
            pitch=note.pitch, velocity=note.velocity,
            start_time=max(0, note.start - first) / 8, end_time=(note.end - first) / 8,
        )  # fmt: skip
    excerpt = excerpt_of(piece, 4)
    return {
        "repeated cells": repeated / max(1, sum(cells.values())),
        "distinct bars": len(set(bars.values())) / len(bars),
    } | {name: float(FEATURES[name](excerpt)) for name in SINGLE}


def songs_of(folder: Path, every: int) -> list[list[Any]]:
    """Returns the melodies of POP909's songs, each the longest stretch in 4/4, in steps."""
    from lofi_tf.composing.step_notes import Note
    from saved_models.recipes.pop909 import MELODY, pieces_of

    found = []
    for path in sorted(folder.rglob("[0-9][0-9][0-9].mid"))[::every]:
        melodies = []
        for piece in pieces_of(path):
            step = 15 / piece.tempos[0].qpm
            rows = [n for n in piece.notes if n.instrument == MELODY]
            melodies.append(
                [Note(n.start_time / step, n.end_time / step, n.pitch, n.velocity) for n in rows]
            )
        longest = max(melodies, key=len, default=[])
        if len(longest) >= BARS // 2:
            found.append(longest)
    return found


def _clashes(note: Any, chords: Sequence[Any]) -> bool:
    start, length = round(note.start), note.end - note.start
    if length < 3.5 and not (start % STRONG == 0 and length >= 1.5):
        return False
    return any(
        (note.pitch - 1) % 12 in chord_classes(chord.chord)
        for chord in chords
        if min(note.end, chord.end) - max(start, chord.start) >= 1.5
    )


def _has_root(strike: Sequence[Any], bass: Sequence[Any], chords: Sequence[Any]) -> bool:
    step, end = strike[0].start + 2.5, max(note.end for note in strike)  # some come an eighth early
    near = [c for c in chords if c.start <= step and c.end > strike[0].start]
    tones = {note.pitch % 12 for note in strike}
    chord = max(reversed(near), key=lambda c: len(tones & chord_classes(c.chord)))
    root = chord.chord // NUM_QUALITIES
    low = [n for n in bass if n.end > chord.start - 2.5 and n.start < min(step + 2, end)]
    return any(note.pitch % 12 == root for note in (*strike, *low))


def _is_tonic(track: Any, place: int) -> bool:
    root, third = TONICS[track.plan.mode], 4 if track.plan.mode == "major" else 3
    chord = track.chords[place].chord
    return chord // NUM_QUALITIES == root and (root + third) % 12 in chord_classes(chord)


if __name__ == "__main__":
    with quiet.imports():
        import lofi_tf.backends.open  # noqa: F401
    main()
