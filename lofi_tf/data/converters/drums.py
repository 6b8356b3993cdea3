"""Drum tracks as sets of drums, one a step: the representation of MusicVAE's drum models."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np

from lofi_tf.data.converters.excerpt_codes import Codes, ended
from lofi_tf.data.converters.grid import LineConverter
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.data.converters.tracks import drum_sequence, drum_tracks, padded_track
from lofi_tf.data.converters.windows import distinct, examples_of, too_short, windows
from lofi_tf.data.specs import Example, Specs
from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import REDUCED, Classes, class_table, drum_classes
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import Segment, on_grid

MAX_ONE_HOT_DRUMS = 12  # one-hot sets of more drums would be wider than 4096
MAX_DRUMS = 62  # bits of a stored step


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrumsConverter(LineConverter):
    """Drum tracks to and from sets of drums; follows Magenta's DrumsConverter.

    A step's drums are a number, bit d set where drum d is hit: one-hot (2^D wide), or with
    `roll_input` and `roll_output` as its bits (D wide; inputs have one bit more, set where there
    are none). The drum notes of all instruments are one track; velocities do not count.

    Attributes:
        pitch_classes: `reduced`, `full`, `roland` or lists of MIDI pitches, one a drum; None is
            `reduced`. Other pitches do not count.
        roll_input, roll_output: inputs, outputs as bits.
    """

    kind: ClassVar[str] = "drums"
    music: ClassVar[str] = "drum hits"
    loop: ClassVar[str] = "beat"

    pitch_classes: str | Classes | None = None
    roll_input: bool = False
    roll_output: bool = False

    def __post_init__(self):
        super().__post_init__()
        classes = REDUCED if self.pitch_classes is None else drum_classes(self.pitch_classes)
        object.__setattr__(self, "pitch_classes", classes)
        most = MAX_DRUMS if self.roll_input and self.roll_output else MAX_ONE_HOT_DRUMS
        if len(classes) > most:
            raise LofiError(
                f"pitch_classes are too many. Allowed: {MAX_ONE_HOT_DRUMS}, or {MAX_DRUMS} with "
                f"roll_input and roll_output. Received: {len(classes)}"
            )

    @property
    def num_drums(self) -> int:
        """Number of drums D."""
        return len(self.pitch_classes)

    @property
    def input_depth(self) -> int:
        """Width of the inputs."""
        drums = self.num_drums
        return (drums + 1 if self.roll_input else 1 << drums) + self.add_end_token

    @property
    def output_depth(self) -> int:
        """Width of the targets."""
        drums = self.num_drums
        return (drums if self.roll_output else 1 << drums) + self.add_end_token

    @property
    def end_token(self) -> int | None:
        return self.output_depth - 1 if self.add_end_token else None

    @property
    def depths(self) -> dict[str, int]:
        return {"inputs": self.input_depth, "targets": self.output_depth}

    @property
    def example_spec(self) -> Specs:
        """What is stored: `drums` [T], int32 bit masks (int64 of 31 drums or more), `length`.

        An end token is the bit after those of the drums.
        """
        return self._spec_of(np.dtype(self.stored_type).name, "drums")

    @property
    def tracks(self) -> list[OutputTrack]:
        coded = "bits" if self.roll_output else "class"
        return [OutputTrack("drums", 0, self.output_depth, coded, self.num_drums)]

    def _stored_tokens(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        return arrays["drums"]

    def _decoded_tokens(self, outputs: np.ndarray) -> np.ndarray:
        if not self.roll_output:
            return outputs.argmax(axis=-1)
        return (outputs > 0.5) @ (1 << np.arange(outputs.shape[-1]))

    def _codes(self, tokens: np.ndarray) -> Codes:
        """Returns bit masks [N, T] as codes; steps after an end token are empty."""
        if self.add_end_token:
            tokens = ended(tokens, tokens >> self.num_drums & 1)
        hits = (tokens[..., None] >> np.arange(self.num_drums) & 1).astype(bool)
        pitched = np.zeros(tokens.shape[1], bool)
        return Codes(tokens, pitched, hits=hits.reshape(len(hits), -1))

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns notes; in a roll the numbers of a step above 0.5 are its drums."""
        drums = np.arange(self.num_drums)
        if self.roll_output:
            hits, ended = outputs[:, drums] > 0.5, outputs[:, -1] > 0.5
        else:
            masks = outputs.argmax(-1)
            hits, ended = masks[:, None] >> drums & 1, masks == self.end_token
        if self.add_end_token and ended.any():
            hits = hits[: ended.argmax()]
        pitches = [group[0] for group in cast(Classes, self.pitch_classes)]
        return drum_sequence(hits, pitches, Grid(qpm, self.steps_per_quarter))

    @property
    def stored_type(self) -> type[np.integer]:
        """The type of a stored step."""
        return np.int64 if self.num_drums > 30 else np.int32

    @functools.cached_property
    def _class_table(self) -> np.ndarray:
        return class_table(cast(Classes, self.pitch_classes))

    def _examples_of_part(self, part: Segment) -> list[Example]:
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        tracks = drum_tracks(
            notes, self._class_table, self.steps_per_bar, self.gap_bars, self.max_steps
        )
        if not tracks:
            received = f"{len(notes.starts)} notes"
            raise refusal("no_notes", "it has no drum notes", "one or more", received)
        if self.pad_to_total_time:
            tracks = [padded_track(track, notes.total_steps) for track in tracks]
        blocks = [
            {"drums": windows(track, self.slice_steps, self.steps_per_bar).events}
            for track in tracks
        ]
        if not any(len(block["drums"]) for block in blocks):
            raise too_short(self.slice_steps, self.steps_per_bar, tracks)
        if self.dedupe_event_lists:
            blocks = distinct(blocks)
        return examples_of({"drums": self._stored(block["drums"])} for block in blocks)

    def _stored(self, drums: np.ndarray) -> np.ndarray:
        """Returns bit masks [W, T] with any end token, as they are stored."""
        if self.add_end_token:
            drums = np.pad(drums, [(0, 0), (0, 1)], constant_values=1 << self.num_drums)
        return drums.astype(self.stored_type)
