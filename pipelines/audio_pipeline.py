"""The worker's part of prepare_audio: groups of audio files to examples.

A worker reads a file block by block and writes clip after clip to its group's piece; the rest of
the way is that of `shard_pipeline`. So no more than a block and a clip is in memory, however long a
recording is.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.clip_options import loud_clips
from lofi_tf.errors import NotConvertible
from pipelines.group_work import GroupWork
from pipelines.shard_pipeline import Output, hand_on

FILES_A_GROUP = 32
BYTES_A_GROUP = 16 * 2**20
REFUSED, LEFT_OUT = "refused_files", "left_out_clips"
COUNTERS, STAGES = ("clips", "clipped", "examples"), (REFUSED, LEFT_OUT)


class Group(NamedTuple):
    """Files that one worker takes, as paths below the input folder."""

    number: int
    names: list[str]


class Settings(NamedTuple):
    """What the workers need to know.

    Attributes:
        converter: `waveform` or `spectrum` with its options, `{kind: ..., **kwargs}`.
        input_dir: the folder, one that all workers reach.
        output: what is made of the examples.
    """

    converter: Mapping[str, Any]
    input_dir: str
    output: Output


def make_groups(input_dir: str, names: list[str]) -> list[Group]:
    """Deals files out to groups, in order: up to 32 small ones, each large one alone."""
    groups: list[Group] = []
    room = 0
    for name in names:
        path = os.path.join(input_dir, name)
        size = os.path.getsize(path) if os.path.exists(path) else 0
        room -= size
        if not groups or room < 0 or len(groups[-1].names) == FILES_A_GROUP:
            groups.append(Group(len(groups), []))
            room = BYTES_A_GROUP - size
        groups[-1].names.append(name)
    return groups


class ConvertGroup(beam.DoFn):
    """Converts the files of a group; yields what `hand_on` does."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def setup(self):
        """Builds the converter once a worker."""
        self._converter = build_converter(self._settings.converter)

    def process(self, group: Group) -> Iterator[Any]:
        """Yields where the examples of each shard lie, and the places of their sources."""
        output = self._settings.output
        with GroupWork(output.parts_dir, group.number) as work:
            for name in group.names:
                self._convert(name, work)
                work.progress(1)
        yield from hand_on(work, output, type(self))

    def _convert(self, name: str, work: GroupWork) -> None:
        """Takes in the clips of a file, all of them or none."""
        # A name that is not UTF-8 reached us with escapes that no record can hold.
        source = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found: Counter[str] = Counter()
        try:
            path = os.path.join(self._settings.input_dir, name)
            work.add_all(self._examples(path, found), source)
        except NotConvertible as problem:
            rule, message = problem.rule, str(problem)
        except Exception as error:  # one odd file must not cost the others
            rule, message = "failed", f"{type(error).__name__}: {error}"
        else:
            rule, message = None, ""
        if rule:
            work.leave_out(REFUSED, rule, source, message)
            work.refusals.append((source, rule, message))
        if rule in (None, "silent"):
            for counted in ("clips", "clipped"):
                work.counts[counted] += found[counted]
            work.leave_out(LEFT_OUT, "silent", source, self._silence, found["silent"])

    def _examples(self, path: str, found: Counter[str]) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a file and counts its clips."""

        def counted():
            for clip in self._converter.clips(path):
                found.update(clips=1, silent=clip.silent, clipped=clip.clipped)
                yield clip

        yield from map(self._converter.example_of, loud_clips(counted()))

    @property
    def _silence(self) -> str:
        return f"RMS below {self._converter.silence_db} dB"
