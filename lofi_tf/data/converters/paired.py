"""Sound with its notes: spectra and piano rolls of one instrument at a time, mixed in training."""

import dataclasses
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np

from lofi_tf.audio.features import CqtSettings, samples_of_db, spectrum_db
from lofi_tf.audio.griffin_lim import ITERATIONS
from lofi_tf.audio.io import Audio
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.note_events import NUM_PITCHES, NoteEvent, roll_of
from lofi_tf.data.converters.symbols import HIGHEST_PITCH, LABELS, LOWEST_PITCH, Label, SymbolLayout
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.errors import LofiError, LofiWarning, NotConvertible
from lofi_tf.settings import DIFFERENT, Count, Size

LabelType = Literal["categorical", "binary"]
RandomMode = Literal["constant", "bernoulli"]


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
class PairedConverter(Converter):
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

    kind: ClassVar[str] = "paired"
    medium: ClassVar[str] = "sound and notes"
    music: ClassVar[str] = "sound of notes and notes of sound"
    shards_of: ClassVar[str] = "pairs of sound and notes"
    shards_by: ClassVar[str] = "prepare_paired"
    free_options: ClassVar[tuple[str, ...]] = (
        "labels", "num_dynamics", "label_type", "random_mode", "zero_extra_class",
        "max_transpose",
    )  # fmt: skip
    subset_options: ClassVar[tuple[str, ...]] = ("instruments",)

    instruments: Annotated[tuple[str, ...], DIFFERENT] = ("piano", "flute", "alto_sax")
    sample_rate: Size = 22050
    hop_size: int = 704
    low_hz: float = 30.0
    bins_per_octave: int = 48
    num_bins: int | None = None
    floor_db: float = -100.0
    first_frame: Count = 10
    num_frames: Size = 16
    labels: Annotated[tuple[Label, ...], DIFFERENT] = LABELS
    num_dynamics: Size = 5
    label_type: LabelType = "categorical"
    random_mode: RandomMode = "constant"
    zero_extra_class: bool = True
    max_transpose: Count = 0

    def __post_init__(self):
        super().__post_init__()
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
    def num_steps(self) -> int:
        """Frames that the model is fed at once: one."""
        return 1

    @property
    def depths(self) -> dict[str, int]:
        """Depths of what the model is fed: bands of a frame, and its symbols."""
        return {"inputs": self.num_bands, "targets": self.layout.depth}

    @property
    def example_spec(self) -> Specs:
        """What is stored: `spectrum` float16 [K, F] in dB, `roll` uint8 [K, 128], `instrument`."""
        return {
            "spectrum": ArraySpec("float16", (self.num_frames, self.num_bands)),
            "roll": ArraySpec("uint8", (self.num_frames, NUM_PITCHES)),
            "instrument": ArraySpec("int64"),
        }

    @property
    def groups(self) -> tuple[str, ...]:
        return self.instruments

    def groups_of(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the instrument's number of each stored example [N], -1 of others."""
        numbers = {instrument_id(name): n for n, name in enumerate(self.instruments)}
        return np.array([numbers.get(int(stored), -1) for stored in arrays["instrument"]])

    def _examples(self, source: Pair) -> Iterator[Example]:
        for _, example in self.paired_examples([source]):
            yield example

    def paired_examples(self, sources: Sequence[Pair]) -> Iterator[tuple[Pair, Example]]:
        """Yields recordings of one length with each of their examples, refused as by `to_examples`.

        Their spectra are found at once, which is several times as fast.
        """
        for source in sources:
            self._check(source)
        stacked = np.stack([source.samples for source in sources])
        spectra = spectrum_db(stacked, self.sample_rate, self.settings)
        for source, spectrum in zip(sources, spectra, strict=True):
            for example in self._examples_of_spectrum(source, spectrum):
                yield source, example

    def from_outputs(
        self,
        outputs: np.ndarray,
        qpm: float = 120.0,
        controls: np.ndarray | None = None,
        iterations: int = ITERATIONS,
    ) -> Audio:
        """Returns the sound of spectra [T, F] as the model sees them: (T - 1) * hop_size samples.

        It takes 1 or more iterations of Griffin-Lim. Sound beyond full scale is made quieter as a
        whole, with a `LofiWarning`.
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

    def _examples_of_spectrum(self, source: Pair, spectrum: np.ndarray) -> Iterator[Example]:
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
