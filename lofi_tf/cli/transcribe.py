"""`lofi_transcribe`: a recording to a MIDI file, by a cross-modal model."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, add_runtime, command, log
from lofi_tf.errors import LofiError

MIDI_ENDINGS = (".mid", ".midi")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_transcribe", __doc__)
    flag = parser.add_argument
    flag("input", help="the recording: WAV, FLAC, Ogg, MP3 or AIFF, of any rate and channels")
    flag("output", nargs="?", help="MIDI file to write (default: the input's name, .mid)")
    flag(
        *("--model", "--run_dir"),
        dest="model",
        required=True,
        help="folder of a run (its best checkpoint is taken), an export or its name, or an address",
    )
    flag("--instruments", help="that play, such as piano,flute (default: all the model has)")
    flag("--gate_db", type=float, default=45.0, help="softer than the loudest by this is silent")
    flag("--change_nats", type=float, default=4.0, help="what a change of note costs; more: calmer")
    flag("--least_seconds", type=float, default=0.08, help="shorter notes are dropped")
    add_bool(parser, "png", False, "draw the notes beside the file")
    add_runtime(flag)
    return parser


def _run(args: argparse.Namespace) -> None:
    output = _output(args)
    from lofi_tf import quiet
    from lofi_tf.audio.io import probe, read_blocks
    from lofi_tf.crossmodal.inference import listen
    from lofi_tf.crossmodal.symbol_notes import sequence_of
    from lofi_tf.crossmodal.synthesis import SynthesisConfig
    from lofi_tf.crossmodal.transcription import NoteSettings, transcribed
    from lofi_tf.files import check_writable
    from lofi_tf.music.midi import write_midi

    settings = NoteSettings(
        change_nats=args.change_nats, gate_db=args.gate_db, least_seconds=args.least_seconds
    )
    try:
        info = probe(args.input)
        check_writable(output)
        with quiet.imports():
            from lofi_tf.crossmodal import model as opening
        model = opening.open_cross(args.model)
        names = [name.strip() for name in (args.instruments or "").split(",") if name.strip()]
        SynthesisConfig(instruments=names).check(model)
        heard = listen(model, read_blocks(args.input), info.sample_rate)
    except LofiError as error:
        raise _named(error, args.input) from error
    parts = transcribed(heard, model.converter, settings, names)
    sequence = sequence_of(parts, model.converter.instruments)
    write_midi(sequence, output)
    if args.png:
        from lofi_tf.plotting.pieces import save_piece

        save_piece(sequence, output.with_suffix(".png"))
    found = _counts(model.converter.instruments, parts)
    none = f"without a note, as none was found in {args.input}"
    log(f"Wrote {output}: {info.seconds:.1f} s, {found if any(parts) else none}.")


def _counts(instruments: Sequence[str], parts: list) -> str:
    counts = (f"{name} {len(part)}" for name, part in zip(instruments, parts, strict=True))
    return f"notes: {', '.join(counts)}"


def _output(args: argparse.Namespace) -> Path:
    """Returns the file to write.

    Raises:
        LofiError: it is the recording, or no MIDI file by its name.
    """
    output = Path(args.output or Path(args.input).with_suffix(".mid"))
    if output.exists() and Path(args.input).exists() and output.samefile(args.input):
        raise LofiError(f"the MIDI file would overwrite the recording: {output}; give another name")
    if output.suffix.lower() not in MIDI_ENDINGS:
        allowed = " or ".join(MIDI_ENDINGS)
        raise LofiError(f"the MIDI file to write must end in {allowed}. Received: {args.output!r}")
    return output


def _named(error: LofiError, path: str) -> LofiError:
    """Returns an error of a recording with the name of the file; others as they are."""
    from lofi_tf.errors import NotConvertible

    return LofiError(f"{path}: {error}") if isinstance(error, NotConvertible) else error


main = command(build_parser, _run)
