"""From latents to music: what every way of generating ends with."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.backends.base import Backend
from lofi_tf.backends.noise import row_normal, seeds_from
from lofi_tf.config import Config
from lofi_tf.data.converters.base import Converter
from lofi_tf.errors import LofiError, NoSuchFunction, check_range, unknown_name
from lofi_tf.generation.loops import finished
from lofi_tf.music.time_changes import DEFAULT_QPM

NoteSequence = Any
Metre = tuple[int, int]
EXPRESSIONS = ("played", "decoded")


@dataclasses.dataclass(frozen=True)
class GenerationConfig:
    """How outputs are drawn.

    Attributes:
        temperature: 0 takes the likeliest, 1 draws as the model says.
        seed: the same seed draws the same outputs, whatever their number.
        qpm: tempo of the outputs, quarter notes a minute; None keeps the input's, and is 120
            where there is none.
        max_batch_size: outputs decoded at once, which every runtime cuts to chunks that suit it;
            the outputs do not depend on it.
        metre: written into the outputs, beats and the note that is a beat; None is the input's,
            or else that of the model's bars.
        expression: of grooves. `played` gives each hit the velocity and timing that it has where
            it is certain to come, as `play_arrays` does; `decoded` leaves those that were decoded
            with it, as Magenta does: the less likely a hit was, the softer and the nearer to the
            grid it is.
        style: of grooves whose model knows styles; None leaves it open.
        density: hits a bar, of grooves whose model knows it; None leaves it open.
        expression_temperature: of velocities and timing, of grooves whose model knows their
            distributions; 0 takes their medians, None is the temperature.

    Raises:
        LofiError: a number out of range, or no such expression.

    Example:
        >>> generation.GenerationConfig(temperature=-1)
        Traceback (most recent call last):
            ...
        lofi_tf.errors.LofiError: temperature must be 0 or more. Received: -1
    """

    temperature: float = 0.5
    seed: int = 0
    qpm: float | None = None
    max_batch_size: int = 512
    metre: Metre | None = None
    expression: str = "played"
    style: str | None = None
    density: float | None = None
    expression_temperature: float | None = None

    def __post_init__(self):
        check_range("temperature", self.temperature, 0)
        check_range("expression_temperature", self.expression_temperature or 0, 0)
        for name in ("qpm", "density"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise LofiError(f"{name} must be above 0. Received: {value}")
        check_range("max_batch_size", self.max_batch_size, 1)
        if self.expression not in EXPRESSIONS:
            raise unknown_name("expression", self.expression, EXPRESSIONS)

    def at_temperature(self, temperature: float | None, config: Config) -> "GenerationConfig":
        """Returns these settings with a temperature; None is what suits the model of a config.

        That is 0.5, and of grooves whose model knows distributions, so that what it draws is as
        varied as what it learned, 0.9 of hits and 1 of velocities and timing.
        """
        warm = self.expression_temperature
        if temperature is None and knows_expression(config):
            temperature, warm = 0.9, 1.0 if warm is None else warm
        temperature = 0.5 if temperature is None else temperature
        return dataclasses.replace(self, temperature=temperature, expression_temperature=warm)

    def like(self, piece: NoteSequence) -> "GenerationConfig":
        """Returns these settings with the tempo and metre of a piece where none are given."""
        first = min(piece.tempos, key=lambda tempo: tempo.time, default=None)
        metre = min(piece.time_signatures, key=lambda metre: metre.time, default=None)
        qpm = first.qpm if first else DEFAULT_QPM
        known = (metre.numerator, metre.denominator) if metre else (4, 4)
        return dataclasses.replace(self, qpm=self.qpm or qpm, metre=self.metre or known)


HOW = GenerationConfig()


def knows_expression(config: Config) -> bool:
    """Says whether a model of a config knows distributions of velocities and timing."""
    return getattr(config.model, "head", {}).get("kind") == "groove_mixture"


def decode(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig = HOW,
    controls: np.ndarray | None = None,
    seeds: np.ndarray | None = None,
) -> list[NoteSequence]:
    """Returns the pieces of latents [N, Z], each a loop of the model's length.

    Args:
        backend: the model.
        z: latents.
        how: temperature, seed, tempo.
        controls: [T, C] for all of them, or [N, T, C], where the model takes them.
        seeds: what each row draws by, int64 [N]; by default those of `how`.

    Raises:
        LofiError: controls that the model does not take, or none where it does.

    Example:
        >>> z = generation.prior(generation.row_seeds(0, 2), backend.config.model.z_size)
        >>> len(generation.decode(backend, z))
        2
    """
    pieces = windows_of(backend, z, how, controls, seeds)
    return pieces if backend.converter.medium == "sound" else [finished(piece) for piece in pieces]


def windows_of(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig = HOW,
    controls: np.ndarray | None = None,
    seeds: np.ndarray | None = None,
) -> list[NoteSequence]:
    """Returns what `decode` does, to be laid one after the other: early notes are before 0."""
    outputs = decode_arrays(backend, z, how, controls, seeds)
    return pieces_of(backend, outputs, how, controls)


def decode_arrays(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig,
    controls: np.ndarray | None = None,
    seeds: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the outputs [N, T, D] of latents [N, Z]; takes what `decode` takes."""
    converter = backend.converter
    if controls is None:
        controls = converter.own_controls(backend.num_steps, how.qpm or DEFAULT_QPM, 0)
    check_controls(converter, controls, backend.config.name)
    controls = converter.conditioned(controls, how.style, how.density)
    seeds = row_seeds(how.seed, len(z)) if seeds is None else seeds
    each = by_row(controls, len(z))
    if how.expression_temperature is not None:
        nothing = np.zeros([len(z), backend.num_steps, converter.depth], np.float32)
        return filled_arrays(backend, z, nothing, nothing, how, seeds, each)[0]
    temperature = np.full(len(z), how.temperature, np.float32)
    parts = [
        backend.decode(
            np.asarray(z[rows], np.float32),
            temperature[rows],
            seeds[rows],
            None if each is None else each[rows],
        )
        for rows in _batches(np.arange(len(z)), how.max_batch_size)
    ]
    outputs = np.concatenate(parts)
    if how.expression == "decoded" or backend.config.model.head["kind"] != "groove":
        return outputs
    try:
        return play_arrays(backend, z, np.split(outputs, 3, axis=-1)[0], how, each)
    except NoSuchFunction:
        return outputs


def play_arrays(
    backend: Backend,
    z: np.ndarray,
    hits: np.ndarray,
    how: GenerationConfig = HOW,
    controls: np.ndarray | None = None,
    seeds: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the outputs [N, T, D] of latents [N, Z] with hits that are given.

    A model whose head knows distributions draws velocities and timing by the temperature; at 0 it
    takes medians.

    Args:
        backend: a model of grooves.
        z: latents.
        hits: 0 or 1, [N, T, D / 3].
        how: temperature, seed, how many are decoded at once.
        controls: [N, T, C], where the model takes them.
        seeds: what each row draws by, int64 [N]; by default those of `how`.
    """
    z = np.asarray(z, np.float32)
    controls = backend.converter.conditioned(controls, how.style, how.density)
    seeds = row_seeds(how.seed, len(z)) if seeds is None else seeds
    if knows_expression(backend.config):
        others = [(0, 0), (0, 0), (0, 2 * hits.shape[2])]
        given, kept = np.pad(hits, others), np.pad(np.ones_like(hits), others)
        return filled_arrays(backend, z, given, kept, how, seeds, controls)[0]
    parts = [
        backend.play_hits(z[rows], hits[rows], None if controls is None else controls[rows])
        for rows in _batches(np.arange(len(z)), how.max_batch_size)
    ]
    return np.concatenate(parts)


def filled_arrays(
    backend: Backend,
    z: np.ndarray,
    given: np.ndarray,
    kept: np.ndarray,
    how: GenerationConfig,
    seeds: np.ndarray,
    controls: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the outputs [N, T, D] of latents [N, Z], given where `kept` is 1, drawn elsewhere.

    With them go the nats [N] of what is given, where the backend tells them.
    """
    z, warmth = np.asarray(z, np.float32), how.expression_temperature
    if warmth is not None and not knows_expression(backend.config):
        raise LofiError(
            f"{backend.config.name} knows no distributions of velocities and timing: an "
            "expression_temperature is for heads of kind groove_mixture"
        )
    warmth = how.temperature if warmth is None else warmth
    warm, warm_expression = np.tile(np.float32([[how.temperature], [warmth]]), len(z))
    arrays = (z, given, kept, warm, warm_expression, seeds)
    parts = [
        backend.fill(*(one[rows] for one in arrays), None if controls is None else controls[rows])
        for rows in _batches(np.arange(len(z)), how.max_batch_size)
    ]
    outputs, nats = zip(*parts, strict=True)
    return np.concatenate(outputs), None if nats[0] is None else np.concatenate(nats)


def pieces_of(
    backend: Backend, outputs: np.ndarray, how: GenerationConfig, controls: np.ndarray | None = None
) -> list[NoteSequence | Audio]:
    """Returns outputs [N, T, D] as music of whole bars, with tempo and metre.

    `controls` are as `decode` has them; of models of sound it is `Audio`.
    """
    converter, qpm = backend.converter, how.qpm or DEFAULT_QPM
    each = by_row(controls, len(outputs))
    pieces = []
    for row, output in enumerate(outputs):
        piece = converter.from_outputs(output, qpm, None if each is None else each[row])
        if not isinstance(piece, Audio):
            dress(piece, how, converter)
            bars = converter.window_bars(len(output))
            piece.total_time = bars * converter.quarters_per_bar * 60.0 / qpm
        pieces.append(piece)
    return pieces


def dress(piece: NoteSequence, how: GenerationConfig, converter: Converter) -> None:
    """Writes the metre into a new piece that has none."""
    if not piece.time_signatures:
        numerator, denominator = how.metre or (converter.quarters_per_bar, 4)
        piece.time_signatures.add(numerator=numerator, denominator=denominator)


def by_row(controls: np.ndarray | None, rows: int) -> np.ndarray | None:
    """Returns controls [T, C] or [N, T, C] as [N, T, C]."""
    if controls is None or controls.ndim == 3:
        return controls
    return np.repeat(controls[None], rows, axis=0)


def prior(seeds: np.ndarray, z_size: int) -> np.ndarray:
    """Returns draws of the prior, float32 [B, Z], one for each of the seeds, int64 [B].

    Example:
        >>> generation.prior(generation.row_seeds(0, 2), 256).shape
        (2, 256)
    """
    return row_normal(seeds, z_size)


def row_seeds(seed: int, count: int) -> np.ndarray:
    """Returns the rows' seeds, int64 [count], of a whole request's seed.

    Example:
        >>> generation.row_seeds(0, 3)[:2].tolist() == generation.row_seeds(0, 2).tolist()
        True
    """
    return seeds_from(seed, count)


def window_seeds(seed: int, output: int, count: int, draw: int = 0) -> np.ndarray:
    """Returns the seeds, int64 [count], of the windows of one output.

    The first window's is its row's (`row_seeds`), so that a longer piece begins as the short one
    of the same seed does.

    Args:
        seed: the request's.
        output: the output's number, from 0.
        count: windows.
        draw: tells apart what is drawn for the same windows.

    Example:
        >>> first = generation.window_seeds(0, output=1, count=4)[0]
        >>> bool(first == generation.row_seeds(0, 2)[1])
        True
    """
    streams = [np.random.SeedSequence([seed, output, draw, window]) for window in range(count)]
    found = [int(stream.generate_state(1, np.uint64)[0]) >> 1 for stream in streams]
    if draw == 0:
        found[:1] = row_seeds(seed, output + 1)[-1:].tolist()
    return np.array(found, np.int64)


def check_controls(converter: Converter, controls: Any, name: str) -> None:
    """Refuses controls that a model does not take, and their absence where it does."""
    wanted = converter.model_spec.get("controls")
    if wanted is not None and controls is None:
        raise LofiError(
            f"{name} takes chords: give --chords"
            if converter.chord_encoding
            else f"{name} takes controls: give --input_midi_1, whose hits it is to play"
        )
    if wanted is None and controls is not None:
        raise LofiError(f"{name} takes no controls")


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
