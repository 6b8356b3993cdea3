"""Sound with its notes: spectra and piano rolls of one instrument at a time, mixed in training."""

import dataclasses
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from lofi_tf.audio.features import CqtSettings, samples_of_db, spectrum_db
from lofi_tf.audio.griffin_lim import ITERATIONS
from lofi_tf.audio.io import Audio
from lofi_tf.data.converters.note_events import NoteEvent, roll_of
from lofi_tf.data.converters.options import check_choice, check_flag
from lofi_tf.data.converters.symbols import HIGHEST_PITCH, LABELS, LOWEST_PITCH, SymbolLayout
from lofi_tf.errors import LofiError, LofiWarning, NotConvertible

if TYPE_CHECKING:
    import tensorflow as tf

LABEL_TYPES, RANDOM_MODES = ("categorical", "binary"), ("constant", "bernoulli")


class Pair(NamedTuple):
    """A recording of one instrument, and its notes.

    Attributes:
        samples: float [n], at the converter's rate.
        notes: what sounds, and when.
        instrument: its name, one of the converter's.
    """

    samples: np.ndarray
    notes: Sequence[NoteEvent]
    instrument: str


@dataclasses.dataclass(frozen=True)
class PairedConverter:
    """Pairs of sound and notes, to spectra and symbols frame by frame.

    What is stored is one instrument alone: its constant-Q spectrum in dB and the velocity of every
    pitch, for a few frames. Mixtures of all instruments are drawn for each step of training anew:
    a frame of each, their magnitudes added. The model sees 0 for `floor_db` and 1 for 0 dB.

    Attributes:
        instruments: names; each has its own symbols, in this order.
        sample_rate: Hz.
        hop_size, low_hz, bins_per_octave, num_bins, floor_db: of the spectrum (`CqtSettings`).
        first_frame, num_frames: which frames of a recording are kept; phrases give more of them,
            `num_frames` at a time.
        labels: of `octave`, `pitch`, `dynamics`.
        num_dynamics: classes of dynamics.
        label_type: `categorical`, the highest note of an instrument, or `binary`, all of them.
        random_mode: `constant`, every instrument is in every mixture, or `bernoulli`, each in half.
        zero_extra_class: whether each label has a class for silence.
        max_transpose: semitones by which training moves each instrument up or down at most.
    """

    free_options: ClassVar[tuple[str, ...]] = (
        "labels", "num_dynamics", "label_type", "random_mode", "zero_extra_class",
        "max_transpose",
    )  # fmt: skip
    subset_options: ClassVar[tuple[str, ...]] = ("instruments",)

    instruments: tuple[str, ...] = ("piano", "flute", "alto_sax")
    sample_rate: int = 22050
    hop_size: int = 704
    low_hz: float = 30.0
    bins_per_octave: int = 48
    num_bins: int | None = None
    floor_db: float = -100.0
    first_frame: int = 10
    num_frames: int = 16
    labels: tuple[str, ...] = LABELS
    num_dynamics: int = 5
    label_type: str = "categorical"
    random_mode: str = "constant"
    zero_extra_class: bool = True
    max_transpose: int = 0

    def __post_init__(self):
        for name, allowed in (("instruments", None), ("labels", LABELS)):
            object.__setattr__(self, name, _names(name, getattr(self, name), allowed))
        check_choice("label_type", self.label_type, LABEL_TYPES)
        check_choice("random_mode", self.random_mode, RANDOM_MODES)
        check_flag("zero_extra_class", self.zero_extra_class)
        least = {
            "sample_rate": 1,
            "first_frame": 0,
            "num_frames": 1,
            "num_dynamics": 1,
            "max_transpose": 0,
        }
        for name, low in least.items():
            value = getattr(self, name)
            if type(value) is not int or value < low:
                raise LofiError(f"{name} must be a whole number from {low} on. Received: {value!r}")
        if self.random_mode == "bernoulli" and not self.can_be_silent:
            raise LofiError(
                "random_mode bernoulli with categorical labels needs zero_extra_class: a silent "
                "instrument has no other class"
            )
        if self.max_transpose and self.bins_per_octave % 12:
            raise LofiError(
                "max_transpose needs bins_per_octave to be a multiple of 12. Received: "
                f"{self.bins_per_octave}"
            )
        self.settings.bins(self.sample_rate)

    @property
    def can_be_silent(self) -> bool:
        """Whether symbols can say that an instrument is silent."""
        return self.zero_extra_class or self.label_type == "binary"

    @property
    def settings(self) -> CqtSettings:
        """Which spectrum it is."""
        return CqtSettings(
            self.hop_size, self.low_hz, self.bins_per_octave, self.num_bins, self.floor_db
        )

    @property
    def layout(self) -> SymbolLayout:
        """What stands where in the symbols."""
        return SymbolLayout(
            len(self.instruments), self.labels, self.num_dynamics, self.zero_extra_class
        )

    @property
    def num_bands(self) -> int:
        """Bands F of the spectrum."""
        return self.settings.bins(self.sample_rate)

    @property
    def frame_seconds(self) -> float:
        """Time from a frame to the next."""
        return self.hop_size / self.sample_rate

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `spectrum` float16 [K, F] in dB, `roll` uint8 [K, 128], `instrument`."""
        from lofi_tf.data.model_inputs import paired

        return paired.example_spec(self.num_frames, self.num_bands)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs` [1, F], a frame, `targets` [1, S], symbols, `length` 1."""
        from lofi_tf.data.model_inputs import paired

        return paired.model_spec(self.num_bands, self.layout.depth)

    def with_mode(self, mode: str) -> "PairedConverter":
        """Returns this converter: nothing in it hangs on the mode."""
        return self

    def groups_of(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the instrument's number of each stored example [N], -1 of others."""
        numbers = {instrument_id(name): n for n, name in enumerate(self.instruments)}
        return np.array([numbers.get(int(found), -1) for found in arrays["instrument"]])

    def to_examples(self, source: Pair) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a recording, by `example_spec`.

        Raises:
            NotConvertible: `too_short`, `pitch_out_of_range` or `instrument`.
        """
        for _, example in self.paired_examples([source]):
            yield example

    def paired_examples(
        self, sources: Sequence[Pair]
    ) -> Iterator[tuple[Pair, dict[str, np.ndarray]]]:
        """Yields recordings of one length with each of their examples.

        Their spectra are found at once, which is several times as fast.

        Raises:
            NotConvertible: as `to_examples`.
        """
        for source in sources:
            self._check(source)
        stacked = np.stack([source.samples for source in sources])
        spectra = spectrum_db(stacked, self.sample_rate, self.settings)
        for source, spectrum in zip(sources, spectra, strict=True):
            for example in self._examples(source, spectrum):
                yield source, example

    def to_model(
        self,
        example: "Mapping[str, tf.Tensor]",
        training: bool = False,
        seed: "tf.Tensor | None" = None,
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of a mixture, by `model_spec`; TF operations only.

        Args:
            example: one stored example of each instrument, in order: [I, ...] each.
            training: whether each instrument is transposed, by up to `max_transpose`.
            seed: int32 [2], by which frames are drawn and, with `bernoulli`, who plays; without
                one it is the middle frame, and all play.
        """
        from lofi_tf.data.model_inputs import paired

        return paired.mixture(self, example, training, seed)

    def from_outputs(
        self,
        outputs: np.ndarray,
        qpm: float = 120.0,
        controls: np.ndarray | None = None,
        iterations: int = ITERATIONS,
    ) -> Audio:
        """Returns the sound of spectra [T, F] as the model sees them, by Griffin-Lim.

        Sound beyond full scale is made quieter as a whole, with a `LofiWarning`.

        Args:
            outputs: T frames; they give (T - 1) * hop_size samples.
            qpm: unused.
            controls: unused.
            iterations: of Griffin-Lim, 1 or more.

        Raises:
            LofiError: an array of another shape.
        """
        outputs = np.asarray(outputs, np.float32)
        if outputs.ndim != 2 or outputs.shape[1] != self.num_bands or len(outputs) < 2:
            raise LofiError(
                f"outputs of another shape. Allowed: [T, {self.num_bands}], T from 2. "
                f"Received: {list(outputs.shape)}"
            )
        size = (len(outputs) - 1) * self.hop_size
        spectrum_in_db = (1 - outputs) * self.floor_db
        samples = samples_of_db(spectrum_in_db, self.sample_rate, self.settings, size, iterations)
        return Audio(_within_full_scale(samples)[:, None], self.sample_rate)

    def view_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns the spectra [T, F] of samples [n] as the model sees them."""
        return 1 - spectrum_db(samples, self.sample_rate, self.settings) / self.floor_db

    def _check(self, source: Pair) -> None:
        if source.instrument not in self.instruments:
            raise NotConvertible("instrument", f"{source.instrument} is not asked for")
        for note in source.notes:
            if not LOWEST_PITCH <= note.pitch <= HIGHEST_PITCH:
                raise NotConvertible(
                    "pitch_out_of_range",
                    f"pitches are {LOWEST_PITCH} to {HIGHEST_PITCH}. Received: {note.pitch}",
                )

    def _examples(self, source: Pair, spectrum: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
        size = self.num_frames
        frames = np.arange(len(spectrum))
        roll = roll_of(source.notes, frames * self.frame_seconds)
        last = len(spectrum) - size
        if last < self.first_frame:
            raise NotConvertible(
                "too_short",
                f"{self.first_frame + size} frames are needed. Received: {len(spectrum)}",
            )
        for begin in range(self.first_frame, last + 1, size):
            kept = slice(begin, begin + size)
            if not roll[kept].any():
                continue
            yield {
                "spectrum": spectrum[kept].astype(np.float16),
                "roll": roll[kept],
                "instrument": np.int64(instrument_id(source.instrument)),
            }


def instrument_id(name: str) -> int:
    """Returns the number by which an instrument is stored, whatever others there are."""
    return zlib.crc32(name.encode())


def _within_full_scale(samples: np.ndarray) -> np.ndarray:
    peak = np.abs(samples).max()
    if peak <= 1:
        return samples
    warnings.warn(
        f"the sound reaches {20 * np.log10(peak):.1f} dB beyond full scale: all of it is made "
        "quieter by as much",
        LofiWarning,
        stacklevel=3,
    )
    return samples / peak


def _names(name: str, given: Any, allowed: Sequence[str] | None) -> tuple[str, ...]:
    found = tuple(given) if isinstance(given, list | tuple) else ()
    fine = all(isinstance(item, str) and (not allowed or item in allowed) for item in found)
    if not found or not fine or len(set(found)) < len(found):
        words = f"different ones of {', '.join(allowed)}" if allowed else "different names"
        raise LofiError(f"{name} do not fit. Allowed: a list of {words}. Received: {given!r}")
    return found
