"""What can be counted of a track: how its melody sits on the chords, and what comes back."""

from collections.abc import Sequence

from lofi_tf.composing.chords import chord_at
from lofi_tf.composing.compose import Track
from lofi_tf.composing.step_notes import Note
from lofi_tf.generation.scoring import BEAT, STRONG, chord_classes
from lofi_tf.music.chord_qualities import NUM_QUALITIES
from lofi_tf.music.quantize import STEPS_PER_BAR

Bar = frozenset[tuple[int, int]]


def strong_share(track: Track) -> float:
    """Returns the share of the melody's notes on strong beats, 1 and 3, that are chord tones."""
    strong = [note for note in track.notes["melody"] if round(note.start) % STRONG == 0]
    fits = [
        note.pitch % 12 in chord_classes(chord_at(track.chords, round(note.start)))
        for note in strong
    ]
    return sum(fits) / len(fits) if fits else 1.0


def held_clashes(track: Track) -> list[Note]:
    """Returns the melody's notes of a beat and more that lie a half step above a chord tone."""
    return [
        note for note in track.notes["melody"]
        if round(note.end - note.start) >= BEAT
        and (note.pitch - 1) % 12 in chord_classes(chord_at(track.chords, round(note.start)))
    ]  # fmt: skip


def rootless(track: Track) -> list[float]:
    """Returns where chords are struck whose root neither they nor the bass has begun to play."""
    strikes: dict[int, list[Note]] = {}
    for note in track.notes["chords"]:
        strikes.setdefault(int(note.start + 0.01), []).append(note)
    found = []
    for step, notes in strikes.items():
        chord = [c for c in track.chords if c.start <= step + 2][-1]  # some come an eighth early
        low = [
            n for n in track.notes["bass"] if chord.start - 1 < n.start < max(step, chord.start) + 4
        ]
        roots = {note.pitch % 12 for note in (*notes, *low)}
        if chord.chord // NUM_QUALITIES not in roots:
            found.append(step)
    return found


def bars_of(notes: Sequence[Note], first: int, count: int) -> list[Bar]:
    """Returns the notes of some bars, by step and pitch."""
    found: list[set[tuple[int, int]]] = [set() for _ in range(count)]
    for note in notes:
        bar, step = divmod(round(note.start - 0.05), STEPS_PER_BAR)
        if first <= bar < first + count:
            found[bar - first].add((step, note.pitch))
    return [frozenset(bar) for bar in found]
