"""`lofi_generate`: new music from a trained model, or a way between two pieces."""

import argparse
import secrets
import time
from pathlib import Path

from lofi_tf.cli.flags import add_bool, run_command, say
from lofi_tf.errors import LofiError, NotConvertible


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags, Magenta's `music_vae_generate` included."""
    parser = argparse.ArgumentParser(prog="lofi_generate", description=__doc__, allow_abbrev=False)
    flag = parser.add_argument
    flag("--run_dir", help="folder that lofi_train wrote; its latest checkpoint is taken")
    flag("--checkpoint_file", help="a checkpoint: prefix, folder or .tar, ours or Magenta's")
    flag("--config", help="name of a config or YAML file; a run knows its own")
    flag("--hparams", default="", help="overrides of the config, for a checkpoint of other sizes")
    flag("--output_dir", default="/tmp/music_vae/generated", help="where the files go")
    flag("--mode", default="sample", choices=["sample", "interpolate"])
    flag("--input_midi_1", help="where to interpolate from; whose hits to play (hits control)")
    flag("--input_midi_2", help="where to interpolate to")
    flag("--num_outputs", type=int, default=5)
    flag("--max_batch_size", type=int, default=8, help="outputs decoded at once")
    flag("--temperature", type=float, default=0.5, help="0 takes the likeliest at each step")
    flag("--seed", type=int, help="the same seed gives the same files (default: a new one)")
    flag("--qpm", type=float, default=120.0, help="tempo, quarter notes a minute")
    add_bool(parser, "png", False, "draw a piano roll beside each file")
    flag("--log", default="INFO", choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    _check(args)
    from lofi_tf import quiet
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams

    config = None
    if args.hparams and not args.config:
        raise LofiError("--hparams needs --config; a run folder knows its own settings")
    if args.config:
        config = with_hparams(load_config(args.config), args.hparams)
    with quiet.imports():
        from lofi_tf import generation
        from lofi_tf.backends import open_backend
    backend = open_backend(args.run_dir, args.checkpoint_file, config)
    seed = secrets.randbelow(2**31) if args.seed is None else args.seed
    how = generation.How(args.temperature, seed, args.qpm, args.max_batch_size)
    stem = f"{backend.config.name}_%s_{time.strftime('%Y-%m-%d_%H%M%S')}"
    pieces = (
        _interpolate(args, backend, how, stem)
        if args.mode == "interpolate"
        else (_sample(args, backend, how))
    )
    _write(args, pieces, stem % args.mode)
    say(f"Wrote {len(pieces)} files to {args.output_dir} (--seed={seed}).")


def _check(args: argparse.Namespace) -> None:
    if (args.run_dir is None) == (args.checkpoint_file is None):
        raise LofiError("give --run_dir or --checkpoint_file, one of the two")
    if args.mode == "interpolate" and not (args.input_midi_1 and args.input_midi_2):
        raise LofiError("--mode=interpolate needs --input_midi_1 and --input_midi_2")
    least = {"num_outputs": 1, "max_batch_size": 1, "temperature": 0, "seed": 0, "qpm": 4}
    for name, low in least.items():
        value = getattr(args, name)
        if value is not None and not low <= value < 2**31:
            raise LofiError(f"--{name} must be at least {low} and below 2**31. Received: {value}")
    for name in ("input_midi_1", "input_midi_2"):
        path = getattr(args, name)
        if path and not Path(path).is_file():
            raise LofiError(f"--{name}: no such file. Received: {path!r}")


def _sample(args, backend, how):
    from lofi_tf import generation

    controls = None
    if args.input_midi_1:
        controls = _one_excerpt(args, backend, 1).controls
        if controls is None:
            raise LofiError(f"{backend.config.name} takes no controls: leave out --input_midi_1")
        controls = controls[0]
    return generation.sample(backend, args.num_outputs, how, controls)


def _interpolate(args, backend, how, stem):
    from lofi_tf import generation

    start, end = (_one_excerpt(args, backend, number, stem) for number in (1, 2))
    return generation.interpolate(backend, start, end, args.num_outputs, how)


def _one_excerpt(args, backend, number: int, stem: str | None = None):
    """Returns the one excerpt of an input file; where it holds several, writes them all."""
    from lofi_tf import generation
    from lofi_tf.data.converter import build_converter
    from lofi_tf.data.notes import sequences_from_file

    path = Path(getattr(args, f"input_midi_{number}"))
    try:
        sequence = sequences_from_file(path, path.name, "")[0]
        found = generation.excerpts_of(backend, sequence)
    except NotConvertible as error:
        raise LofiError(f"{path} does not fit {backend.config.name}: {error}") from error
    if len(found.inputs) > 1 and stem:
        converter = build_converter(backend.config.data.converter)
        _write(
            args,
            [converter.from_outputs(t) for t in found.targets],
            stem % f"input{number}-extractions",
        )
        raise LofiError(
            f"{path} holds {len(found.inputs)} examples, and one is needed: they have been written "
            f"to {args.output_dir}, choose one of them as --input_midi_{number}"
        )
    return found


def _write(args, pieces, stem: str) -> None:
    from lofi_tf.data.midi import write_midi
    from lofi_tf.generation import start_at_zero

    moved = 0
    for number, piece in enumerate(pieces):
        moved += start_at_zero(piece)
        path = Path(args.output_dir) / f"{stem}-{number:03d}-of-{len(pieces):03d}.mid"
        write_midi(piece, path)
        if args.png:
            from lofi_tf.pictures import save_piano_roll

            save_piano_roll(piece, path.with_suffix(".png"), path.stem)
    if moved:
        say(f"{moved} notes played ahead of the first beat were moved to its start.")
