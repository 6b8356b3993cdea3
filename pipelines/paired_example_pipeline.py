"""Beam's steps from clips to render and files of single notes to examples.

    Rendering or NoteFile -> RenderClips -> ConvertPairs

Both kinds go one way: where two ways meet, Beam's direct runner holds all sound in memory.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from lofi_tf.data.converters.paired import Pair
from lofi_tf.data.pairs.note_files import pair_of_file
from lofi_tf.data.pairs.rendered_phrases import NoteClip, sequence_of
from lofi_tf.rendering.notes import render_notes
from pipelines.example_pipeline import ConvertToExamples, Item, Output
from pipelines.example_reports import Names, counted, step
from pipelines.progress import mark_done

CLIPS_A_RENDERING = 48
RELEASE_SECONDS = 0.5  # between two clips, for what rings on
REFUSED = "refused"
NAMES = Names(("notes", "examples"), (REFUSED,))


class Rendering(NamedTuple):
    """Clips of one length, of an instrument (a program) in one tuning; `number` of all inputs."""

    number: int
    instrument: str
    program: int
    cents: float
    seconds: float
    clips: list[NoteClip]


class NoteFile(NamedTuple):
    """A recording of a single note, by its path below the input folder; `number` of all inputs.

    It sounds so many octaves higher than its name says.
    """

    number: int
    instrument: str
    name: str
    octaves: int


def to_pairs(
    element: Rendering | NoteFile, sample_rate: int, soundfont: str | None, temp_dir: str
) -> Iterator[Item]:
    """Yields a rendering's pairs with their sources, or a file as it is."""
    if isinstance(element, NoteFile):
        yield Item((element.number,), element.name, element)
        mark_done(temp_dir, 1)
    else:
        pairs = rendered_pairs(element, sample_rate, soundfont)
        yield Item((element.number,), element.instrument, pairs)
        mark_done(temp_dir, len(pairs))


def rendered_pairs(
    rendering: Rendering, sample_rate: int, soundfont: str | None
) -> list[tuple[str, Pair]]:
    """Returns the clips of a rendering, (source, with its sound) each."""
    spacing = rendering.seconds + RELEASE_SECONDS
    sequence = sequence_of(rendering.clips, rendering.program, spacing)
    # What is rendered for another rate is in another tuning at the converter's.
    ratio = 2 ** (rendering.cents / 1200)
    audio = render_notes(sequence, round(sample_rate / ratio), soundfont)
    samples, size = audio.samples.mean(axis=1), round(rendering.seconds * sample_rate)
    pairs = []
    for number, clip in enumerate(rendering.clips):
        begin = round(number * spacing * audio.sample_rate)
        part = samples[begin : begin + size]
        notes = [
            note._replace(start=note.start / ratio, end=note.end / ratio) for note in clip.notes
        ]
        part = np.pad(part, (0, size - len(part)))
        pairs.append((clip.source, Pair(part, notes, rendering.instrument)))
    return pairs


class ConvertPairs(ConvertToExamples):
    """Item of pairs, or of a NoteFile -> examples.

    A file is read and converted in one step, for what is wrong with it shows in either.
    """

    def __init__(self, converter: Mapping[str, Any], input_dir: str, output: Output):
        super().__init__(converter, output, REFUSED)
        self._input_dir = input_dir

    def examples_of(self, item: Item) -> list[Any]:
        """Returns the examples of each pair, and how many notes sound."""
        if isinstance(item.content, NoteFile):
            pairs = [(item.source, self._pair_of(item.content))]
        else:
            pairs = item.content
        examples: dict[int, list] = {id(pair): [] for _, pair in pairs}
        for pair, example in self._converter.paired_examples([pair for _, pair in pairs]):
            examples[id(pair)].append(example)
        outputs = [counted(notes=sum(len(pair.notes) for _, pair in pairs))]
        for source, pair in pairs:
            outputs += self.stored(source, examples[id(pair)])
        return outputs

    def _pair_of(self, file: NoteFile) -> Pair:
        converter = self._converter
        seconds = (converter.first_frame + converter.num_frames) * converter.frame_seconds
        path = os.path.join(self._input_dir, file.name)
        return pair_of_file(path, file.instrument, converter.sample_rate, seconds, file.octaves)


@beam.ptransform_fn
def pairs_to_examples(
    inputs: beam.PCollection,
    converter: Mapping[str, Any],
    input_dir: str,
    soundfont: str | None,
    output: Output,
) -> beam.PCollection:
    """Renderings and NoteFiles, in a folder workers reach -> what `ConvertToExamples` yields."""
    render = step(to_pairs, converter["sample_rate"], soundfont, output.temp_dir)
    convert = ConvertPairs(converter, input_dir, output)
    return inputs | "RenderClips" >> render | "ConvertToExamples" >> beam.ParDo(convert)
