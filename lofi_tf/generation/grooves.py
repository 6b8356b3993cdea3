"""What GrooVAE's models were made for: feel for plain hits, beats from taps, hi-hats, transfer.

Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations".
"""

import warnings

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.groove import TAP_CHANNEL, GrooveConverter
from lofi_tf.data.converters.tracks import DRUM_INSTRUMENT
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.generation.chunks import ChunkedSequence, join_chunks, passage_of
from lofi_tf.generation.decode_windows import played, rows_played
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    pieces_of,
    play_arrays,
    prior,
    window_seeds,
)
from lofi_tf.generation.slices import drums_of
from lofi_tf.music.drum_classes import UNKNOWN, class_table
from lofi_tf.music.quantize import Grid
from lofi_tf.music.sequence_proto import NoteSequence


def humanize(
    backend: Backend, piece: NoteSequence, num_outputs: int = 1, how: GenerationConfig = HOW
) -> list[NoteSequence]:
    """Returns the hits of a beat with velocities and timing of the model's.

    The hits are the piece's own, each on its step and with its pitch; of several of one drum on one
    step the loudest, and a `LofiWarning` counts the others. The decoder is fed these hits, not
    those that it would choose itself.

    Arguments and errors are those of `lofi_tf.api.sequence.HumanizeModel.humanize`. The temperature
    is how far latents are drawn from the posteriors' means, in their standard deviations, and how
    far velocities and timing from their medians, where the model knows their distributions.

    Example:
        >>> humanizer = lofi_tf.load_model("groovae_2bar_humanize").backend
        >>> (played,) = generation.humanize(humanizer, beat)
        >>> len(played.notes) == len(beat.notes)
        True
    """
    check_fits(backend, "humanize")
    passage, how = passage_of(backend, piece), how.like(piece)
    posteriors = passage.excerpt.posteriors(backend)
    found = [_felt(backend, passage, posteriors, how, output) for output in range(num_outputs)]
    return _counted(piece, found)


def groove_transfer(
    backend: Backend,
    feel: NoteSequence,
    hits: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
) -> list[NoteSequence]:
    """Returns the hits of one beat with the velocities and timing of another.

    The latents are those of the beat with the feel, window by window and again from its first;
    the hits are given as controls, and stay as in `humanize`. Tempo and metre are those of `hits`.

    Arguments and errors are those of `lofi_tf.api.sequence.TransferModel.groove_transfer`.

    Example:
        >>> (played,) = generation.groove_transfer(transfer, feel=beat, hits=beat)
        >>> len(played.notes) == len(beat.notes)
        True
    """
    check_fits(backend, "groove_transfer")
    source, passage = passage_of(backend, feel), passage_of(backend, hits)
    how, known = how.like(hits), source.excerpt.posteriors(backend)
    posteriors = tuple(part[np.array(passage.rows) % len(part)] for part in known)
    found = [_felt(backend, passage, posteriors, how, output) for output in range(num_outputs)]
    return _counted(hits, found)


def tap2drum(
    backend: Backend, piece: NoteSequence, num_outputs: int = 1, how: GenerationConfig = HOW
) -> list[NoteSequence]:
    """Returns beats for a tapped rhythm.

    Every note is a tap, whatever its pitch and instrument; the timing counts.

    Arguments and errors are those of `lofi_tf.api.sequence.TapModel.tap2drum`.

    Example:
        >>> drummer = lofi_tf.load_model("groovae_2bar_tap_fixed_velocity").backend
        >>> beats = generation.tap2drum(drummer, beat, 2)
        >>> len(beats)
        2
    """
    check_fits(backend, "tap2drum")
    converter = backend.converter
    passage = passage_of(backend, as_taps(piece, converter))
    how, z = how.like(piece), passage.excerpt.means(backend)
    return [played(backend, passage, z, how, output) for output in range(num_outputs)]


def add_hihats(
    backend: Backend, piece: NoteSequence, num_outputs: int = 1, how: GenerationConfig = HOW
) -> list[NoteSequence]:
    """Returns a beat with hi-hats of the model's; all else stays as it was played.

    The drums are those of the model's option `add_instruments`; any that the piece has are left
    out first.

    Arguments and errors are those of `lofi_tf.api.sequence.HihatModel.add_hihats`.

    Example:
        >>> adder = lofi_tf.load_model("groovae_2bar_add_closed_hh").backend
        >>> (fuller,) = generation.add_hihats(adder, beat)
        >>> len(fuller.notes) > len(beat.notes)
        True
    """
    check_fits(backend, "add_hihats")
    converter = backend.converter
    passage, how = passage_of(backend, piece), how.like(piece)
    stretch, z = GenerationConfig().like(piece).qpm / how.qpm, passage.excerpt.means(backend)
    found = []
    for output in range(num_outputs):
        windows = pieces_of(backend, rows_played(backend, passage, z, how, output), how)
        for window, own in zip(windows, passage.crops, strict=True):
            _exchange(window, own, converter, stretch)
        found.append(join_chunks(windows, passage, how, converter))
    return found


def as_taps(piece: NoteSequence, converter: GrooveConverter) -> NoteSequence:
    """Returns a piece with every note as a tap on the drum that a tapped rhythm is written as."""
    taps = type(piece)()
    taps.CopyFrom(piece)
    pitch = converter.with_mode("infer").classes[TAP_CHANNEL][0]
    for note in taps.notes:
        note.pitch, note.is_drum, note.instrument = pitch, True, DRUM_INSTRUMENT
        note.program = 0
    return taps


def check_fits(backend: Backend, mode: str) -> None:
    """Refuses a model that was not made for a mode, and names those that were.

    Example:
        >>> generation.check_fits(backend, "humanize")
        Traceback (most recent call last):
            ...
        lofi_tf.errors.LofiError: groovae_4bar was not made for humanize. Configs that are: ...
    """
    if mode in backend.converter.modes:
        return
    kinds = {name: build_converter(load_config(name).data.converter) for name in config_names()}
    names = [name for name, kind in kinds.items() if mode in kind.modes]
    raise LofiError(
        f"{backend.config.name} was not made for {mode}. Configs that are: {', '.join(names)}"
    )


def _felt(
    backend: Backend,
    passage: ChunkedSequence,
    posteriors: tuple[np.ndarray, np.ndarray],
    how: GenerationConfig,
    output: int,
) -> NoteSequence:
    """Returns a passage's own hits as the model plays them.

    Args:
        backend: the model.
        passage: whose hits are played.
        posteriors: means and standard deviations of the latents, [N, Z].
        how: as `humanize` has it.
        output: its number.
    """
    converter, excerpt = backend.converter, passage.excerpt
    mean, stddev = posteriors
    seeds = window_seeds(how.seed, output, len(passage.layout.starts))[list(passage.rows)]
    z = mean + how.temperature * stddev * prior(seeds, mean.shape[1])
    hits = excerpt.targets[:, :, : excerpt.targets.shape[2] // 3]
    outputs = play_arrays(backend, z, hits, how, excerpt.controls, seeds)
    grid = Grid(how.qpm, converter.steps_per_quarter)
    windows = [
        _window(own_hits(own, converter), *converter.fields(array)[1:], grid)
        for own, array in zip(passage.crops, outputs, strict=True)
    ]
    return join_chunks(windows, passage, how, converter)


def _counted(piece: NoteSequence, outputs: list[NoteSequence]) -> list[NoteSequence]:
    """Returns the outputs; warns of hits of the piece that they do not have."""
    hits = len(drums_of(piece).notes)
    lost = hits - min((len(output.notes) for output in outputs), default=hits)
    if lost > 0:
        text = f"{lost} of {hits} hits are left out: a drum sounds once on a step, the loudest hit"
        warnings.warn(text, LofiWarning, stacklevel=3)
    return outputs


def own_hits(window: NoteSequence, converter: GrooveConverter) -> dict[tuple[int, int], int]:
    """Returns the pitch of the loudest note of each step and drum of a window that was read."""
    table, found = _reading(converter), {}
    grid = Grid(GenerationConfig().like(window).qpm, converter.steps_per_quarter)
    steps = grid.steps(np.array([note.start_time for note in window.notes])).tolist()
    for note, step in zip(window.notes, steps, strict=True):
        cell = step, int(table[note.pitch])
        if cell[1] != UNKNOWN and (cell not in found or note.velocity > found[cell].velocity):
            found[cell] = note
    return {cell: note.pitch for cell, note in found.items()}


def _window(
    hits: dict[tuple[int, int], int], velocities: np.ndarray, offsets: np.ndarray, grid: Grid
) -> NoteSequence:
    """Returns hits as music.

    Args:
        hits: pitch by step and drum.
        velocities: 0 to 127, [S, D].
        offsets: how early in steps, [S, D].
        grid: of the steps.
    """
    window = NoteSequence()
    window.tempos.add(qpm=grid.qpm)
    for (step, drum), pitch in sorted(hits.items()):
        start = float(step - offsets[step, drum]) * grid.step_seconds
        window.notes.add(
            pitch=pitch,
            velocity=max(1, int(velocities[step, drum])),
            start_time=start,
            end_time=start + grid.step_seconds,
            instrument=DRUM_INSTRUMENT,
            is_drum=True,
        )
    return window


def _exchange(
    window: NoteSequence, own: NoteSequence, converter: GrooveConverter, stretch: float
) -> None:
    """Leaves only the added drums in a window, and adds the other notes of the beat it is for."""
    added = {pitch for drum in converter.add_instruments for pitch in converter.classes[drum]}
    kept = [note for note in window.notes if note.pitch in added]
    table = _reading(converter)
    del window.notes[:]
    window.notes.extend(kept)
    for note in own.notes:
        if table[note.pitch] in converter.add_instruments:
            continue
        copy = window.notes.add()
        copy.CopyFrom(note)
        copy.start_time, copy.end_time = note.start_time * stretch, note.end_time * stretch
        copy.is_drum, copy.instrument, copy.program = True, DRUM_INSTRUMENT, 0


def _reading(converter: GrooveConverter) -> np.ndarray:
    """Returns the drum of each MIDI pitch as inputs are read, int64 [128]."""
    nearest = converter.unknown_pitch == "nearest"
    return class_table(converter.with_mode("infer").classes, nearest)
