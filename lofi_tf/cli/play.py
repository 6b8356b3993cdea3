"""`lofi_play`: sound of notes, notes of sound, and ways between them, by a cross-modal model."""

import argparse
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, add_runtime, command, log
from lofi_tf.cli.play_modes import MODES, check
from lofi_tf.errors import check_range


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_play", __doc__)
    flag = parser.add_argument
    flag(
        *("--model", "--run_dir"),
        dest="model",
        required=True,
        help="folder of a run (its best checkpoint is taken), an export or its name, or an address",
    )
    flag("--mode", default="info", choices=list(MODES))
    flag("--output_dir", default="played", help="where the files go")
    flag("--midi", help="midi, sequence: music to be heard; MIDI, MusicXML or ABC")
    flag("--audio", help="audio, sequence: sound to be read; morphing: where to start")
    flag("--audio_2", help="morphing: sound to go to")
    flag("--notes", action="append", help="such as piano:C4:mf+flute:E5; may be repeated")
    flag("--instruments", help="such as piano,flute: of a file's tracks; who plays in the sound")
    flag("--transpose", type=int, help="semitones that notes are moved by")
    flag("--dynamics", type=int, help="class of dynamics for all notes, from 0, the softest")
    add_bool(parser, "sampling", False, "draw z of the posterior, instead of taking its mean")
    flag("--interp_order", type=int, help="morphing: 0, nearest point, to 3, cubic (default: 1)")
    flag("--n_points", type=int, help="morphing: points, those not given drawn of the prior")
    flag("--traj", choices=["line", "circle", "helix"], help="trajectory (default: line)")
    flag("--n_steps", type=int, help="frames of a way (default: 500)")
    flag("--n_generations", type=int, help="trajectory: how many (default: 10)")
    flag("--path", help="free_navigation: CSV file of latents, or dim:from:to,...")
    flag("--griffinlim_iters", type=int, default=32, help="steps from spectra to sound")
    flag("--seed", type=int, help="the same seed gives the same files (default: a new one)")
    add_bool(parser, "png", False, "draw pictures beside each file")
    add_runtime(flag)
    return parser


def _run(args: argparse.Namespace) -> None:
    check(args)
    from lofi_tf import quiet
    from lofi_tf.crossmodal import synthesis

    with quiet.imports():
        from lofi_tf.crossmodal import model as cross_model
    model = cross_model.open_cross(args.model)
    seed = secrets.randbelow(2**31) if args.seed is None else args.seed
    check_range("seed", seed, 0)
    names = tuple(name.strip() for name in (args.instruments or "").split(",") if name.strip())
    how = synthesis.SynthesisConfig(
        seed, args.sampling, args.griffinlim_iters, args.transpose or 0, args.dynamics, names
    )
    how.check(model)
    stem = f"{model.config.name}_{args.mode}_{time.strftime('%Y-%m-%d_%H%M%S')}"
    written = []
    MODES[args.mode].run(args, model, how, _writer(args, stem, written), synthesis)
    if written:
        log(f"Wrote {len(written)} files to {args.output_dir} (--seed={seed}).")


def _writer(args: argparse.Namespace, stem: str, written: list[Path]) -> Callable:
    """Returns what writes a piece under the next number; `written` gets its files."""
    count = 0

    def write(piece) -> None:
        nonlocal count
        from lofi_tf.audio.io import write_wav
        from lofi_tf.music.midi import write_midi

        path = Path(args.output_dir) / f"{stem}-{count:03d}"
        count += 1
        sound, notes = (path.with_name(path.name + end) for end in (".wav", ".mid"))
        write_wav(sound, piece.audio.samples, piece.audio.sample_rate)
        write_midi(piece.sequence, notes)
        written.extend([sound, notes, *(_draw(piece, path) if args.png else [])])

    return write


def _draw(piece, path: Path) -> list[Path]:
    from lofi_tf.plotting.pieces import save_piece

    pictures = [path.with_name(f"{path.name}-{what}.png") for what in ("sound", "notes")]
    save_piece(piece.audio, pictures[0])
    save_piece(piece.sequence, pictures[1])
    return pictures


main = command(build_parser, _run)
