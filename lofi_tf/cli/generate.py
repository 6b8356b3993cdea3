"""`lofi_generate`: new music from a trained model, from nothing or from music that is there."""

import argparse
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, add_runtime, command, counted, logger
from lofi_tf.cli.generate_checks import INPUTS, SOUNDS, check, check_folder, check_model, given
from lofi_tf.cli.generate_modes import MODES, SOUND_MODES, changes_a_song
from lofi_tf.cli.latent_map import add_points, check_map, write_map
from lofi_tf.errors import LofiError, naming


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags, Magenta's `music_vae_generate` included."""
    parser = Parser("lofi_generate", __doc__)
    flag = parser.add_argument
    flag(
        *("--model", "--run_dir"),
        dest="model",
        help="folder that lofi_train or lofi_export wrote, a name of lofi_models or the address of "
        "a served model (default: the one of lofi_models that fits)",
    )
    flag("--checkpoint_file", help="a checkpoint: prefix, folder or .tar, ours or Magenta's")
    flag("--config", help="name of a config or YAML file; a run knows its own")
    flag("--hparams", default="", help="overrides of the config, for a checkpoint of other sizes")
    flag("--output_dir", default="/tmp/music_vae/generated", help="where the files go")
    flag("--mode", default="sample", choices=list(dict.fromkeys([*MODES, *SOUND_MODES])))
    flag(
        *("--input_midi_1", "--input_midi"),
        dest="input_midi_1",
        help="the music to start from: MIDI, MusicXML or ABC",
    )
    for name in INPUTS[1:]:
        flag(f"--{name}", help="where to interpolate to" if name[-1] == "2" else "a grid's corner")
    flag(
        *("--input_audio_1", "--input_audio"),
        dest="input_audio_1",
        help="the sound to start from, for models of sound: WAV, FLAC, Ogg, MP3 or AIFF",
    )
    flag("--input_audio_2", help="the sound to interpolate to")
    flag("--num_outputs", type=int, help="files (default: 5, or 1 of music given); a grid's side")
    flag("--max_batch_size", type=int, default=512, help="outputs decoded at once")
    flag(
        "--temperature",
        type=float,
        help="0 takes the likeliest at each step (default: 0.5, or "
        "0.9 where the model knows how hits are played)",
    )
    flag(
        "--expression",
        default="played",
        choices=["played", "decoded"],
        help="of grooves: played gives drawn hits their full velocity and timing, decoded softens "
        "unlikely ones as Magenta does (default: played)",
    )
    flag("--seed", type=int, help="the same seed gives the same files (default: a new one)")
    flag("--qpm", type=float, help="tempo, quarter notes a minute (default: the input's, or 120)")
    flag(
        "--expression_temperature",
        type=float,
        help="of velocities and timing, of grooves whose model knows their distributions",
    )
    flag("--style", help="of grooves whose model knows styles, such as hiphop")
    flag("--density", type=float, help="hits a bar, of grooves whose model knows it")
    flag("--best_of", type=int, help="draws for each output, of which a good one is kept: sample")
    flag("--length_bars", type=int, help="bars of new music: sample, continue")
    flag("--bars", help="infill: those to draw anew, from 1, such as 3-4 or 2,4-5")
    flag("--drums", help="infill: those to draw anew, such as snare,toms")
    flag("--chords", help="such as 'C Am F G' or 'C:2 F:1 G:1', for models that take chords")
    flag("--seconds", type=float, help="of new sound: continue (default: 4)")
    flag("--change_at_seconds", type=float, help="continue: when the style changes, of new sound")
    flag("--change_amount", type=float, help="continue: how far it changes, 0 to 1 (default: 1)")
    flag(
        "--amount",
        type=float,
        help="how far from the input or the first window, 0 to 1; humanize: of the feel, 0 to 1.5",
    )
    flag(
        "--keep",
        help="humanize: swing, accents, both with a comma, or none (default: what the input has)",
    )
    flag("--attribute", action="append", help="vary: such as density=+1.0; may be repeated")
    flag("--attributes_file", help="what lofi_attributes wrote (default: beside the model)")
    flag("--track", help="which part changes, by name or number (default: the one that fits)")
    add_bool(parser, "only_part", None, "write the part that changes alone, not the whole song")
    add_bool(parser, "png", False, "draw a picture beside each file")
    flag("--map", metavar="FILE", help="in place of music, a page to explore the latent by ear")
    add_points(flag)
    add_runtime(flag)
    flag("--log", default="INFO", choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    return parser


def _run(args: argparse.Namespace) -> None:
    check_folder(args)
    check(args)
    check_map(args)
    from lofi_tf import quiet
    from lofi_tf.cli.known_model import check_songs, check_wishes, config_before  # need numpy
    from lofi_tf.files import check_writable

    log = logger(args.log)
    config, inputs = config_of(args), _inputs(args)
    chosen = _choose_model(args, config, inputs)
    check_writable(args.map or Path(args.output_dir) / "a.mid")
    known = config_before(args, config)
    if known:
        check_model(args, known)
        check_wishes(args, known)
        check_songs(args, known, inputs)
    with quiet.imports():
        from lofi_tf import generation
        from lofi_tf.backends.open import open_backend
        from lofi_tf.saving.loading import same_model
    backend = open_backend(args.model or args.checkpoint_file, config)
    named = chosen is not None and not args.hparams  # --config says no more than which model
    if config is not None and not same_model(backend.config, config) and not named:
        asked = f"{args.config} and --hparams" if args.hparams else args.config
        log(f"{asked}: the model's own settings are taken, which differ.")
    modes = check_model(args, backend.config)
    if not known:
        check_wishes(args, backend.config)
    seed = secrets.randbelow(2**31) if args.seed is None else args.seed
    how = generation.GenerationConfig(
        seed=seed,
        qpm=args.qpm,
        max_batch_size=args.max_batch_size,
        expression=args.expression,
        style=args.style,
        density=args.density,
        expression_temperature=args.expression_temperature,
    ).at_temperature(args.temperature, backend.config)
    flags = f"--model={chosen} --seed={seed}" if chosen else f"--seed={seed}"
    if args.map:
        return write_map(args, backend, how, log, flags)
    stem = f"{backend.config.name}_%s_{time.strftime('%Y-%m-%d_%H%M%S')}"
    write = _writer(args, stem, log)
    pieces = modes[args.mode].run(args, backend, inputs, how, write)
    write(pieces, args.mode)
    log(f"Wrote {counted(len(pieces), 'file')} to {args.output_dir} ({flags}).")


def _choose_model(args: argparse.Namespace, config, inputs: list) -> str | None:
    """Puts a model's folder in the place of its name.

    Returns:
        The name, where no model was given and so the one that fits is taken.
    """
    from lofi_tf.cli.default_model import default_model
    from lofi_tf.saving.hub import find_model

    chosen = None
    if args.model is None and args.checkpoint_file is None:
        args.model = chosen = default_model(args, config and config.name, inputs)
    if args.model is not None:
        args.model = str(find_model(args.model))
    return chosen


def config_of(args: argparse.Namespace):
    """Returns the config of the flags, or None where the model is to know its own."""
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams

    if args.hparams and not args.config:
        raise LofiError("--hparams needs --config; a run folder knows its own settings")
    return with_hparams(load_config(args.config), args.hparams) if args.config else None


def _inputs(args: argparse.Namespace) -> list:
    """Returns the music of the input files; of an ABC file with several tunes the first.

    Of modes that change a part of it, it is a song.
    """
    from lofi_tf.audio.io import read_audio
    from lofi_tf.music.files import read_music, read_song

    sounds = []
    for name in given(args, SOUNDS):
        with naming(getattr(args, name)):
            sounds.append(read_audio(getattr(args, name)))
    read = read_song if changes_a_song(args.mode) else read_music
    return sounds or [read(getattr(args, name)) for name in given(args, INPUTS)]


def _writer(args: argparse.Namespace, stem: str, log: Callable[[str], None]) -> Callable:
    """Returns what writes pieces under a word and their numbers, or the names that they have."""

    def write(pieces: list | dict, word: str) -> None:
        from lofi_tf.audio.io import Audio, write_wav
        from lofi_tf.generation import from_zero
        from lofi_tf.music.midi import read_midi, write_midi
        from lofi_tf.music.song import Song
        from lofi_tf.plotting.pieces import save_piece

        moved, empty, count = 0.0, 0, len(pieces)
        if not isinstance(pieces, dict):
            pieces = {f"{n:03d}-of-{count:03d}": piece for n, piece in enumerate(pieces)}
        for name, piece in pieces.items():
            path = Path(args.output_dir) / f"{stem % word}-{name}"
            if isinstance(piece, Audio):
                write_wav(path.with_name(f"{path.name}.wav"), piece.samples, piece.sample_rate)
            elif isinstance(piece, Song):
                empty += not piece.notes
                piece.write(path.with_name(f"{path.name}.mid"))
                piece = read_midi(piece.to_bytes()) if args.png else piece
            else:
                moved = max(moved, -min((note.start_time for note in piece.notes), default=0.0))
                from_zero(piece)
                empty += not piece.notes
                write_midi(piece, path.with_name(f"{path.name}.mid"))
            if args.png:
                save_piece(piece, path.with_name(f"{path.name}.png"))
        if empty:
            what = f"{empty} of {count} outputs have" if empty > 1 else f"1 of {count} outputs has"
            log(f"{what} no notes: other seeds or temperatures draw others.")
        if moved and word == args.mode:
            log(f"Notes ahead of the first beat: all begins {1000 * moved:.0f} ms later.")

    return write


main = command(build_parser, _run)
