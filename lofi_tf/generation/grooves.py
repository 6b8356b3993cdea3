"""What GrooVAE's models were made for: feel for plain hits, beats from taps, hi-hats, transfer.

Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations".
"""

from collections.abc import Collection

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.groove import TAP_CHANNEL, GrooveConverter
from lofi_tf.data.converters.tracks import DRUM_INSTRUMENT
from lofi_tf.errors import check_range
from lofi_tf.generation.chunks import ChunkedSequence, best_passage, join_chunks, passage_of
from lofi_tf.generation.decode_windows import played, rows_played
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    pieces_of,
    play_arrays,
    prior,
    window_seeds,
)
from lofi_tf.generation.felt_hits import MAX_AMOUNT, Hits, Played, moved
from lofi_tf.generation.redrawing import drum_table
from lofi_tf.generation.slices import at_tempo, drums_of
from lofi_tf.models.kinds import check_made_for
from lofi_tf.music.feel import traits_named, traits_of
from lofi_tf.music.quantize import Grid
from lofi_tf.music.sequence_proto import NoteSequence


def humanize(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    amount: float = 1.0,
    keep: str | Collection[str] | None = None,
) -> list[NoteSequence]:
    """Returns a piece whose drums have velocities and timing of the model's.

    Each hit stays, with its pitch: those that the grid holds go towards what the model plays at
    their step, all others are moved with them (`felt_hits`). The decoder is fed the piece's hits,
    not those that it would choose itself. Other notes stay as they are.

    Arguments and errors are those of `lofi_tf.api.grooves.HumanizeModel.humanize`. The temperature
    is how far latents are drawn from the posteriors' means, in their standard deviations, and how
    far velocities and timing from their medians, where the model knows their distributions.

    Example:
        >>> humanizer = lofi_tf.load_model("groove_humanize").backend
        >>> (played,) = generation.humanize(humanizer, beat)
        >>> len(played.notes) == len(beat.notes)
        True
    """
    check_fits(backend, "humanize")
    check_range("amount", amount, 0, MAX_AMOUNT)
    kept = None if keep is None else traits_named(keep)
    piece = at_tempo(piece, how.qpm)
    passage, how = best_passage(backend, piece), how.like(piece)
    posteriors = passage.excerpt.posteriors(backend)
    own = traits_of(drums_of(piece))
    kept = own if kept is None else own & kept
    return [
        _felt(backend, piece, passage, posteriors, how, output, amount, kept)
        for output in range(num_outputs)
    ]


def groove_transfer(
    backend: Backend,
    feel: NoteSequence,
    hits: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    amount: float = 1.0,
    keep: str | Collection[str] = "none",
) -> list[NoteSequence]:
    """Returns the hits of one beat with the velocities and timing of another.

    The latents are those of the beat with the feel, window by window and again from its first;
    the hits are given as controls, and stay as in `humanize`. Tempo and metre are those of `hits`.

    Arguments and errors are those of `lofi_tf.api.grooves.TransferModel.groove_transfer`.

    Example:
        >>> (played,) = generation.groove_transfer(transfer, feel=beat, hits=beat)
        >>> len(played.notes) == len(beat.notes)
        True
    """
    check_fits(backend, "groove_transfer")
    check_range("amount", amount, 0, MAX_AMOUNT)
    kept = traits_named(keep) & traits_of(drums_of(hits))
    hits = at_tempo(hits, how.qpm)
    source, passage = passage_of(backend, feel), best_passage(backend, hits)
    how, known = how.like(hits), source.excerpt.posteriors(backend)
    posteriors = tuple(part[np.array(passage.rows) % len(part)] for part in known)
    return [
        _felt(backend, hits, passage, posteriors, how, output, amount, kept)
        for output in range(num_outputs)
    ]


def tap2drum(
    backend: Backend, piece: NoteSequence, num_outputs: int = 1, how: GenerationConfig = HOW
) -> list[NoteSequence]:
    """Returns beats for a tapped rhythm.

    Every note is a tap, whatever its pitch and instrument; the timing counts.

    Arguments and errors are those of `lofi_tf.api.sequence.TapModel.tap2drum`.

    Example:
        >>> drummer = lofi_tf.load_model("groove_tap2drum").backend
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
    check_made_for(backend.config, mode)


def _felt(
    backend: Backend,
    piece: NoteSequence,
    passage: ChunkedSequence,
    posteriors: tuple[np.ndarray, np.ndarray],
    how: GenerationConfig,
    output: int,
    amount: float,
    kept: frozenset[str],
) -> NoteSequence:
    """Returns a piece whose drums are played by the model.

    Args:
        backend: the model.
        piece: at the tempo of `how`.
        passage: its windows.
        posteriors: means and standard deviations of the latents, [N, Z].
        how: as `humanize` has it.
        output: its number.
        amount: how far hits go towards what the model plays.
        kept: traits that stay the piece's own.
    """
    converter, excerpt = backend.converter, passage.excerpt
    mean, stddev = posteriors
    seeds = window_seeds(how.seed, output, len(passage.layout.starts))[list(passage.rows)]
    z = mean + how.temperature * stddev * prior(seeds, mean.shape[1])
    given = excerpt.targets[:, :, : excerpt.targets.shape[2] // 3]
    outputs = play_arrays(backend, z, given, how, excerpt.controls, seeds)
    found, grid = type(piece)(), Grid(how.qpm, converter.steps_per_quarter)
    found.CopyFrom(piece)
    marked = any(note.is_drum for note in found.notes)
    notes = [note for note in found.notes if note.is_drum or not marked]
    hits = Hits.of(notes, drum_table(converter), grid)
    changes = moved(hits, _whole(outputs, passage, converter), grid, amount, kept)
    for note, shift, velocity in zip(notes, *changes, strict=True):
        note.start_time += shift
        note.end_time += shift
        note.velocity = int(velocity)
    return found


def _whole(outputs: np.ndarray, passage: ChunkedSequence, converter: GrooveConverter) -> Played:
    """Returns the outputs [N, T, D] of a passage's rows, each at its place in the piece."""
    layout, bar = passage.layout, converter.steps_per_bar
    shape = layout.num_bars * bar, converter.num_drums
    found = Played(np.full(shape, np.nan), np.full(shape, np.nan))
    for row, array in zip(passage.rows, outputs, strict=True):
        hits, velocities, early = converter.fields(array)
        first, last = (bars * bar for bars in layout.kept(row))
        begin = layout.starts[row] * bar
        place = slice(begin + first, begin + last)
        struck = hits[first:last] > 0.5
        found.velocities[place] = np.where(struck, velocities[first:last], np.nan)
        found.late[place] = np.where(struck, -early[first:last], np.nan)
    return found


def _exchange(
    window: NoteSequence, own: NoteSequence, converter: GrooveConverter, stretch: float
) -> None:
    """Leaves only the added drums in a window, and adds the other notes of the beat it is for."""
    added = {pitch for drum in converter.add_instruments for pitch in converter.classes[drum]}
    kept = [note for note in window.notes if note.pitch in added]
    table = drum_table(converter)
    del window.notes[:]
    window.notes.extend(kept)
    for note in own.notes:
        if table[note.pitch] in converter.add_instruments:
            continue
        copy = window.notes.add()
        copy.CopyFrom(note)
        copy.start_time, copy.end_time = note.start_time * stretch, note.end_time * stretch
        copy.is_drum, copy.instrument, copy.program = True, DRUM_INSTRUMENT, 0
