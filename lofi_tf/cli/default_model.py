"""The model that `lofi_generate` takes where none is given."""

import argparse

from lofi_tf.errors import LofiError
from lofi_tf.saving.hub import named_models

BEATS, TUNES, SOUND = "groove_4bar", "cat-mel_2bar_med_chords", "continuation_lstm"
BY_MODE = {
    "humanize": "groove_humanize",
    "tap2drum": "groove_tap2drum",
    "add_hihats": "groovae_2bar_add_closed_hh",
    "groove_transfer": "groove_transfer",
    "infill": BEATS,
}


def default_model(args: argparse.Namespace, config_name: str | None) -> str:
    """Returns the name of the model that fits a config, the chords or the mode.

    Args:
        args: of the command.
        config_name: of `--config`, where it is given.

    Raises:
        LofiError: there is no model of that name, or none for what is done to a sound.
    """
    asked = "give --model (or --run_dir) or --checkpoint_file, one of the two"
    fits = TUNES if args.chords else BY_MODE.get(args.mode, BEATS)
    if args.input_audio_1 is not None:
        if args.mode != "continue":
            raise LofiError(f"{asked}: of sound, --mode=continue alone has a model by itself")
        fits = SOUND
    name = config_name or fits
    if name in named_models():
        return name
    if not config_name and args.mode in BY_MODE:
        raise LofiError(
            f"--mode={args.mode} is for {name}, which does not come along: train one, and give "
            "its --model or --checkpoint_file"
        )
    raise LofiError(f"{asked}: there is no model {name}; lofi_models lists those there are")
