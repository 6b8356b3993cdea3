"""What the options of the converters of lines (melodies, drum tracks, progressions) may be."""

from typing import Any

from lofi_tf.data.converters.options import check_choice, check_flag, check_whole
from lofi_tf.errors import LofiError

MODES = ("train", "eval", "infer")
CHORD_ENCODINGS = ("triad",)
UNKNOWN_CHORDS = ("drop", "error")
COINCIDENT_CHORDS = ("last", "error")
CHORD_SOURCES = ("auto", "notes", "symbols")


def check_line(options: Any) -> None:
    """Refuses bad values of the options that melody and drum converters share."""
    for name in ("max_bars", "slice_bars"):
        check_whole(name, getattr(options, name), 1, optional=True)
    for name in ("add_end_token", "pad_to_total_time"):
        check_flag(name, getattr(options, name))
    _check_all_lines(options)


def check_progression(options: Any) -> None:
    """Refuses bad values of the options of progressions."""
    for name in ("slice_bars", "hop_bars"):
        check_whole(name, getattr(options, name), 1)
    check_flag("loop_short", options.loop_short)
    check_choice("chords_from", options.chords_from, CHORD_SOURCES)
    _check_all_lines(options)


def _check_all_lines(options: Any) -> None:
    """Refuses bad values of the options that melodies, drum tracks and progressions share."""
    for name in ("steps_per_quarter", "quarters_per_bar"):
        check_whole(name, getattr(options, name), 1)
    check_whole(
        "max_tensors_per_notesequence", options.max_tensors_per_notesequence, 1, optional=True
    )
    for name in ("presplit_on_time_changes", "dedupe_event_lists"):
        check_flag(name, getattr(options, name))
    gap = options.gap_bars
    if gap is not None and (type(gap) not in (int, float) or not gap >= 0):
        raise LofiError(f"gap_bars is no length. Allowed: 0 or more, or none. Received: {gap!r}")
    check_choice("mode", options.mode, MODES)
    check_whole("seed", options.seed, 0)


def stretch_range(value: Any) -> tuple[float, float] | None:
    """Returns the option `stretch_range` as a tuple, checked."""
    if value is None:
        return None
    if not _is_pair(value, (int, float)) or not 0 < value[0] <= value[1] < float("inf"):
        raise LofiError(
            "stretch_range is no range of factors. Allowed: [least, largest] above 0, or none. "
            f"Received: {value!r}"
        )
    return float(value[0]), float(value[1])


def transpose_range(value: Any) -> tuple[int, int] | None:
    """Returns the option `transpose_range` as a tuple, checked."""
    if value is None:
        return None
    if not _is_pair(value, (int,)) or not -127 <= value[0] <= value[1] <= 127:
        raise LofiError(
            "transpose_range is no range of half steps. Allowed: [lowest, highest] within -127 to "
            f"127, or none. Received: {value!r}"
        )
    return value[0], value[1]


def programs(value: Any) -> tuple[int, ...] | None:
    """Returns the option `valid_programs` as a tuple, checked."""
    if value is None:
        return None
    whole = isinstance(value, list | tuple | range) and all(type(p) is int for p in value)
    if not whole or not value or any(not 0 <= program <= 127 for program in value):
        raise LofiError(
            "valid_programs are no MIDI programs. Allowed: a list of numbers 0 to 127, or none. "
            f"Received: {value!r}"
        )
    return tuple(value)


def check_melody(options: Any) -> None:
    """Refuses bad values of the options that only melodies have."""
    for name in ("skip_polyphony", "condition_on_key"):
        check_flag(name, getattr(options, name))
    for name in ("min_pitch", "max_pitch"):
        check_whole(name, getattr(options, name), 0)
    if not options.min_pitch < options.max_pitch <= 127:
        raise LofiError(
            "min_pitch and max_pitch are no range. Allowed: 0 <= min_pitch < max_pitch <= 127. "
            f"Received: {options.min_pitch}, {options.max_pitch}"
        )
    if options.chord_encoding is not None:
        check_choice("chord_encoding", options.chord_encoding, CHORD_ENCODINGS)
    check_choice("unknown_chord", options.unknown_chord, UNKNOWN_CHORDS)
    check_choice("coincident_chords", options.coincident_chords, COINCIDENT_CHORDS)


def _is_pair(value: Any, kinds: tuple[type, ...]) -> bool:
    """Says whether a value is a list of two numbers, none of them a bool."""
    return (
        isinstance(value, list | tuple) and len(value) == 2 and all(type(v) in kinds for v in value)
    )
