"""Notes of several instruments: from MIDI to the symbols of each frame, and to MIDI again."""

import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lofi_tf.data.converters.note_events import NoteEvent, roll_of
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import (
    HIGHEST_PITCH,
    LOWEST_PITCH,
    Symbol,
    pitch_of,
    symbol_of,
    velocity_of,
)
from lofi_tf.data.pairs.note_files import pitch_and_velocity
from lofi_tf.errors import LofiError, LofiWarning, NotConvertible, unknown_name
from lofi_tf.music.chords import SHARP_NAMES
from lofi_tf.music.instruments import Instrument, instrument
from lofi_tf.music.sequence_proto import NoteSequence

Part = list[NoteEvent]  # what one instrument plays, by start
Chord = tuple[tuple[int, int], ...]  # pitch and velocity of what sounds at once, from below


def instrument_notes(
    sequence: NoteSequence, instruments: Sequence[str], tracks: Sequence[str] = ()
) -> list[Part]:
    """Returns what each of a model's instruments plays of a piece of music.

    Tracks go to the instruments named in `tracks`, in order, else to those of their programs. Where
    none has a program (all are 0), or none that the model knows, they go in order; so do those of
    other programs, to instruments that are free, and what is left is dropped with a `LofiWarning`.
    Drums are left out.

    Raises:
        LofiError: a name in `tracks` that is none of the instruments.
    """
    parts: dict[str, Part] = {name: [] for name in instruments}
    groups: dict[tuple[int, int], Part] = {}
    for note in sequence.notes:
        if not note.is_drum:
            found = NoteEvent(note.pitch, note.velocity, note.start_time, note.end_time)
            groups.setdefault((note.instrument, note.program), []).append(found)
    keys, dropped = sorted(groups), 0
    for key, name in zip(keys, _players(keys, instruments, tracks), strict=True):
        if name is None:
            dropped += 1
        else:
            parts[name] += groups[key]
    if dropped:
        warnings.warn(
            f"{dropped} of {len(keys)} tracks left out: the model has {', '.join(instruments)}",
            LofiWarning,
            stacklevel=2,
        )
    return [sorted(part, key=lambda note: note.start) for part in parts.values()]


def changed(
    parts: list[Part], transpose: int = 0, dynamics: int | None = None, num_dynamics: int = 5
) -> list[Part]:
    """Returns parts some semitones higher and with the dynamics of one class, if it is given.

    Notes beyond the pitches that symbols have are dropped with a `LofiWarning`.
    """
    velocity = None if dynamics is None else velocity_of(dynamics, num_dynamics)
    found, dropped = [], 0
    for part in parts:
        moved = [
            note._replace(pitch=note.pitch + transpose, velocity=velocity or note.velocity)
            for note in part
        ]
        kept = [note for note in moved if LOWEST_PITCH <= note.pitch <= HIGHEST_PITCH]
        dropped += len(moved) - len(kept)
        found.append(kept)
    if dropped:
        warnings.warn(
            f"{dropped} notes left out: pitches are {LOWEST_PITCH} to {HIGHEST_PITCH}",
            LofiWarning,
            stacklevel=2,
        )
    return found


def symbols_of(parts: list[Part], converter: PairedConverter, num_frames: int) -> np.ndarray:
    """Returns the symbols of parts at each frame, float32 [T, S].

    Of several notes of an instrument that sound at once the highest is taken, with a
    `LofiWarning`, or all where the converter's labels are binary.
    """
    times, known = np.arange(num_frames) * converter.frame_seconds, {}
    rolls = [roll_of(part, times) for part in parts]
    rows = np.zeros([num_frames, converter.layout.depth], np.float32)
    for row, frames in enumerate(zip(*rolls, strict=True)):
        chords = tuple(
            tuple((int(pitch), int(frame[pitch])) for pitch in np.flatnonzero(frame))
            for frame in frames
        )
        if chords not in known:
            known[chords] = vector_of(chords, converter)
        rows[row] = known[chords]
    if converter.label_type == "categorical":
        _warn_of_chords(known)
    return rows


def _warn_of_chords(found: Iterable[Sequence[Chord]]) -> None:
    if any(len(chord) > 1 for chords in found for chord in chords):
        warnings.warn(
            "of notes that one instrument plays at once the highest is taken: chords need a model "
            "trained with --hparams=label_type=binary",
            LofiWarning,
            stacklevel=3,
        )


def vector_of(chords: Sequence[Chord], converter: PairedConverter) -> np.ndarray:
    """Returns the symbols [S] of what each instrument plays at once."""
    if converter.label_type == "categorical":
        chords = [chord[-1:] for chord in chords]
    vector = np.zeros(converter.layout.depth, np.float32)
    for number in range(max(1, *map(len, chords))):
        symbols = [
            symbol_of(*chord[min(number, len(chord) - 1)], converter.num_dynamics)
            if chord
            else Symbol()
            for chord in chords
        ]
        vector = np.maximum(vector, converter.layout.encode(symbols))
    return vector


def chords_of_spec(spec: str, converter: PairedConverter) -> list[Chord]:
    """Returns what each instrument plays by words such as `piano:C4:mf+flute:E5`.

    Raises:
        LofiError: no such instrument in the model, or no note.
    """
    chords: dict[str, dict[int, int]] = {name: {} for name in converter.instruments}
    for word in spec.split("+"):
        name, _, note = word.strip().partition(":")
        if name not in chords:
            raise unknown_name("instrument", name, chords)
        try:
            pitch, velocity = pitch_and_velocity(note.replace(":", "_"))
        except NotConvertible as error:
            raise LofiError(
                f"notes are such as piano:C4:mf+flute:E5. Received: {spec!r}"
            ) from error
        if not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            raise LofiError(f"pitches are C0 to B8. Received: {spec!r}")
        chords[name][pitch] = velocity
    return [tuple(sorted(chord.items())) for chord in chords.values()]


def sequence_of(parts: list[Part], instruments: Sequence[str]) -> NoteSequence:
    """Returns parts as music at 120 quarter notes a minute, a track each, with its name."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    for number, (part, name) in enumerate(zip(parts, instruments, strict=True)):
        sequence.instrument_infos.add(instrument=number, name=name)
        program = _known(name).program
        for note in part:
            sequence.notes.add(
                pitch=note.pitch,
                velocity=note.velocity,
                start_time=note.start,
                end_time=note.end,
                instrument=number,
                program=program,
            )
    sequence.total_time = end_of(parts)
    return sequence


def end_of(parts: list[Part]) -> float:
    """Returns when the last note ends, in seconds; 0 where there is none."""
    return max((note.end for part in parts for note in part), default=0.0)


def words_of(probabilities: np.ndarray, converter: PairedConverter) -> str:
    """Returns what symbols [S] say, such as `piano C4 v64, flute silent`."""
    words, binary = [], converter.label_type == "binary"
    least = 0.5 if binary and not converter.zero_extra_class else 0.0
    symbols = converter.layout.decode(probabilities, least)
    for name, symbol in zip(converter.instruments, symbols, strict=True):
        words.append(" ".join([name, *_symbol_words(symbol, converter.num_dynamics)]))
    return ", ".join(words)


def _symbol_words(symbol: Symbol, num_dynamics: int) -> Iterator[str]:
    pitch = pitch_of(symbol)
    if pitch is not None:
        yield f"{SHARP_NAMES[pitch % 12]}{pitch // 12 - 1}"
    elif symbol.pitch is not None:
        yield SHARP_NAMES[symbol.pitch]
    else:
        yield "silent"
        return
    if symbol.dynamics is not None:
        yield f"v{velocity_of(symbol.dynamics, num_dynamics)}"


def _players(
    keys: list[tuple[int, int]], instruments: Sequence[str], tracks: Sequence[str]
) -> list[str | None]:
    """Returns the instrument of each track, by its (track, program)."""
    for name in tracks:
        if name not in instruments:
            raise unknown_name("instrument", name, instruments)
    if tracks:
        return [*tracks, *[None] * len(keys)][: len(keys)]
    programs = {_known(name).program: name for name in reversed(instruments)}
    named = any(program for _, program in keys) or len(keys) == 1
    found = [programs.get(program) if named else None for _, program in keys]
    free = [name for name in instruments if name not in found]
    return [name or (free.pop(0) if free else None) for name in found]


def _known(name: str) -> Instrument:
    """Returns an instrument, a piano for names that General MIDI does not have."""
    try:
        return instrument(name)
    except LofiError:
        return instrument("piano")
