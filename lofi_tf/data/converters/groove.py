"""Drums as hits, velocities and timing offsets on a grid: the representation of GrooVAE."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

import numpy as np

from lofi_tf.data.converters import groove_conditions as conditions
from lofi_tf.data.converters.base import steps_of_depth
from lofi_tf.data.converters.bins import bin_edges, to_bins
from lofi_tf.data.converters.drum_grid import DrumGrid, drum_grid, drum_notes, marks_no_drum
from lofi_tf.data.converters.excerpt_codes import Codes, codes_of_grids, of_steps
from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.data.converters.options import Probability
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.data.converters.tracks import DRUM_INSTRUMENT
from lofi_tf.data.converters.windows import capped
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import REDUCED, Classes, class_table, drum_classes
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.settings import DIFFERENT, Bounds, Size, checked

TAP_CHANNEL = 3  # a tapped rhythm is written as open hi-hat

MADE = {
    "humanize": "velocities and timing for plain hits",
    "tap2drum": "a drum part for a tapped rhythm",
    "add_hihats": "drums that a part is without",
    "groove_transfer": "the feel of one beat for the hits of another",
}

Bins = Annotated[int, Bounds(2)]
Styles = Annotated[tuple[str, ...], DIFFERENT]
UnknownPitch = Literal["nearest", "drop", "error"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GrooveConverter(GridConverter):
    """Drum music to and from hits, velocities and offsets; follows Magenta's GrooveConverter.

    A step of D drums is hits (D) || velocities / 127 (D) || offsets (D). The loudest note of a drum
    in a step wins, of equally loud ones the first.

    Attributes:
        split_bars: bars in an example; None makes one example of the whole piece.
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
        taps_as_controls: in place of the hits, when and how early anything is hit is a control.
        place_controls: the place in the bar is a control.
        phrase_bars: the bar's number in phrases of so many, from the piece's beginning, is one.
        tempo_controls: the tempo is one.
        styles: genres, one of which is a control where a piece's metadata names it.
        density_controls: the number of hits a bar is one.
        control_dropout: chance of the phrase, the style and the density each to be left out in
            training; evaluation leaves them out.
        fixed_velocities: inputs lose velocities.
        max_note_dropout_probability: in training, inputs lose notes, soft ones more often: each
            with p * max(0.2, 1 - velocity), p uniform from 0 to this, drawn for each example.
        max_drum_dropout_probability: in training, inputs lose whole drums, each with p uniform from
            0 to this, drawn for each example.
        unknown_pitch: what a pitch in no class becomes: `nearest` the class of the most similar
            drum, `drop` nothing, `error` refuses the piece. `error` is Magenta's way: it also takes
            every note for a drum; the others ignore melodic notes where drum notes are marked.
        mode: `infer` reads and writes by `inference_pitch_classes`.
    """

    kind: ClassVar[str] = "groove"
    loop: ClassVar[str] = "beat"
    expressive: ClassVar[bool] = True
    only_drums: ClassVar[bool] = True
    keeps_early_notes: ClassVar[bool] = True

    split_bars: Size | None = None
    pitch_classes: str | Classes | None = None
    inference_pitch_classes: str | Classes | None = None
    humanize: bool = False
    tapify: bool = False
    add_instruments: Any = None  # by the number of drums, below
    num_velocity_bins: Bins | None = None
    num_offset_bins: Bins | None = None
    split_instruments: bool = False
    hop_size: Size | None = None
    hits_as_controls: bool = False
    taps_as_controls: bool = False
    place_controls: bool = False
    phrase_bars: Size | None = None
    tempo_controls: bool = False
    styles: Styles | None = None
    density_controls: bool = False
    control_dropout: Probability = 0.5
    fixed_velocities: bool = False
    max_note_dropout_probability: Probability | None = None
    max_drum_dropout_probability: Probability | None = None
    unknown_pitch: UnknownPitch = "nearest"

    def __post_init__(self):
        super().__post_init__()
        if (self.num_velocity_bins is None) != (self.num_offset_bins is None):
            raise LofiError(
                "num_velocity_bins and num_offset_bins belong together. Allowed: both or none. "
                f"Received: {self.num_velocity_bins!r}, {self.num_offset_bins!r}"
            )
        if self.hop_size is not None and self.split_bars is None:
            raise LofiError(f"hop_size needs split_bars. Received: hop_size={self.hop_size}")
        plain, infer = self.pitch_classes in (None, "roland"), self.inference_pitch_classes
        train = drum_classes("roland" if plain else self.pitch_classes)
        infer = drum_classes(infer or (REDUCED if plain else train), "inference_pitch_classes")
        if len(train) != len(infer):
            raise LofiError(
                "inference_pitch_classes must be as many as pitch_classes. "
                f"Allowed: {len(train)}. Received: {len(infer)}"
            )
        if self.taps_as_controls and (
            not self.tapify
            or self.hits_as_controls
            or self.split_instruments
            or self.is_categorical
        ):
            raise LofiError(
                "taps_as_controls needs tapify, and no hits_as_controls, split_instruments or bins"
            )
        if self.tapify and len(train) <= TAP_CHANNEL:
            raise LofiError(
                f"tapify needs {TAP_CHANNEL + 1} pitch classes or more. Received: {len(train)}"
            )
        added = self.add_instruments
        if added is not None:
            drums = tuple[Annotated[int, Bounds(0, len(train) - 1)], ...]
            added = () if added in ([], ()) else checked("add_instruments", added, drums)
        classes = {"pitch_classes": train, "inference_pitch_classes": infer}
        for name, value in (classes | {"add_instruments": added}).items():
            object.__setattr__(self, name, value)

    @property
    def num_drums(self) -> int:
        """Number of drums D."""
        return len(self.pitch_classes)

    @property
    def classes(self) -> Classes:
        """The pitch classes of this mode."""
        groups = self.inference_pitch_classes if self.mode == "infer" else self.pitch_classes
        return cast(Classes, groups)

    @property
    def is_categorical(self) -> bool:
        """Whether velocities and offsets are one-hot."""
        return self.num_velocity_bins is not None

    @property
    def drum_depth(self) -> int:
        """Numbers that describe one drum at one step."""
        return 1 + self.num_velocity_bins + self.num_offset_bins if self.is_categorical else 3

    @property
    def rows_a_step(self) -> int:
        """Rows of what the model is fed that are one step of the grid."""
        return self.num_drums if self.split_instruments else 1

    @property
    def num_steps(self) -> int | None:
        return self.split_bars and self.split_bars * self.steps_per_bar * self.rows_a_step

    @property
    def depth(self) -> int:
        return self.drum_depth * self.num_drums // self.rows_a_step

    @property
    def control_depth(self) -> int:
        hits = self.num_drums // self.rows_a_step if self.hits_as_controls else 0
        hits += 2 if self.taps_as_controls else 0
        number = self.num_drums if self.split_instruments else 0
        return hits + number + conditions.depth_of(self)

    def own_controls(
        self, num_rows: int, qpm: float, first_bar: int | None = None
    ) -> np.ndarray | None:
        """Returns controls [T, C] of new music; None where there are none, or hits among them."""
        given = self.hits_as_controls or self.taps_as_controls or self.split_instruments
        if given or not self.control_depth:
            return None
        return conditions.rows_of(self, num_rows, qpm, first_bar)

    def conditioned(
        self, controls: np.ndarray | None, style: str | None, density: float | None
    ) -> np.ndarray | None:
        unknown = (None if self.styles else style, None if self.density_controls else density)
        super().conditioned(controls, *unknown)
        return conditions.told(self, controls, style, density)

    @property
    def example_spec(self) -> Specs:
        """What is stored: `hits`, `velocities` uint8 [S, D], `offsets` float32 [S, D], `length`.

        One-hot offsets store their bins, uint8 [S, D], as `offset_bins` instead. `length` int32 []
        is in rows of what the model is fed. Conditions: see `groove_conditions.stored_spec`.
        """
        shape = (self.split_bars and self.split_bars * self.steps_per_bar, self.num_drums)
        grids = {"hits": "uint8", "velocities": "uint8"}
        grids |= {"offset_bins": "uint8"} if self.is_categorical else {"offsets": "float32"}
        spec = {name: ArraySpec(dtype, shape) for name, dtype in grids.items()}
        return spec | conditions.stored_spec(self) | {"length": ArraySpec("int32")}

    def _examples(self, note_sequence: Any) -> Iterator[Example]:
        drums = self.to_grid(note_sequence)
        arrays = {"hits": drums.hits, "velocities": drums.velocities} | self._stored(drums.offsets)
        starts, size = self._windows(len(drums.hits), note_sequence)
        length = np.int32(size * self.rows_a_step)
        qpm = grid_of(note_sequence, self.steps_per_quarter, self.steps_per_bar).qpm
        for start in starts:
            window = slice(start, start + size)
            cells = {name: array[window] for name, array in arrays.items()}
            known = conditions.stored_of(self, note_sequence, qpm, start)
            yield cells | known | {"length": length}

    def to_grid(self, note_sequence: Any) -> DrumGrid:
        """Returns a whole piece on the grid; refuses what `to_examples` does."""
        grid = grid_of(note_sequence, self.steps_per_quarter, self.steps_per_bar)
        strict = self.unknown_pitch == "error"
        notes = drum_notes(note_sequence, self._class_table, strict)
        return drum_grid(notes, grid, self.num_drums, self.steps_per_bar)

    @property
    def bars(self) -> int | None:
        return self.split_bars

    @property
    def music(self) -> str:
        made = (words for mode, words in MADE.items() if mode in self.modes)
        return next(made, "drums with velocities and timing")

    @property
    def modes(self) -> frozenset[str]:
        made_for = {
            "humanize": self.humanize,
            "tap2drum": self.tapify,
            "add_hihats": self.add_instruments,
            "groove_transfer": self.hits_as_controls and not self.humanize,
        }
        return frozenset(mode for mode, made in made_for.items() if made)

    @property
    def tracks(self) -> list[OutputTrack]:
        """The drums, of whose numbers the hits count."""
        size = self.num_drums // self.rows_a_step
        return [OutputTrack("drums", 0, size, "bits", self.num_drums, self.rows_a_step)]

    def takes_for_drums(self, note_sequence: Any) -> bool:
        return marks_no_drum(note_sequence)

    def full_length(self, num_bars: int) -> int:
        return num_bars * self.steps_per_bar * self.rows_a_step

    def codes_of_examples(self, arrays: Mapping[str, np.ndarray], num_steps: int) -> Codes:
        if self.is_categorical:
            late = 0.5 - arrays["offset_bins"] / self.num_offset_bins
        else:
            late = -arrays["offsets"] / 2
        columns = (arrays["hits"], arrays["velocities"], late)
        return codes_of_grids(
            *(of_steps(column, num_steps // self.rows_a_step) for column in columns)
        )

    def codes_of_outputs(self, outputs: np.ndarray) -> Codes:
        fields = [self.fields(np.asarray(output, np.float64)) for output in outputs]
        hits, velocities, early = (np.stack(column) for column in zip(*fields, strict=True))
        return codes_of_grids(hits > 0.5, velocities, -early)

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return {"split_bars": None, "hop_size": None}

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns notes of one step, where a hit is above 0.5.

        An early note of the first step starts before zero.
        """
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
        return capped(list(starts), cap, note_sequence, self.mode, self.seed), size

    def fields(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns hits, velocities (int64, 0 to 127) and offsets in steps, each [S, D]."""
        outputs, drums = steps_of_depth("outputs", outputs, self.depth), self.num_drums
        if len(outputs) % self.rows_a_step:
            raise LofiError(
                f"outputs of another shape. Allowed: [T, {self.depth}], T a multiple of {drums}. "
                f"Received: {list(outputs.shape)}"
            )
        sizes = (
            (1, self.num_velocity_bins, self.num_offset_bins) if self.is_categorical else (1,) * 3
        )
        cuts = np.cumsum(sizes)[:-1] * (drums // self.rows_a_step)
        hits, velocities, offsets = (
            part.reshape(-1, drums, size)
            for part, size in zip(np.split(outputs, cuts, axis=1), sizes, strict=True)
        )  # [S, D, bins]
        if self.is_categorical:
            velocities = np.argmax(velocities, -1) / self.num_velocity_bins * 127
            return hits[..., 0], velocities.astype(int), np.argmax(offsets, -1) / sizes[2] - 0.5
        velocities = np.clip(np.round(velocities[..., 0] * 127), 0, 127).astype(int)
        return hits[..., 0], velocities, np.clip(offsets[..., 0] / 2, -0.5, 0.5)
