"""What the multi-instrument performance converter's options may be."""

from typing import TYPE_CHECKING, Any

from lofi_tf.data.converters.options import check_choice, check_flag, check_whole
from lofi_tf.data.converters.step_sequence import (
    CHORD_ENCODINGS,
    MODES,
    stretch_range,
    transpose_range,
)
from lofi_tf.errors import LofiError

if TYPE_CHECKING:
    from lofi_tf.data.converters.performance import MultiPerformanceConverter

COUNTS = (
    "hop_size_bars",
    "chunk_size_bars",
    "steps_per_quarter",
    "quarters_per_bar",
    "min_num_instruments",
    "max_num_instruments",
)


def checked_options(options: "MultiPerformanceConverter") -> dict[str, Any]:
    """Returns the options that are stored in another form than they may come in.

    Raises:
        LofiError: an option out of range.
    """
    for name in COUNTS:
        check_whole(name, getattr(options, name), 1)
    check_whole("max_tensors_per_notesequence", options.max_tensors_per_notesequence, 1, True)
    for name in ("num_velocity_bins", "min_total_events", "min_pitch", "max_pitch", "seed"):
        check_whole(name, getattr(options, name), 0)
    check_whole("max_events_per_instrument", options.max_events_per_instrument, 3)
    check_flag("first_subsequence_only", options.first_subsequence_only)
    check_choice("mode", options.mode, MODES)
    if options.chord_encoding is not None:
        check_choice("chord_encoding", options.chord_encoding, CHORD_ENCODINGS)
    _check_ranges(options)
    return {
        "transpose_range": transpose_range(options.transpose_range),
        "stretch_range": stretch_range(options.stretch_range),
    }


def _check_ranges(options: "MultiPerformanceConverter") -> None:
    """Refuses values that make no sense together."""
    if not options.min_pitch <= options.max_pitch <= 127:
        raise LofiError(
            "min_pitch and max_pitch are no range. Allowed: 0 <= min_pitch <= max_pitch <= 127. "
            f"Received: {options.min_pitch}, {options.max_pitch}"
        )
    if options.num_velocity_bins > 127:
        raise LofiError(
            f"num_velocity_bins is too large. Allowed: 0 to 127. Received: "
            f"{options.num_velocity_bins}"
        )
    if options.min_num_instruments > options.max_num_instruments:
        raise LofiError(
            "min_num_instruments is above max_num_instruments. "
            f"Received: {options.min_num_instruments}, {options.max_num_instruments}"
        )
    if options.hop_size_bars % options.chunk_size_bars:
        raise LofiError(
            "hop_size_bars must be a multiple of chunk_size_bars. "
            f"Received: {options.hop_size_bars}, {options.chunk_size_bars}"
        )
