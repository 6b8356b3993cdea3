"""The model that `lofi_generate` takes where none is given."""

import argparse

from lofi_tf.errors import LofiError, naming
from lofi_tf.music.song import Song
from lofi_tf.music.song_parts import parts_named, parts_of
from lofi_tf.saving.hub import named_models

BEATS, TUNES, SOUND = "groove_4bar", "cat-mel_2bar_med_chords", "continuation_lstm"
LINES = "cat-mel_2bar_small"
OF_ANY_MUSIC = ("continue", "vary", "infill", "interpolate", "reconstruct")
BY_MODE = {
    "humanize": "groove_humanize",
    "tap2drum": "groove_tap2drum",
    "add_hihats": "groovae_2bar_add_closed_hh",
    "groove_transfer": "groove_transfer",
    "infill": BEATS,
}


def default_model(args: argparse.Namespace, config_name: str | None, inputs: list = ()) -> str:
    """Returns the name of the model that fits a config, the chords, the mode or the music.

    Args:
        args: of the command.
        config_name: of `--config`, where it is given.
        inputs: the music that is given.

    Raises:
        LofiError: there is no model of that name, or none for what is done to a sound.
    """
    asked = "give --model (or --run_dir) or --checkpoint_file, one of the two"
    fits = TUNES if args.chords else BY_MODE.get(args.mode, BEATS)
    if fits == BEATS and args.mode in OF_ANY_MUSIC and _is_without_drums(args, inputs):
        fits = LINES
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


def _is_without_drums(args: argparse.Namespace, inputs: list) -> bool:
    """Says whether the music, or the track of it that is asked for, has notes and no drums."""
    notes = []
    for music in inputs:
        if isinstance(music, Song):
            parts = parts_of(music)
            with naming(args.input_midi_2 or args.input_midi_1):
                notes += parts if args.track is None else parts_named(parts, args.track)
        else:
            notes += getattr(music, "notes", ())
    return bool(notes) and not args.drums and not any(one.is_drum for one in notes)
