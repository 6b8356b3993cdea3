"""Markers of MIDI files, and the sections that they begin."""

import numpy as np

from lofi_tf.music.chords import NO_CHORD, degrees_of
from lofi_tf.music.midi_events import META, read_events
from lofi_tf.music.midi_reader import tempo_map_of
from lofi_tf.music.midi_text import text_of

_MARKER = 0x06


def read_markers(data: bytes) -> list[tuple[float, str]]:
    """Returns time in seconds and text of each marker of a MIDI file, in their order in time.

    Raises what `read_midi` does.
    """
    events = read_events(data)
    tempo_map = tempo_map_of(events)
    found = [e for track in events.tracks for e in track if e[1] == META and e[2] == _MARKER]
    found.sort(key=lambda event: event[0])
    times = tempo_map.seconds(np.array([event[0] for event in found], np.int64))
    return [
        (float(time), text_of(event[3]).strip()) for time, event in zip(times, found, strict=True)
    ]


def sections_of(markers: list[tuple[float, str]], end: float) -> list[tuple[str, float, float]]:
    """Returns name, start and end of each section: from its marker to the next, or to `end`, in s.

    Chord symbols, which `write_midi` puts into markers too, begin no section. Where all of them
    are single letters, new ones in the order of the alphabet, such as A A B A C, they are the
    names of a form and begin sections.
    """
    chords = [text for _, text in markers if _is_chord(text)]
    new = list(dict.fromkeys(chords))
    if new == list("ABCDEFG"[: len(new)]):
        chords = []
    named = [(time, text) for time, text in markers if text and text not in chords]
    ends = [time for time, _ in named[1:]] + [end]
    spans = zip(named, ends, strict=False)  # without markers, `end` ends nothing
    return [(text, time, stop) for (time, text), stop in spans if stop > time]


def _is_chord(text: str) -> bool:
    return text == NO_CHORD or degrees_of(text) is not None
