"""Drums as hits, velocities and timing offsets on a grid: the representation of GrooVAE."""

import dataclasses
import functools
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.converters.drum_grid import DrumGrid, drum_grid, drum_notes
from lofi_tf.data.converters.grid_converter import GridConverter
from lofi_tf.data.converters.groove_options import checked_options
from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import Classes, class_table
from lofi_tf.music.quantize import Grid, grid_of, refusal

if TYPE_CHECKING:
    import tensorflow as tf

DRUM_INSTRUMENT = 9


@dataclasses.dataclass(frozen=True)
class GrooveConverter(GridConverter):
    """Drum music to and from hits, velocities and offsets; follows Magenta's GrooveConverter.

    A step of D drums is hits (D) || velocities / 127 (D) || offsets (D). The loudest note of a drum
    in a step wins, of equally loud ones the first.

    Attributes:
        split_bars: bars in an example; None makes one example of the whole piece.
        steps_per_quarter, quarters_per_bar: the grid.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all.
        pitch_classes: `roland`, `reduced`, `full` or lists of MIDI pitches, one a drum; None is
            `roland`.
        inference_pitch_classes: the same for mode `infer`; None is `reduced` if `pitch_classes` is
            None or `roland`, else `pitch_classes`.
        humanize: inputs lose velocities and offsets.
        tapify: inputs keep only the loudest drum of each step, as open hi-hat.
        add_instruments: drums (0 to D - 1) that inputs lose.
        num_velocity_bins, num_offset_bins: one-hot velocities and offsets in that many bins; both
            or none.
        split_instruments: each drum has a step of its own, T = steps * D, with its number as
            one-hot control.
        hop_size: steps between examples; None is their length.
        hits_as_controls: the hits are given as controls.
        fixed_velocities: inputs lose velocities.
        max_note_dropout_probability: in training, inputs lose notes, soft ones more often: each
            with p * max(0.2, 1 - velocity), p uniform from 0 to this, drawn for each example.
        unknown_pitch: what a pitch in no class becomes: `nearest` the class of the most similar
            drum, `drop` nothing, `error` refuses the piece. `error` is Magenta's way: it also takes
            every note for a drum; the others ignore melodic notes where drum notes are marked.
        mode: `train`, `eval` or `infer`; `infer` reads and writes by `inference_pitch_classes`.
        seed: of the draw of `max_tensors_per_notesequence`.

    Raises:
        LofiError: an option out of range.
    """

    split_bars: int | None = None
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    max_tensors_per_notesequence: int | None = None
    pitch_classes: str | Classes | None = None
    inference_pitch_classes: str | Classes | None = None
    humanize: bool = False
    tapify: bool = False
    add_instruments: tuple[int, ...] | None = None
    num_velocity_bins: int | None = None
    num_offset_bins: int | None = None
    split_instruments: bool = False
    hop_size: int | None = None
    hits_as_controls: bool = False
    fixed_velocities: bool = False
    max_note_dropout_probability: float | None = None
    unknown_pitch: str = "nearest"
    mode: str = "train"
    seed: int = 0

    def __post_init__(self):
        for name, value in checked_options(self).items():
            object.__setattr__(self, name, value)

    @property
    def num_drums(self) -> int:
        """Number of drums D."""
        return len(self.pitch_classes)

    @property
    def classes(self) -> Classes:
        """The pitch classes of this mode."""
        return self.inference_pitch_classes if self.mode == "infer" else self.pitch_classes

    @property
    def is_categorical(self) -> bool:
        """Whether velocities and offsets are one-hot."""
        return self.num_velocity_bins is not None

    @property
    def drum_depth(self) -> int:
        """Numbers that describe one drum at one step."""
        return 1 + self.num_velocity_bins + self.num_offset_bins if self.is_categorical else 3

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `hits`, `velocities` uint8 [S, D], `offsets` float32 [S, D], `length`.

        One-hot offsets store their bins, uint8 [S, D], as `offset_bins` instead. `length` int32 []
        is in steps of the model.
        """
        from lofi_tf.data.model_inputs import groove

        return groove.example_spec(self)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs`, `targets` [T, depth], `controls` if any, `length`."""
        from lofi_tf.data.model_inputs import groove

        return groove.model_spec(self)

    def to_examples(self, note_sequence: Any) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a piece in time order, by `example_spec`.

        Args:
            note_sequence: a NoteSequence.

        Raises:
            NotConvertible: `metre_change`, `metre`, `tempo_change`, `tempo`, `negative_time`,
                `too_long`, `unknown_pitch`, `no_notes` or `too_short`, raised at the call for the
                first example.
        """
        drums = self.to_grid(note_sequence)
        arrays = {"hits": drums.hits, "velocities": drums.velocities} | self._stored(drums.offsets)
        starts, size = self._windows(len(drums.hits), note_sequence)
        length = np.int32(size * self.num_drums if self.split_instruments else size)
        for start in starts:
            window = slice(start, start + size)
            yield {name: array[window] for name, array in arrays.items()} | {"length": length}

    def to_grid(self, note_sequence: Any) -> DrumGrid:
        """Returns a whole piece on the grid.

        Raises:
            NotConvertible: as `to_examples`, but for `too_short`.
        """
        grid = grid_of(note_sequence, self.steps_per_quarter, self.steps_per_bar)
        strict = self.unknown_pitch == "error"
        notes = drum_notes(note_sequence, self._class_table, strict)
        return drum_grid(notes, grid, self.num_drums, self.steps_per_bar)

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor | None" = None
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        Only `max_note_dropout_probability` is random. Magenta draws it in every mode; to evaluate
        as it does, call with `training` and a fixed seed.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., S, D]`.
            training: whether notes are dropped.
            seed: int32 [2]; the same seed drops the same notes. Each example of a batch has draws
                of its own. Unused where nothing is drawn.
        """
        from lofi_tf.data.model_inputs import groove

        return groove.to_model(self, example, training, seed)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array, exactly Magenta's notes.

        A note sounds where its hit is above 0.5, for one step. An early note of the first step
        starts before zero.

        Args:
            outputs: [T, depth]: hits, velocities in [0, 1], offsets in [-1, 1] (or one-hot bins).
            qpm: quarters per minute; Magenta's is always 120.
            controls: [T, 9] that it was decoded with; nothing is taken from them.

        Raises:
            LofiError: an array of another shape.
        """
        from lofi_tf.music.sequence_proto import NoteSequence

        hits, velocities, offsets = self.fields(np.asarray(outputs, np.float64))
        steps, drums = np.nonzero(hits > 0.5)
        step_seconds = Grid(qpm, self.steps_per_quarter).step_seconds
        starts = (steps - offsets[steps, drums]) * step_seconds
        sequence = NoteSequence()
        sequence.tempos.add(qpm=qpm)
        pitches = np.array([pitches[0] for pitches in self.classes])
        columns = (pitches[drums], velocities[steps, drums], starts, starts + step_seconds)
        for pitch, velocity, start, end in zip(*(c.tolist() for c in columns), strict=True):
            sequence.notes.add(
                pitch=pitch,
                velocity=velocity,
                start_time=start,
                end_time=end,
                instrument=DRUM_INSTRUMENT,
                is_drum=True,
            )
        return sequence

    @functools.cached_property
    def _class_table(self) -> np.ndarray:
        return class_table(self.classes, nearest=self.unknown_pitch == "nearest")

    @functools.cached_property
    def _offset_edges(self) -> np.ndarray:
        return bin_edges(-1.0, 1.0, self.num_offset_bins)

    def _stored(self, offsets: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the offsets as `example_spec` holds them; bins come from the float64 values."""
        if not self.is_categorical:
            return {"offsets": offsets.astype(np.float32)}
        return {"offset_bins": to_bins(offsets, self._offset_edges).astype(np.uint8)}

    def _windows(self, num_steps: int, note_sequence: Any) -> tuple[list[int], int]:
        """Returns the first step of each example, and their size in steps."""
        if self.split_bars is None:
            return [0], num_steps
        size = self.split_bars * self.steps_per_bar
        starts = range(0, num_steps - size + 1, self.hop_size or size)
        if not starts:
            raise refusal(
                "too_short",
                "it is shorter than an example",
                f"{self.split_bars} bars or more",
                f"{num_steps // self.steps_per_bar} bars",
            )
        cap = self.max_tensors_per_notesequence
        if cap is None or len(starts) <= cap:
            return list(starts), size
        if self.mode != "train":
            return list(starts[:cap]), size
        name = zlib.crc32(f"{note_sequence.id}/{note_sequence.filename}".encode())
        drawn = np.random.default_rng([self.seed, name]).choice(starts, cap, replace=False)
        return sorted(drawn.tolist()), size

    def fields(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns hits, velocities (int64, 0 to 127) and offsets in steps, each [S, D]."""
        split, drums, depth = self.split_instruments, self.num_drums, self.drum_depth
        width = depth if split else depth * drums
        if outputs.ndim != 2 or outputs.shape[1] != width or (split and len(outputs) % drums):
            whole = f", T a multiple of {drums}" if split else ""
            raise LofiError(
                f"outputs of another shape. Allowed: [T, {width}]{whole}. "
                f"Received: {list(outputs.shape)}"
            )
        sizes = (
            (1, self.num_velocity_bins, self.num_offset_bins) if self.is_categorical else (1,) * 3
        )
        cuts = np.cumsum(sizes)[:-1] * (1 if split else drums)
        hits, velocities, offsets = (
            part.reshape(-1, drums, size)
            for part, size in zip(np.split(outputs, cuts, axis=1), sizes, strict=True)
        )  # [S, D, bins]
        if self.is_categorical:
            velocities = np.argmax(velocities, -1) / self.num_velocity_bins * 127
            return hits[..., 0], velocities.astype(int), np.argmax(offsets, -1) / sizes[2] - 0.5
        velocities = np.clip(np.round(velocities[..., 0] * 127), 0, 127).astype(int)
        return hits[..., 0], velocities, np.clip(offsets[..., 0] / 2, -0.5, 0.5)


def bin_edges(low: float, high: float, num_bins: int) -> np.ndarray:
    """Returns the upper edges of the bins, float64 [num_bins]; the last lies just above `high`."""
    return np.linspace(low, high + 0.0001, num_bins)


def to_bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Returns the bin of each value, 0 to the number of edges - 1."""
    return np.minimum(np.digitize(values, edges, right=True), len(edges) - 1)
