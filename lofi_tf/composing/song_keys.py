"""Chords for a song that has none: voices near each other, in a rhythm where it is in 4/4."""

from collections.abc import Sequence

from lofi_tf.composing import voicing
from lofi_tf.composing.chords import transposed
from lofi_tf.composing.comping import in_rhythm
from lofi_tf.composing.plan import Plan
from lofi_tf.composing.song_chords import SongChord
from lofi_tf.composing.song_time import SongTime
from lofi_tf.composing.step_notes import Note, stream
from lofi_tf.composing.voicing import Strike
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.music.quantize import STEPS_PER_BAR

LOUDNESS, NEAR = (
    64.0,
    2.0,
)  # mean velocity; steps around a chord's beginning where a bass is its own
ENERGY = 0.4  # how often long chords are struck again


def song_keys(
    plan: Plan, time: SongTime, chords: Sequence[SongChord], bass: Sequence[Note]
) -> list[Note]:
    """Returns chords as keys play them, in steps; without a bass below them with their roots."""
    seed = plan.parts["chords"].seed
    events = [
        ChordEvent(round(chord.start), round(chord.end), transposed(chord.chord, -plan.shift))
        for chord in chords
    ]
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
