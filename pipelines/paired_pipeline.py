"""The worker's part of prepare_paired: takes to render and files of notes, to examples."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from lofi_tf.audio.render import render_midi
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.paired import Pair
from lofi_tf.data.pairs.note_files import pair_of_file
from lofi_tf.data.pairs.rendered_phrases import NoteClip, rendered_midi
from lofi_tf.errors import NotConvertible
from pipelines.group_work import GroupWork
from pipelines.shard_pipeline import Output, hand_on

TAKES_A_GROUP, FILES_A_GROUP = 48, 32
RELEASE_SECONDS = 0.5  # between two takes, for what rings on
REFUSED = "refused"
COUNTERS, STAGES = ("notes", "examples"), (REFUSED,)


class Rendering(NamedTuple):
    """Takes of one length, of one instrument in one tuning.

    Attributes:
        number: of the group.
        instrument: name.
        program: General MIDI's.
        cents: tuning.
        seconds: length of a take.
        takes: what is played.
    """

    number: int
    instrument: str
    program: int
    cents: float
    seconds: float
    takes: list[NoteClip]


class Files(NamedTuple):
    """Files of single notes.

    Attributes:
        number: of the group.
        files: (instrument, path below the input folder) each.
        octaves: how much higher they sound than their names say.
    """

    number: int
    files: list[tuple[str, str]]
    octaves: int


class Settings(NamedTuple):
    """What the workers need to know.

    Attributes:
        converter: `paired` with its options.
        input_dir: of the files, one that all workers reach.
        soundfont: an .sf2 file, or None for the default.
        output: what is made of the examples.
    """

    converter: Mapping[str, Any]
    input_dir: str
    soundfont: str | None
    output: Output


class ConvertGroup(beam.DoFn):
    """Renders or reads a group; yields what `hand_on` does."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def setup(self):
        """Builds the converter once a worker."""
        self._converter = build_converter(self._settings.converter)

    def process(self, group: Rendering | Files) -> Iterator[Any]:
        """Yields where the examples of each shard lie, and the places of their sources."""
        output = self._settings.output
        with GroupWork(output.parts_dir, group.number) as work:
            if isinstance(group, Files):
                self._read(group, work)
            else:
                self._render(group, work)
        yield from hand_on(work, output, type(self))

    def _render(self, group: Rendering, work: GroupWork) -> None:
        pairs = self._pairs(group)
        examples: list[list] = [[] for _ in pairs]
        numbers = {id(pair): number for number, pair in enumerate(pairs)}
        for pair, example in self._converter.paired_examples(pairs):
            examples[numbers[id(pair)]].append(example)
        for take, found in zip(group.takes, examples, strict=True):
            work.add_all(found, take.source)
            work.counts["notes"] += len(take.notes)
        work.progress(len(group.takes))

    def _pairs(self, group: Rendering) -> list[Pair]:
        """Returns the takes with their sound."""
        rate = self._converter.sample_rate
        spacing = group.seconds + RELEASE_SECONDS
        midi = rendered_midi(group.takes, group.program, spacing)
        # What is rendered for another rate is in another tuning at the converter's.
        ratio = 2 ** (group.cents / 1200)
        audio = render_midi(midi, round(rate / ratio), self._settings.soundfont)
        samples, pairs = audio.samples.mean(axis=1), []
        size = round(group.seconds * rate)
        for number, take in enumerate(group.takes):
            begin = round(number * spacing * audio.sample_rate)
            heard = samples[begin : begin + size]
            heard = np.pad(heard, (0, size - len(heard)))
            notes = [
                note._replace(start=note.start / ratio, end=note.end / ratio) for note in take.notes
            ]
            pairs.append(Pair(heard, notes, group.instrument))
        return pairs

    def _read(self, group: Files, work: GroupWork) -> None:
        converter = self._converter
        frames = converter.first_frame + converter.num_frames
        seconds = frames * converter.frame_seconds
        for instrument, name in group.files:
            path = os.path.join(self._settings.input_dir, name)
            try:
                pair = pair_of_file(path, instrument, converter.sample_rate, seconds, group.octaves)
                work.add_all(converter.to_examples(pair), name)
                work.counts["notes"] += 1
            except NotConvertible as problem:
                rule, message = problem.rule, str(problem)
            except Exception as error:  # one odd file must not cost the others
                rule, message = "failed", f"{type(error).__name__}: {error}"
            else:
                rule, message = None, ""
            if rule:
                work.leave_out(REFUSED, rule, name, message)
                work.refusals.append((name, rule, message))
            work.progress(1)
