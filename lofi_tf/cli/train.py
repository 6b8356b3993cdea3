"""`lofi_train`: trains a model on NoteSequence records, or evaluates one."""

import argparse
import os
import signal
from pathlib import Path

from lofi_tf.cli.flags import SILENT, Parser, check_flags, is_verbose, log, logger, run_command
from lofi_tf.cli.training_data import (
    add_data_flags,
    check_data_flags,
    check_music,
    data_options,
)
from lofi_tf.errors import LofiError
from lofi_tf.training.options import TrainOptions

OF_A_RUN = (
    *("num_steps", "log_steps", "save_seconds", "eval_steps", "patience"),
    *("checkpoints_to_keep", "keep_checkpoint_every_n_hours"),
)
# Magenta's flags for TF1's parameter servers: only their defaults mean anything here.
DISTRIBUTED = {"master": "", "task": 0, "num_ps_tasks": 0, "num_sync_workers": 0}
STRATEGIES = ("none", "mirrored", "multiworker")
LEAST = {
    "num_steps": 1, "log_steps": 1, "eval_steps": 1, "seed": 0, "eval_num_batches": 0,
    "patience": 0, "checkpoints_to_keep": 0, "save_seconds": 0,
}  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags, Magenta's `music_vae_train` included."""
    parser = Parser("lofi_train", __doc__)
    flag = parser.add_argument
    flag(
        "--config", default="", help="name of a config, path of a YAML file or a symusic JSON file"
    )
    flag("--run_dir", help="folder of the run: config, checkpoints, logs")
    flag("--mode", default="train", choices=["train", "eval"])
    add_data_flags(parser)
    flag("--split", default="test", help="with --mode=eval and --split_file: which split")
    flag("--num_steps", type=int, help="the step to end at")
    flag("--hparams", default="", help="overrides such as batch_size=64,enc_rnn_size=[256]")
    flag("--seed", type=int, help="of weights, order, dropout and samples (default: 0)")
    flag("--log_steps", type=int, help="steps between log lines")
    flag("--save_seconds", type=float, help="seconds between checkpoints")
    flag("--eval_steps", type=int, help="steps between evaluations")
    flag("--eval_num_batches", type=int, help="batches of an evaluation (default: all)")
    flag("--patience", type=int, help="evaluations without a better one that end it")
    flag("--picture_steps", type=int, help="steps between pictures (default: eval_steps)")
    flag("--ckpt_path", help="checkpoint or run folder that a new run goes on from")
    flag(
        "--warm_start", help="run folder, export or checkpoint whose weights a new run begins with"
    )
    flag("--freeze", help="parts that are not trained: encoder,decoder/core (default: the run's)")
    flag("--checkpoints_to_keep", type=int, help="latest checkpoints; 0 keeps all")
    flag("--keep_checkpoint_every_n_hours", type=float)
    flag("--eval_dir_suffix", default="", help="added to the name of the folder of evaluations")
    flag(
        "--strategy",
        default="none",
        choices=STRATEGIES,
        help="mirrored: all GPUs of this machine; multiworker: the machines of TF_CONFIG",
    )
    for name, default in DISTRIBUTED.items():
        flag(f"--{name}", type=type(default), default=default, help=argparse.SUPPRESS)
    flag(
        "--log",
        default="INFO",
        choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
        help="WARN prints warnings and errors, ERROR and FATAL errors alone (default: INFO)",
    )
    parser.set_defaults(**{name: getattr(TrainOptions, name) for name in OF_A_RUN})
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = build_parser()
    args = parser.parse_args(argv)
    return run_command(lambda: _run(*_settings(parser, args, argv)))


def _run(args: argparse.Namespace, config) -> None:
    from lofi_tf import quiet
    from lofi_tf.training.run_folder import check_run

    if args.mode == "eval":
        check_run(args.run_dir, config)
    else:
        check_run(args.run_dir, config, _seed_of(args), _frozen_of(args))
    check_music(args, config)
    cluster = _cluster_of(args)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with quiet.imports():
        from lofi_tf.training import distribution, train
    if args.mode == "eval":
        _evaluate(args, config)
        return
    if cluster is not None and not cluster.is_chief:
        args.log = "WARN"  # the chief speaks for all
    if cluster is not None:
        logger(args.log)(f"Waiting for {len(cluster.addresses)} workers to be there.")
    strategy = distribution.open_strategy(args.strategy, cluster)
    options = _options_of(args)
    log, data = logger(args.log), data_options(args)
    model = train.train_on(config, data, args.run_dir, options, log, strategy)
    step = model.steps_trained
    log(f"Trained to step {step}: {Path(args.run_dir) / 'train'}")


def _options_of(args: argparse.Namespace):

    return TrainOptions(
        num_steps=args.num_steps,
        seed=_seed_of(args),
        save_seconds=args.save_seconds,
        log_steps=args.log_steps,
        eval_steps=args.eval_steps,
        eval_num_batches=args.eval_num_batches,
        picture_steps=args.picture_steps,
        ckpt_path=args.ckpt_path,
        warm_start=args.warm_start,
        frozen=_frozen_of(args),
        checkpoints_to_keep=args.checkpoints_to_keep,
        keep_checkpoint_every_n_hours=args.keep_checkpoint_every_n_hours,
        show_progress=is_verbose(args.log),
        eval_dir="eval" + args.eval_dir_suffix,
        patience=args.patience,
    )


def _settings(parser, args, argv):
    """Returns the flags and the config; a symusic file gives both, but flags on the line win."""
    if not args.config.endswith(".json"):
        return args, _config_of(args)
    from lofi_tf.interop.symusic_config import flag_defaults, read_symusic_config

    run = read_symusic_config(args.config)
    defaults = flag_defaults(run, args.mode)
    if args.tfds_name:
        defaults["examples_path"] = None
    if args.tfds_name or args.split_file:
        defaults["eval_examples_path"] = None
    parser.set_defaults(**defaults)
    args = parser.parse_args(argv)
    return args, _config_of(args, run.config)


def _config_of(args: argparse.Namespace, config=None):
    from lofi_tf.config import load_config
    from lofi_tf.hparams import ignored_hparams, with_hparams

    _check(args)
    known = Path(args.run_dir) / "config.yaml"
    if not args.config and not known.is_file():
        config = config or _warm_config(args)
    for name, reason in ignored_hparams(args.hparams).items():
        if args.log not in SILENT:
            log(f"hparam {name} has no effect: {reason}.")
    return with_hparams(config or load_config(args.config or known), args.hparams)


def _warm_config(args: argparse.Namespace):
    from lofi_tf import quiet

    if not args.warm_start:
        raise LofiError(
            "--config is missing: a config's name or a YAML file, a --run_dir that was trained "
            "before, or a --warm_start"
        )
    with quiet.imports():
        from lofi_tf.training import warm_start
    return warm_start.config_of(args.warm_start)


def _check(args: argparse.Namespace) -> None:
    if not args.run_dir:
        raise LofiError("--run_dir is missing: the folder for the run's checkpoints and logs")
    check_data_flags(args)
    for name, default in DISTRIBUTED.items():
        if getattr(args, name) != default:
            raise LofiError(
                f"--{name} is for TF1's parameter servers, which are not supported; for several "
                f"machines there is --strategy=multiworker. Allowed: {default!r}. "
                f"Received: {getattr(args, name)!r}"
            )
    if args.mode == "eval" and (args.warm_start or args.freeze or args.patience):
        raise LofiError("--warm_start, --freeze and --patience are for --mode=train")
    if args.warm_start and args.ckpt_path:
        raise LofiError("give --warm_start or --ckpt_path, one of the two")
    if args.mode == "eval" and args.strategy != "none":
        raise LofiError(f"--mode=eval takes one process. Received: --strategy={args.strategy}")
    check_flags(args, **LEAST)


def _cluster_of(args: argparse.Namespace):
    from lofi_tf.training.cluster import read_cluster

    return read_cluster(os.environ) if args.strategy == "multiworker" else None


def _seed_of(args: argparse.Namespace) -> int:
    from lofi_tf.training.run_folder import run_facts

    begun = run_facts(args.run_dir).get("seed")
    return args.seed if args.seed is not None else begun or 0


def _frozen_of(args: argparse.Namespace) -> tuple[str, ...] | None:
    if args.freeze is None:
        return None
    return tuple(filter(None, (name.strip(" /") for name in args.freeze.split(","))))


def _evaluate(args, config) -> None:
    from lofi_tf.data.storage.examples import split_by_file
    from lofi_tf.training import train

    model = train.open_run(args.run_dir, config)
    how = config.data.converter, is_verbose(args.log), logger(args.log)
    examples = data_options(args).read("test", *how)
    if args.split_file:
        splits = split_by_file(examples, args.split_file)
        if args.split not in splits:
            raise LofiError(
                f"{args.split_file} has no rows of the split {args.split!r}. "
                f"Allowed: {', '.join(splits)}"
            )
        examples = splits[args.split]
    folder = Path(args.run_dir) / f"eval{args.eval_dir_suffix}" / "once"
    found = train.evaluate_run(model, config, examples, folder, args.eval_num_batches)
    for name, value in found.items():
        print(f"{name:32s} {value:12.4f}")
