"""POP909 as records of melody, bass and chords on an even grid of beats.

The metre of POP909's MIDI files is unreliable and its tempo is that of a performance; its beat
files say where beats and bars are. Here beats become quarter notes of one tempo, stretches of bars
in 4/4 become pieces, chord labels become chord symbols, and the lowest notes of the piano become a
bass line.

    python -m saved_models.recipes.pop909 --input_dir=POP909 --output_file=pop909.tfrecord

`input_dir` holds `001.mid`, `001.beat_midi.txt`, `001.chord_midi.txt` and so on, at any depth.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.data.storage.tfrecord import write_records
from lofi_tf.music.midi import read_midi
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL

BEATS_PER_BAR = 4
LEAST_BARS = 4
STEPS_PER_BEAT = 4
MELODY, BASS = 0, 1  # instruments
BASS_PROGRAM = 33
BASS_BELOW = 60  # MIDI pitch; a note of the piano from there on is no bass
QUALITIES = {
    "maj": "", "min": "m", "maj7": "maj7", "min7": "m7", "7": "7", "dim": "dim", "aug": "aug",
    "sus2": "sus2", "sus4": "sus4", "sus4(b7)": "7sus", "maj6": "6", "min6": "m6", "dim7": "dim7",
    "hdim7": "m7b5", "minmaj7": "mmaj7",
}  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Writes the records; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input_dir", required=True)
    parser.add_argument("--output_file", required=True)
    args = parser.parse_args(argv)
    songs = sorted(Path(args.input_dir).rglob("[0-9][0-9][0-9].mid"))
    if not songs:
        print(f"no 001.mid and so on below --input_dir. Received: {args.input_dir}")
        return 2
    pieces = (piece for song in songs for piece in pieces_of(song))
    count = write_records((piece.SerializeToString() for piece in pieces), args.output_file)
    print(f"{count} pieces of {len(songs)} songs -> {args.output_file}")
    return 0


def pieces_of(song: Path) -> Iterator[NoteSequence]:
    """Yields the stretches of a song in 4/4; all have the song as `filename`, their source."""
    beats = np.loadtxt(song.with_suffix(".beat_midi.txt"))  # [N, 3]: seconds, bar of 2, bar of 4
    played = read_midi(song.read_bytes())
    numbers = {info.name: info.instrument for info in played.instrument_infos}
    lines = {name: [n for n in played.notes if n.instrument == i] for name, i in numbers.items()}
    chords = list(_chords(song.with_suffix(".chord_midi.txt")))
    for number, (first, last) in enumerate(stretches(np.flatnonzero(beats[:, 2] == 1))):
        piece = _Piece(beats[first : last + 1, 0], f"POP909/{song.stem}", number)
        piece.add_melody(lines.get("MELODY", []))
        piece.add_bass(lines.get("PIANO", []))
        piece.add_chords(chords)
        if piece.sequence.notes:
            yield piece.sequence


def stretches(bars: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yields first and last beat of the stretches of whole bars in 4/4, `LEAST_BARS` or longer.

    Args:
        bars: numbers of the beats that begin a bar, rising.
    """
    breaks = np.flatnonzero(np.diff(bars) != BEATS_PER_BAR)
    for run in np.split(bars, breaks + 1):
        if len(run) > LEAST_BARS:
            yield int(run[0]), int(run[-1])


class _Piece:
    """A piece on an even grid of beats, filled from what was played in seconds."""

    def __init__(self, beats: np.ndarray, source: str, number: int):
        self._beats, self._last = beats, len(beats) - 1
        self._seconds = float(np.median(np.diff(beats)))  # of a beat, from now on
        self.sequence = NoteSequence(id=f"{source}/{number}", filename=source)
        self.sequence.collection_name, self.sequence.ticks_per_quarter = "POP909", 220
        self.sequence.tempos.add(qpm=60 / self._seconds)
        self.sequence.time_signatures.add(numerator=BEATS_PER_BAR, denominator=4)
        self.sequence.total_time = self._last * self._seconds

    def add_melody(self, notes: list) -> None:
        """Adds the notes that begin in the piece."""
        for note in notes:
            start, end = self._beat(note.start_time), self._beat(note.end_time)
            if -0.125 <= start < self._last:
                self._add(note, max(start, 0), end, MELODY, 0)

    def add_bass(self, notes: list) -> None:
        """Adds a line of the lowest note of each step, where it is below `BASS_BELOW`.

        A note sounds until the line's next, a higher one beside it counts for nothing.
        """
        lowest = {}
        for note in notes:
            step = round(self._beat(note.start_time) * STEPS_PER_BEAT)
            inside = 0 <= step < self._last * STEPS_PER_BEAT
            if inside and note.pitch < BASS_BELOW:
                lowest[step] = min(note, lowest.get(step, note), key=lambda n: n.pitch)
        steps = sorted(lowest)
        for step, after in itertools.pairwise([*steps, self._last * STEPS_PER_BEAT]):
            end = min(self._beat(lowest[step].end_time), after / STEPS_PER_BEAT)
            self._add(lowest[step], step / STEPS_PER_BEAT, end, BASS, BASS_PROGRAM)

    def add_chords(self, chords: list[tuple[float, float, str]]) -> None:
        """Adds the chords as symbols, each at the nearest beat."""
        for start, end, figure in chords:
            first, after = round(self._beat(start)), round(self._beat(end))
            if after > max(first, 0) and first < self._last:
                self.sequence.text_annotations.add(
                    annotation_type=CHORD_SYMBOL, text=figure, time=max(first, 0) * self._seconds
                )

    def _add(self, note: Any, start: float, end: float, instrument: int, program: int) -> None:
        """Adds a note from beat to beat, at least a 32nd long."""
        end = min(max(end, start + 0.125), self._last)
        added = self.sequence.notes.add()
        added.pitch, added.velocity = note.pitch, note.velocity
        added.start_time, added.end_time = start * self._seconds, end * self._seconds
        added.instrument, added.program = instrument, program

    def _beat(self, seconds: float) -> float:
        """Returns the beat of a moment, counted from the first; outside it the tempo goes on."""
        beats = self._beats
        if seconds <= beats[0]:
            return (seconds - beats[0]) / self._seconds
        if seconds >= beats[-1]:
            return self._last + (seconds - beats[-1]) / self._seconds
        return float(np.interp(seconds, beats, np.arange(len(beats))))


def _chords(path: Path) -> Iterator[tuple[float, float, str]]:
    """Yields start, end and symbol of the labels of a file, such as `B:min7/b3` or `N`."""
    for line in path.read_text().splitlines():
        start, end, label = line.split("\t")
        root, _, rest = label.partition(":")
        quality = rest.partition("/")[0]
        figure = "N.C." if root == "N" else root + QUALITIES[quality]
        yield float(start), float(end), figure


if __name__ == "__main__":
    sys.exit(main())
