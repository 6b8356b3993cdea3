"""Chords for a song that has none: voices near each other, in a rhythm where it is in 4/4."""

from collections.abc import Collection, Sequence

from lofi_tf.composing import voicing
from lofi_tf.composing.chords import chord_of, transposed
from lofi_tf.composing.comping import in_rhythm
from lofi_tf.composing.plan import Plan
from lofi_tf.composing.song_chords import SongChord
from lofi_tf.composing.song_time import SongTime
from lofi_tf.composing.step_notes import Note, stream
from lofi_tf.composing.voicing import Strike
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import C_MAJOR, chord_classes
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES
from lofi_tf.music.quantize import STEPS_PER_BAR

LOUDNESS, NEAR = (
    64.0,
    2.0,
)  # mean velocity; steps around a chord's beginning where a bass is its own
COLOURS = {"": ("maj9", "maj7", "6/9", "add9", "6"), "m": ("m9", "m7"), "7": ("9",)}
ENERGY = 0.4  # how often long chords are struck again


def song_keys(
    plan: Plan,
    time: SongTime,
    chords: Sequence[SongChord],
    bass: Sequence[Note],
    song: Sequence[Note],
) -> list[Note]:
    """Returns chords as keys play them, in steps; without a bass below them with their roots.

    Args:
        plan: of the track.
        time: of the track.
        chords: of the song.
        bass: that is played with them.
        song: what it plays itself, which added tones keep clear of.
    """
    seed = plan.parts["chords"].seed
    events = []
    for chord in chords:
        heard = [n.pitch for n in song if n.start < chord.end - 0.5 and n.end > chord.start + 0.5]
        in_c = transposed(chord.chord, -plan.shift)
        coloured = with_colour(in_c, {(pitch - plan.shift) % 12 for pitch in heard})
        events.append(ChordEvent(round(chord.start), round(chord.end), coloured))
    regular = all(bar.steps == STEPS_PER_BAR for bar in time.bars)
    struck = (
        in_rhythm(events, ENERGY, stream(seed, "rhythm")) if regular else _by_bars(events, time)
    )
    starts = [note.start for note in bass]
    strikes = []
    for event in struck:
        own = [chord for chord in events if chord.start <= event.start + NEAR][-1:] or events[:1]
        rooted = not any(abs(start - event.start) <= NEAR for start in starts)
        again = event.start > own[0].start
        strikes.append(Strike(event.start, event.end, event.chord, rooted, again))
    notes, _ = voicing.played(strikes, None, stream(seed, "touch"), LOUDNESS)
    return [note._replace(pitch=note.pitch + plan.shift) for note in notes]


def with_colour(chord: int, heard: Collection[int]) -> int:
    """Returns a plain chord of C major or A minor with a seventh or ninth, if the song bears it.

    What is added is of the scale, and no half step from a pitch class that is heard.
    """
    root, quality = divmod(chord, NUM_QUALITIES)
    own = chord_classes(chord)
    for name in COLOURS.get(CHORD_QUALITIES[quality].suffix, ()):
        found = chord_of(root, name)
        new = chord_classes(found) - own
        near = {(tone + side) % 12 for tone in new for side in (-1, 1)}
        if new <= C_MAJOR and not near & set(heard):
            return found
    return chord


def _by_bars(events: Sequence[ChordEvent], time: SongTime) -> list[ChordEvent]:
    """Returns chords struck again in each bar."""
    lines = [round(bar.start) for bar in time.bars]
    found = []
    for event in events:
        inside = [line for line in lines if event.start < line < event.end]
        edges = [event.start, *inside, event.end]
        found += [
            ChordEvent(start, end, event.chord)
            for start, end in zip(edges, edges[1:], strict=False)
            if end > start
        ]
    return found
