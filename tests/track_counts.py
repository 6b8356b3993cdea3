"""What can be counted of a track: how its melody sits on the chords, and how often it repeats."""

from collections import Counter
from collections.abc import Sequence

from lofi_tf.composing.compose import Track
from lofi_tf.composing.harmony import chord_at
from lofi_tf.composing.plan import PARTS, blocks_of
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, fingerprint, moved, within
from lofi_tf.generation.scoring import STRONG, chord_classes
from lofi_tf.music.quantize import STEPS_PER_BAR


def strong_share(track: Track) -> float:
    """Returns the share of the melody's notes on strong beats, 1 and 3, that are chord tones."""
    strong = [note for note in track.notes["melody"] if round(note.start) % STRONG == 0]
    fits = [
        note.pitch % 12 in chord_classes(chord_at(track.chords, round(note.start)))
        for note in strong
    ]
    return sum(fits) / len(fits) if fits else 1.0


def most_repeats(track: Track) -> dict[str, int]:
    """Returns how often the commonest four bars come exactly, of each part and of `all`."""
    return {name: _commonest(track, [name]) for name in PARTS} | {"all": _commonest(track, PARTS)}


def _commonest(track: Track, parts: Sequence[str]) -> int:
    found = Counter()
    for block in blocks_of(track.plan):
        if block.bars == BLOCK_BARS:
            notes = [_block(track.notes[name], block.start_bar) for name in parts]
            if any(notes):
                found[tuple(map(fingerprint, notes))] += 1
    return max(found.values(), default=0)


def _block(notes: Sequence[Note], start_bar: int) -> list[Note]:
    start = start_bar * STEPS_PER_BAR
    size = BLOCK_BARS * STEPS_PER_BAR
    return moved(within(notes, start - 0.5, start + size - 0.5), -start)
