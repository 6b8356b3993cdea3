"""`lofi_search`: the best hyperparameters of many short trainings on one fixed split."""

import argparse
import signal
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, check_flags, command, is_verbose, logger
from lofi_tf.cli.training_data import add_data_flags, check_data_flags, check_music, training_data


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags; those of `lofi_train` mean the same here."""
    parser = Parser("lofi_search", __doc__)
    flag = parser.add_argument
    flag("--config", default="", help="name of a config, or path of a YAML file")
    flag("--run_dir", help="folder of the search; a search that was stopped goes on")
    flag(
        "--space",
        help="what to search: num_layers=1|2|5,latent_dim=20:200,learning_rate=1e-4:1e-2:log, or "
        "a YAML file (default: the space that comes with the config)",
    )
    flag("--num_trials", type=int, default=30, help="trials in all")
    flag("--num_steps", type=int, default=1000, help="steps of a trial")
    flag("--eval_steps", type=int, default=100, help="steps between evaluations of a trial")
    flag("--eval_num_batches", type=int, help="batches of an evaluation (default: all)")
    flag("--metric", default="loss", help="a scalar of the evaluations, such as metrics/mse")
    flag("--direction", default="minimize", choices=["minimize", "maximize"])
    add_bool(parser, "prune", True, "end trials early that are worse than the median")
    add_data_flags(parser)
    flag("--hparams", default="", help="overrides that all trials share")
    flag("--seed", type=int, default=0, help="of the choices, and of every trial's training")
    flag("--log", default="INFO", choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    return parser


def _run(args: argparse.Namespace) -> None:
    check_flags(args, ("config", "run_dir"), num_trials=1, num_steps=1, eval_steps=1, seed=0)
    check_data_flags(args)
    from lofi_tf import quiet
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams
    from lofi_tf.training.search_space import read_space

    config = with_hparams(load_config(args.config), args.hparams)
    space = read_space(args.space, config)
    check_music(args, config)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with quiet.imports():
        from lofi_tf.training import train
        from lofi_tf.training.search import BEST, TABLE, SearchOptions, search
    options = SearchOptions(args.num_trials, args.metric, args.direction, args.prune, args.seed)
    trained = train.TrainOptions(
        num_steps=args.num_steps,
        seed=args.seed,
        eval_steps=args.eval_steps,
        eval_num_batches=args.eval_num_batches,
        picture_steps=0,
        checkpoints_to_keep=1,
        keep_checkpoint_every_n_hours=0,
        show_progress=is_verbose(args.log),
    )
    log = logger(args.log)
    examples, validation = training_data(args, config)
    best = search(config, space, examples, validation, args.run_dir, options, trained, log)
    log(f"Best: trial {best.trial:03d}, {args.metric} {best.value:.6g}: {best.hparams}")
    log(f"Wrote {Path(args.run_dir) / BEST} and {Path(args.run_dir) / TABLE}.")


main = command(build_parser, _run)
