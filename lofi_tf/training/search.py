"""A search for hyperparameters: an Optuna study whose trials are runs on one fixed split.

A study's folder holds `study.yaml` (what was asked), `study.log` (Optuna's journal), `trials/000`
and so on (each a run), `trials.csv`, and `best.yaml`, the config of the best trial so far.
"""

import csv
import dataclasses
import io
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import optuna

from lofi_tf.config import Config
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.files import check_writable, read_yaml, write_file, write_yaml
from lofi_tf.hparams import with_hparams
from lofi_tf.training.history import HISTORY, read_history
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.search_space import Space, as_hparams, chosen, described, hparams_of
from lofi_tf.training.setup import check
from lofi_tf.training.train import train

STUDY, JOURNAL, TRIALS, TABLE, BEST = "study.yaml", "study.log", "trials", "trials.csv", "best.yaml"
_UNPRUNED = 5  # first trials that always run to their end
_ENDED = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
Log = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """How a search goes.

    Attributes:
        num_trials: trials in all, those of earlier calls among them.
        metric: a scalar of the evaluations (a column of `eval/history.csv`).
        direction: `minimize` or `maximize`.
        prune: whether a trial ends early once it is worse than the median of the others at the
            same step.
        seed: of the choices; the seed of every run is that of the training options.
    """

    num_trials: int = 30
    metric: str = "loss"
    direction: str = "minimize"
    prune: bool = True
    seed: int = 0


class Best(NamedTuple):
    """The best trial of a search.

    Attributes:
        config: its config.
        hparams: what it chose, as `--hparams` takes it.
        value: of its metric.
        trial: its number, from 0; its run is in `trials/`.
    """

    config: Config
    hparams: str
    value: float
    trial: int


class _Pruned(Exception):
    """A trial that is not worth going on with."""


def search(
    config: Config,
    space: Space,
    examples: Examples,
    validation: Examples,
    folder: str | Path,
    options: SearchOptions = SearchOptions(),  # noqa: B008 (frozen)
    training: TrainOptions = TrainOptions(),  # noqa: B008 (frozen)
    log: Log = lambda line: None,
) -> Best:
    """Searches to `num_trials`; returns the best.

    A trial's value is the best of its evaluations on `validation`, the same for all. Choices are
    drawn by the tree-structured Parzen estimator (Bergstra et al. 2011). Called again it goes on,
    a trial that was stopped first, from its checkpoint: the result is that of the unbroken search.

    Raises:
        LofiError: no validation examples, a folder of another search, an unknown metric, or no
            trial that could be trained.
    """
    if validation is None or not len(validation):
        raise LofiError("a search needs validation examples: give a --validation_split above 0")
    folder = Path(folder)
    _check_folder(folder, _facts(config, space, examples, validation, options, training))
    study = _open_study(folder, options)
    for left in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(left.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(left.params)
    while (number := len(_ended(study))) < options.num_trials:
        study.sampler = optuna.samplers.TPESampler(seed=options.seed * 100003 + number)
        trial = study.ask()
        params = chosen(trial, space)
        log(f"trial {number:03d} (of {options.num_trials}): {hparams_of(params)}")
        run = folder / TRIALS / f"{number:03d}"
        found = _run(config, params, examples, validation, run, trial, options, training)
        _tell(study, trial, found)
        best = _write_results(study, folder, config)
        log(_line(best, found, options.metric))
    if (best := _best(study, config)) is None:
        reasons = {trial.user_attrs["reason"] for trial in _ended(study)}
        raise LofiError(f"no trial could be trained: {'; '.join(sorted(filter(None, reasons)))}")
    return best


def _run(config, params, examples, validation, run, trial, options, training):
    """Trains one trial; returns what became of it."""
    began, state, reason = time.monotonic(), "complete", ""

    def on_evaluation(step: int, scalars: Mapping[str, float]) -> None:
        if step:
            trial.report(_value_of(scalars, options.metric), step)
            if step < training.num_steps and options.prune and trial.should_prune():
                raise _Pruned

    try:
        trained = with_hparams(config, hparams_of(params))
        check(trained, run, training)
        for row in _rows(run):
            on_evaluation(int(row["step"]), {name: float(value) for name, value in row.items()})
        train(trained, examples, run, training, validation, on_evaluation=on_evaluation)
    except _Pruned:
        state = "pruned"
    except _UnknownMetric:
        raise
    except LofiError as error:
        state, reason = "failed", str(error)
    finally:
        keras.backend.clear_session()
    value, step = _best_evaluation(run, options)
    if not math.isfinite(value) and not reason:
        state, reason = "failed", f"{options.metric} is {value}"
    seconds = round(time.monotonic() - began, 1)
    return {"state": state, "value": value, "step": step, "seconds": seconds, "reason": reason}


def _best_evaluation(run: Path, options: SearchOptions) -> tuple[float, int]:
    """Returns a run's best value and its step, NaN where there is none."""
    rows = [row for row in _rows(run) if int(row["step"])]
    values = [(float(row[options.metric]), int(row["step"])) for row in rows]
    pick = min if options.direction == "minimize" else max
    return pick(values, default=(math.nan, 0))


def _value_of(scalars: Mapping[str, float], metric: str) -> float:
    if metric not in scalars:
        names = ", ".join(sorted(scalars))
        raise _UnknownMetric(f"--metric is one of {names}. Received: {metric}")
    return scalars[metric]


def _rows(run: Path) -> list[dict[str, str]]:
    return read_history(run / "eval" / HISTORY)


class _UnknownMetric(LofiError):
    """A metric that evaluations do not give."""


def _open_study(folder: Path, options: SearchOptions) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name="lofi_search",
        direction=options.direction,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED),
        load_if_exists=True,
    )


def _tell(study: optuna.Study, trial: optuna.Trial, found: dict[str, Any]) -> None:
    for name, value in found.items():
        trial.set_user_attr(name, value)
    if found["state"] == "complete":
        study.tell(trial, found["value"])
    else:
        states = {"pruned": optuna.trial.TrialState.PRUNED}
        study.tell(trial, state=states.get(found["state"], optuna.trial.TrialState.FAIL))


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Returns the trials that need not run again; one that was stopped has no state of ours."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.state in _ENDED or "state" in trial.user_attrs]


def _best(study: optuna.Study, config: Config) -> Best | None:
    whole = [
        (number, trial)
        for number, trial in enumerate(_ended(study))
        if trial.state == optuna.trial.TrialState.COMPLETE
    ]
    sign = 1 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1
    if not whole:
        return None
    number, trial = min(whole, key=lambda pair: sign * pair[1].value)
    hparams = hparams_of(as_hparams(trial.params))
    return Best(with_hparams(config, hparams), hparams, trial.value, number)


def _write_results(study: optuna.Study, folder: Path, config: Config) -> Best | None:
    """Writes the table of all trials, and the best's config; returns the best."""
    ended = _ended(study)
    names = sorted({name for trial in ended for name in trial.params})
    columns = ["state", "value", "step", "seconds", "reason"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", *columns, *names])
    for number, trial in enumerate(ended):
        facts, params = trial.user_attrs, as_hparams(trial.params)
        table.writerow([number, *(facts[c] for c in columns), *(params.get(n) for n in names)])
    write_file(folder / TABLE, text.getvalue())
    best = _best(study, config)
    if best is not None:
        write_yaml(folder / BEST, best.config.to_dict())
    return best


def _line(best: Best | None, found: Mapping[str, Any], metric: str) -> str:
    told = found["reason"] or f"{metric} {found['value']:.6g} at step {found['step']}"
    so_far = f"; best so far {best.value:.6g} (trial {best.trial:03d})" if best else ""
    return f"  {found['state']} in {found['seconds']:.0f} s: {told}{so_far}"


def _facts(config, space, examples, validation, options, training) -> dict[str, Any]:
    """Returns what all trials of a search share."""
    return {
        "config": config.to_dict(),
        "space": described(space),
        **{name: getattr(options, name) for name in ("metric", "direction", "prune", "seed")},
        "training": {
            name: getattr(training, name)
            for name in ("num_steps", "eval_steps", "eval_num_batches", "seed")
        },
        "data_sha1": examples.sha1(),
        "validation_sha1": validation.sha1(),
    }


def _check_folder(folder: Path, facts: Mapping[str, Any]) -> None:
    """Refuses the folder of another search; writes what this one is, where it is new.

    Raises:
        LofiError: what differs, or a folder that cannot be written to.
    """
    path = folder / STUDY
    check_writable(path)
    if path.is_file():
        begun = read_yaml(path)
        begun = begun if isinstance(begun, dict) else {}
        other = [name for name, value in facts.items() if begun.get(name) != value]
        if other:
            raise LofiError(
                f"{folder} holds a search with another {', '.join(other)}: give another --run_dir, "
                "or the settings it began with"
            )
        return
    write_yaml(path, facts)
