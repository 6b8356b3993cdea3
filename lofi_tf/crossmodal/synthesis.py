"""What a cross-modal model plays: of notes, of sound, and on ways through its latents."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.audio.griffin_lim import ITERATIONS
from lofi_tf.audio.io import Audio
from lofi_tf.crossmodal import symbol_notes as note_tools
from lofi_tf.crossmodal.inference import FrameProbabilities, Model, flux_steps, listen, pitch_bands
from lofi_tf.crossmodal.latent_paths import TRAJECTORIES, through
from lofi_tf.crossmodal.mixing import at_most_the_sum
from lofi_tf.crossmodal.posterior import Posterior
from lofi_tf.crossmodal.symbol_notes import Part
from lofi_tf.crossmodal.transcription import NoteSettings, transcribed
from lofi_tf.errors import LofiError, check_range, unknown_name
from lofi_tf.music.sequence_proto import NoteSequence

_POINT_RANGE_DB = 20.0  # frames of a sound that its point is the mean of, below the loudest
_TAIL_SECONDS = 0.25  # after the last note


@dataclasses.dataclass(frozen=True)
class SynthesisConfig:
    """How a model plays.

    Attributes:
        seed: of all that is drawn.
        sampling: whether z is drawn of posteriors; else their means are taken.
        iterations: of Griffin-Lim.
        transpose: semitones that given notes are moved by.
        dynamics: class that given notes get; their own where it is None.
        instruments: of a MIDI file's tracks, in order, or those that play in a recording.
    """

    seed: int = 0
    sampling: bool = False
    iterations: int = ITERATIONS
    transpose: int = 0
    dynamics: int | None = None
    instruments: Sequence[str] = ()

    def check(self, model: Model) -> None:
        """Raises a LofiError for what does not fit a model."""
        converter = model.converter
        for name in self.instruments:
            if name not in converter.instruments:
                raise unknown_name("instrument", name, converter.instruments)
        if self.dynamics is not None:
            check_range("dynamics", self.dynamics, 0, converter.num_dynamics - 1)
        check_range("griffinlim_iters", self.iterations, 1)


class Piece(NamedTuple):
    """Sound, one channel at the model's rate, and the notes with it, a track an instrument."""

    audio: Audio
    sequence: NoteSequence


def notes_to_sound(model: Model, sequence: NoteSequence, how: SynthesisConfig) -> Piece:
    """Returns the sound of music, and the notes as they were taken.

    Raises:
        LofiError: not one note that an instrument of the model can play.
    """
    return _parts_to_sound(model, _taken(model, sequence, how), how)


def sound_to_notes(model: Model, audio: Audio, how: SynthesisConfig) -> Piece:
    """Returns the notes of a recording, and its sound as the model gives it back."""
    heard, parts = _heard(model, audio, how)
    return _piece(model, _audio(model, model.sound_of(heard.z), how), parts)


def notes_and_back(model: Model, sequence: NoteSequence, how: SynthesisConfig) -> Piece:
    """Returns the sound of music, and the notes that the model hears in that sound."""
    audio = _sound_of_parts(model, _taken(model, sequence, how), how)
    heard = listen(model, [audio.samples], audio.sample_rate)
    return _piece(model, audio, transcribed(heard, model.converter))


def sound_and_back(model: Model, audio: Audio, how: SynthesisConfig) -> Piece:
    """Returns the notes of a recording, and the sound that the model makes of those notes.

    Raises:
        LofiError: not one note is heard.
    """
    return _parts_to_sound(model, _changed(model, _heard(model, audio, how)[1], how), how)


def morphing(
    model: Model, points: np.ndarray, order: int, num_steps: int, how: SynthesisConfig
) -> Piece:
    """Returns what sounds on the way through points [P, Z]; see `latent_paths.through`."""
    return on_path(model, through(points, num_steps, order), how)


def trajectory(
    model: Model, figure: str, num_steps: int, number: int, how: SynthesisConfig
) -> Piece:
    """Returns what sounds along a figure of `latent_paths.TRAJECTORIES`, so many frames.

    The seed and the number of the figure place it.
    """
    if figure not in TRAJECTORIES:
        raise unknown_name("traj", figure, TRAJECTORIES)
    points = model.sample(3 * (number + 1), how.seed)[-3:]
    return on_path(model, TRAJECTORIES[figure](points, num_steps), how)


def on_path(model: Model, z: np.ndarray, how: SynthesisConfig) -> Piece:
    """Returns what sounds at z [T, Z], a frame each, and the notes that it decodes to."""
    converter, spectra = model.converter, model.sound_of(z)
    levels = (1 - np.pad(spectra, [(0, 0), (0, 1)])) * converter.floor_db
    heard = FrameProbabilities(
        z,
        model.notes_of(z),
        levels.max(axis=1),
        levels[:, pitch_bands(converter)].max(axis=2),
        np.zeros(len(z) * flux_steps(converter), np.float32),
    )
    # A way has no quiet passages of its own: whether a note is there is for the symbols to say.
    parts = transcribed(heard, converter, NoteSettings(gate_db=None))
    return _piece(model, _audio(model, spectra, how), parts)


def point_of_notes(model: Model, spec: str, how: SynthesisConfig) -> np.ndarray:
    """Returns z [Z] of notes such as `piano:C4:mf+flute:E5`; see `symbol_notes.chords_of_spec`."""
    chords = note_tools.chords_of_spec(spec, model.converter)
    parts = [[note_tools.NoteEvent(*note, 0.0, 1.0) for note in chord] for chord in chords]
    parts = note_tools.changed(parts, how.transpose, how.dynamics, model.converter.num_dynamics)
    return _drawn(model.encode_notes(note_tools.symbols_of(parts, model.converter, 1)), how)[0]


def point_of_sound(model: Model, audio: Audio, how: SynthesisConfig) -> np.ndarray:
    """Returns z [Z] of a recording, the mean over its loud frames."""
    heard = listen(model, [audio.samples], audio.sample_rate, how.seed if how.sampling else None)
    return heard.z[heard.levels_db >= heard.levels_db.max() - _POINT_RANGE_DB].mean(axis=0)


def with_drawn(
    model: Model, points: list[np.ndarray], count: int, how: SynthesisConfig
) -> np.ndarray:
    """Returns points [count, Z]: those given, and before the last one others, drawn of the prior.

    Raises:
        LofiError: fewer are asked for than are given.
    """
    check_range("n_points", count, len(points))
    drawn = list(model.sample(count - len(points), how.seed))
    return np.array([*points[:-1], *drawn, *points[-1:]], np.float32).reshape(count, model.z_size)


def _taken(model: Model, sequence: NoteSequence, how: SynthesisConfig) -> list[Part]:
    """Returns the notes of each instrument as the model is given them."""
    converter = model.converter
    parts = note_tools.instrument_notes(sequence, converter.instruments, how.instruments)
    return _changed(model, parts, how)


def _changed(model: Model, parts: list[Part], how: SynthesisConfig) -> list[Part]:
    return note_tools.changed(parts, how.transpose, how.dynamics, model.converter.num_dynamics)


def _heard(
    model: Model, audio: Audio, how: SynthesisConfig
) -> tuple[FrameProbabilities, list[Part]]:
    heard = listen(model, [audio.samples], audio.sample_rate, how.seed if how.sampling else None)
    return heard, transcribed(heard, model.converter, instruments=how.instruments)


def _parts_to_sound(model: Model, parts: list[Part], how: SynthesisConfig) -> Piece:
    if not any(parts):
        raise LofiError(f"there is no note for {', '.join(model.converter.instruments)} to play")
    return _piece(model, _sound_of_parts(model, parts, how), parts)


def _sound_of_parts(model: Model, parts: list[Part], how: SynthesisConfig) -> Audio:
    converter = model.converter
    seconds = note_tools.end_of(parts) + _TAIL_SECONDS
    symbols = note_tools.symbols_of(parts, converter, 2 + int(seconds / converter.frame_seconds))
    spectra = model.sound_of(_drawn(model.encode_notes(symbols), how))
    spectra = at_most_the_sum(model, symbols, spectra)
    nobody = note_tools.vector_of([()] * len(parts), converter)
    spectra[(symbols == nobody).all(axis=1)] = 0  # the floor, whatever the model makes of it
    return _audio(model, spectra, how)


def _drawn(posterior: Posterior, how: SynthesisConfig) -> np.ndarray:
    return posterior.draw(how.seed) if how.sampling else posterior.mean


def _audio(model: Model, spectra: np.ndarray, how: SynthesisConfig) -> Audio:
    if len(spectra) < 2:
        seconds = model.converter.frame_seconds
        raise LofiError(f"two frames of {seconds:.3f} s are needed. Received: one")
    return model.converter.from_outputs(spectra, iterations=how.iterations)


def _piece(model: Model, audio: Audio, parts: list[Part]) -> Piece:
    return Piece(audio, note_tools.sequence_of(parts, model.converter.instruments))
