"""`lofi_analyze`: how good a cross-modal model is on notes that it never learned from."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, check_flags, command, log
from lofi_tf.errors import LofiError

CHECKPOINTS = ("best", "latest")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_analyze", __doc__)
    flag = parser.add_argument
    flag("--run_dir", help="folder of a run of lofi_train, of a config such as crossmodal")
    flag("--examples_path", help="what prepare_paired wrote, that the model was trained on")
    flag("--split", default="validation", help="held-out split (default: validation)")
    flag("--test_examples_path", help="another store, such as one of recordings, scored as well")
    flag("--output_dir", default="report", help="folder of the report (default: report)")
    flag("--checkpoint", choices=CHECKPOINTS, default="best", help="which (default: best)")
    flag("--nb_passes", type=int, default=2, help="how often each note is mixed (default: 2)")
    flag("--n_samples", type=int, default=4, help="draws of z for a likelihood (default: 4)")
    flag("--n_sounds", type=int, default=4, help="mixtures to listen to (default: 4)")
    flag("--seed", type=int, default=0, help="of mixtures, draws and baselines (default: 0)")
    flag("--classifier_epochs", type=int, default=30, help="of baselines, at most (default: 30)")
    add_bool(parser, "baselines", True, "train baselines, to be scored on the same frames")
    return parser


def _run(args: argparse.Namespace) -> None:
    folder = _checked(args)
    from lofi_tf import quiet

    with quiet.imports():
        from lofi_tf.crossmodal.model import open_cross
        from lofi_tf.evaluation.crossmodal import report
        from lofi_tf.evaluation.crossmodal.analysis import AnalysisSettings, analyse
        from lofi_tf.evaluation.crossmodal.datasets import (
            examples_of,
            recordings_of,
            training_recordings,
        )
        from lofi_tf.evaluation.crossmodal.plots import pictures_of, sounds_of
    epochs = args.classifier_epochs if args.baselines else 0
    settings = AnalysisSettings(args.nb_passes, args.n_samples, args.seed, epochs)
    model = open_cross(folder)
    if model.model is None:
        raise LofiError(f"--run_dir must be of a run of lofi_train. Received: {args.run_dir!r}")
    component = model.config.data.converter
    stores = {args.split: (args.examples_path, args.split)}
    if args.test_examples_path:
        stores["other"] = (args.test_examples_path, None)
    held_out = {
        name: recordings_of(examples_of(*given, component, log), component)
        for name, given in stores.items()
    }
    training, others = training_recordings(args.examples_path, component, log)
    analysis = analyse(model, training, others, held_out, settings, log)
    remarks = _remarks(model, args, held_out) + report.verdicts(analysis)
    log("Drawing pictures and sounds.")
    sounds = [
        one
        for found in held_out.values()
        for one in sounds_of(model, found, args.n_sounds, args.seed)
    ]
    output = Path(args.output_dir)
    report.write_tables(analysis, output)
    page, title = output / report.PAGE, f"{model.config.name}, step {model.step}"
    report.write_page(page, title, remarks, analysis, pictures_of(model, analysis), sounds)
    for name, heading in report.TITLES.items():
        print(f"{heading}\n{_text(analysis.tables[name])}\n")
    print("\n".join(remarks))
    log(f"Wrote {page}, and its tables beside it.")


def _text(rows) -> str:
    """Returns rows as aligned text; how many frames they are of is said once."""
    from lofi_tf.evaluation.tables import Table

    return Table.of_rows("", [{k: row[k] for k in row if k != "frames"} for row in rows]).as_text()


def _checked(args: argparse.Namespace) -> Path:
    """Returns the folder of the run, or of its checkpoints.

    Raises:
        LofiError: a flag that is missing or out of range.
    """
    least = {"nb_passes": 1, "n_samples": 1, "n_sounds": 0, "seed": 0, "classifier_epochs": 0}
    check_flags(args, ("run_dir", "examples_path"), **least)
    if args.split == "train":
        raise LofiError("--split: the model was trained on that one; give a held-out split")
    from lofi_tf.files import check_writable

    check_writable(Path(args.output_dir) / "report.html")
    folder = Path(args.run_dir)
    return folder / "train" if args.checkpoint == "latest" and folder.is_dir() else folder


def _remarks(model, args: argparse.Namespace, held_out) -> list[str]:
    """Returns what the page says of how it was made."""
    names = ", ".join(model.converter.instruments)
    found = [
        f"A model of {names}, after {model.step} steps, on notes that it never learned from. "
        f"Baselines learned from the training notes alone. Seed {args.seed}."
    ]
    for name, recordings in held_out.items():
        text = f"{name}: {len(recordings)} recordings"
        if recordings.missing:
            text += f"; silent, as there are none: {', '.join(recordings.missing)}"
        if not recordings.dynamics_known:
            text += "; their dynamics are not known, so only octave and pitch count"
        found.append(f"{text}.")
    return found


main = command(build_parser, _run)
