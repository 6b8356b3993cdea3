"""What the Groove converter's options may be."""

from typing import TYPE_CHECKING, Any

from lofi_tf.data.converters.options import check_choice, check_flag, check_share, check_whole
from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import REDUCED, drum_classes

if TYPE_CHECKING:
    from lofi_tf.data.converters.groove import GrooveConverter

MODES = ("train", "eval", "infer")
UNKNOWN_PITCH = ("nearest", "drop", "error")
TAP_CHANNEL = 3  # a tapped rhythm is written as open hi-hat


def checked_options(options: "GrooveConverter") -> dict[str, Any]:
    """Returns the options that are stored in another form than they may come in.

    Raises:
        LofiError: an option out of range.
    """
    _check_options(options)
    plain = options.pitch_classes in (None, "roland")
    train = drum_classes("roland" if plain else options.pitch_classes)
    infer = drum_classes(
        options.inference_pitch_classes or (REDUCED if plain else train),
        "inference_pitch_classes",
    )
    if len(train) != len(infer):
        raise LofiError(
            "inference_pitch_classes must be as many as pitch_classes. "
            f"Allowed: {len(train)}. Received: {len(infer)}"
        )
    return {
        "pitch_classes": train,
        "inference_pitch_classes": infer,
        "add_instruments": _drum_numbers(options, len(train)),
    }


def _check_options(options: "GrooveConverter") -> None:
    """Refuses options whose value alone, or together with another, makes no sense."""
    for name in ("steps_per_quarter", "quarters_per_bar"):
        check_whole(name, getattr(options, name), 1)
    for name in ("split_bars", "max_tensors_per_notesequence", "hop_size"):
        check_whole(name, getattr(options, name), 1, optional=True)
    for name in ("num_velocity_bins", "num_offset_bins"):
        check_whole(name, getattr(options, name), 2, optional=True)
    for name in ("humanize", "tapify", "split_instruments", "hits_as_controls", "fixed_velocities"):
        check_flag(name, getattr(options, name))
    check_share("max_note_dropout_probability", options.max_note_dropout_probability)
    check_choice("unknown_pitch", options.unknown_pitch, UNKNOWN_PITCH)
    check_choice("mode", options.mode, MODES)
    check_whole("seed", options.seed, 0)
    if (options.num_velocity_bins is None) != (options.num_offset_bins is None):
        raise LofiError(
            "num_velocity_bins and num_offset_bins belong together. Allowed: both or none. "
            f"Received: {options.num_velocity_bins!r}, {options.num_offset_bins!r}"
        )
    if options.hop_size is not None and options.split_bars is None:
        raise LofiError(f"hop_size needs split_bars. Received: hop_size={options.hop_size}")


def _drum_numbers(options: "GrooveConverter", num_drums: int) -> tuple[int, ...] | None:
    """Returns `add_instruments` as a tuple, checked against the number of drums."""
    value = options.add_instruments
    if options.tapify and num_drums <= TAP_CHANNEL:
        raise LofiError(
            f"tapify needs {TAP_CHANNEL + 1} pitch classes or more. Received: {num_drums}"
        )
    if value is None:
        return None
    whole = isinstance(value, list | tuple) and all(type(drum) is int for drum in value)
    if not whole or any(not 0 <= drum < num_drums for drum in value):
        raise LofiError(
            f"add_instruments is not a list of drums. Allowed: whole numbers 0 to {num_drums - 1}. "
            f"Received: {value!r}"
        )
    return tuple(value)
