"""Beam's steps from audio files to examples.

    InputFile -> ListRecordings -> ConvertToExamples

Reading, cutting and converting are one step, for a file that is damaged at its end must give no
example at all: it is read block by block and its clips are written one by one, so that no more than
a block and a clip is in memory, and only when all of it was fine do their places travel on.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np

from lofi_tf.data.converters.clip_options import loud_clips
from lofi_tf.errors import NotConvertible
from pipelines.example_pipeline import ConvertToExamples, Item, Output
from pipelines.example_reports import Names, Report, left_out, step
from pipelines.folders import InputFile
from pipelines.progress import mark_done

REFUSED, LEFT_OUT = "refused_files", "left_out_clips"
NAMES = Names(("clips", "clipped", "examples"), (REFUSED, LEFT_OUT))


def to_item(file: InputFile, input_dir: str, temp_dir: str) -> Iterator[Item]:
    """Yields a file under its name."""
    # A name that is not UTF-8 reached us with escapes that no record can hold.
    source = file.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    yield Item((file.number,), source, os.path.join(input_dir, file.name))
    mark_done(temp_dir, 1)


class ConvertRecordings(ConvertToExamples):
    """Item of a file -> the examples of its clips."""

    def examples_of(self, item: Item) -> list[Any]:
        """Returns the examples of a file's loud clips, and how many clips there are."""
        counts: Counter[str] = Counter()
        try:
            outputs = self.stored(item.source, self._examples(item.content, counts))
        except NotConvertible as problem:
            if problem.rule != "silent":
                raise
            outputs = [self.refused(item, problem.rule, str(problem))]
        if silent := counts.pop("silent", 0):
            message = f"RMS below {self._converter.silence_db} dB"
            outputs.append(left_out(LEFT_OUT, "silent", item.place, item.source, message, silent))
        return [*outputs, Report(counts)]

    def _examples(self, path: str, counts: Counter[str]) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a file and counts its clips."""

        def counted():
            for clip in self._converter.clips(path):
                counts.update(clips=1, silent=clip.silent, clipped=clip.clipped)
                yield clip

        yield from map(self._converter.example_of, loud_clips(counted()))


@beam.ptransform_fn
def audio_to_examples(
    files: beam.PCollection, converter: Mapping[str, Any], input_dir: str, output: Output
) -> beam.PCollection:
    """InputFiles -> what `ConvertToExamples` yields; all workers reach the folder of the files."""
    items = files | "ListRecordings" >> step(to_item, input_dir, output.temp_dir)
    convert = ConvertRecordings(converter, output, REFUSED)
    return items | "ConvertToExamples" >> beam.ParDo(convert)
