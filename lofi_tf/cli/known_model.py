"""What `lofi_generate` refuses of a model by its config, before TensorFlow and the model open."""

import argparse

import numpy as np

from lofi_tf.cli.generate_modes import attributes_named, attributes_path, changes_a_song
from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, naming, unknown_name
from lofi_tf.models.kinds import check_made_for
from lofi_tf.music.bars import bars_named
from lofi_tf.music.song_metre import sections_of
from lofi_tf.music.song_parts import parts_for
from lofi_tf.saving.hub import is_address
from lofi_tf.saving.loading import known_config, weights_path

MADE_FOR = ("humanize", "tap2drum", "add_hihats", "groove_transfer")


def config_before(args: argparse.Namespace, config: Config | None) -> Config | None:
    """Returns the config of the model that is to be opened, or None where only it can tell.

    Args:
        args: of the command, its model a folder or an address.
        config: of `--config`.

    Raises:
        LofiError: no model is there.
    """
    source = args.model or args.checkpoint_file
    return None if is_address(source) else known_config(weights_path(source)) or config


def check_wishes(args: argparse.Namespace, config: Config) -> None:
    """Refuses flags that a model of a config cannot obey.

    Raises:
        LofiError: which flag, and what is allowed.
    """
    converter = build_converter(config.data.converter)
    if converter.medium == "sound":
        return
    if args.mode in MADE_FOR:
        check_made_for(config, args.mode)
    converter.conditioned(converter.own_controls(1, 120.0, 0), args.style, args.density)
    if args.attribute:
        _check_attributes(args)
    is_new = args.mode == "sample" and not args.map
    if args.chords and not converter.chord_encoding:
        raise LofiError(f"{config.name} takes no chords: leave out --chords")
    if is_new and converter.chord_encoding and not args.chords:
        raise LofiError(f"{config.name} takes chords: give --chords, such as --chords='C Am F G'")
    if is_new and args.input_midi_1 and not converter.hits_as_controls:
        raise LofiError(
            f"--mode=sample of {config.name} makes new music and takes no input: leave it out, or "
            "say what to do with it, such as --mode=vary or --mode=continue"
        )
    if is_new and converter.hits_as_controls and not args.input_midi_1:
        raise LofiError(f"{config.name} plays hits that are given: give --input_midi_1")


def check_songs(args: argparse.Namespace, config: Config, songs: list) -> None:
    """Refuses a song without the part that a model of a config is to change.

    Raises:
        LofiError: no notes, no such track, no drums for a model of drums; or bars that it lacks.
    """
    converter = build_converter(config.data.converter)
    if not (songs and changes_a_song(args.mode)) or converter.medium == "sound":
        return
    *_, song = songs
    with naming(args.input_midi_2 or args.input_midi_1):
        kind = None if args.mode == "tap2drum" else converter.loop
        parts_for(song, args.track, kind, f"{args.mode} with {config.name}")
        last = sections_of(song)[-1]
        asked, bars = bars_named(args.bars or "1"), last.first_bar + last.num_bars - 1
        if max(asked) > bars:
            raise LofiError(f"bars must be those of the music, 1 to {bars}. Received: {max(asked)}")


def _check_attributes(args: argparse.Namespace) -> None:
    """Refuses attributes that have no vectors."""
    path = attributes_path(args)
    if not path.is_file():
        raise LofiError(f"no attribute vectors in {path}: lofi_attributes computes them")
    with np.load(path) as stored:
        known = [name.removesuffix("/vector") for name in stored.files if name.endswith("/vector")]
    for name in attributes_named(args.attribute):
        if name not in known:
            raise unknown_name("attribute", name, known)
