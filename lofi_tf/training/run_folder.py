"""A run's folder: the settings that a run begins with, and those that it may go on with.

Needs no TensorFlow.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lofi_tf.config import Config, load_config
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.files import check_writable, read_yaml, write_yaml
from lofi_tf.saving.loading import same_model
from lofi_tf.saving.model_card import Facts


def check_run(
    run_dir: str | Path,
    config: Config,
    seed: int | None = None,
    frozen: Sequence[str] | None = None,
) -> None:
    """Holds settings against those that a run began with; writes nothing.

    Args:
        run_dir: the run's folder, which need not be there yet.
        config: of the run.
        seed: of the run; not looked at if not given.
        frozen: names of its frozen parts; not looked at if not given.

    Raises:
        LofiError: no folder, one that cannot be written to, or the run of another model, seed or
            frozen parts.
    """
    run_dir = Path(run_dir)
    if run_dir.exists() and not run_dir.is_dir():
        raise LofiError(f"a run needs a folder, new or of a run. Received: the file {run_dir}")
    check_writable(run_dir / "config.yaml")
    if not _has_begun(run_dir):
        return
    begun, facts = load_config(run_dir), run_facts(run_dir)
    same_weights = begun.model.discriminator == config.model.discriminator
    if not (same_model(begun, config) and same_weights):
        raise LofiError(
            f"{run_dir} holds a run of {begun.name} with other model or data settings: give "
            "another --run_dir, or the settings it began with"
        )
    if seed not in (None, facts.get("seed", seed)):
        raise LofiError(f"the run began with --seed={facts['seed']}. Received: {seed}")
    before = facts.get("frozen", [])
    if frozen is not None and sorted(frozen) != sorted(before):
        raise LofiError(
            f"the run began with --freeze={','.join(before)}. Received: {','.join(frozen)}"
        )


def write_run(
    run_dir: Path,
    config: Config,
    examples: Examples,
    begun: Mapping[str, Any],
    log: Callable[[str], None],
) -> None:
    """Writes a run's settings; says what differs from those of a run that goes on.

    Args:
        run_dir: the run's folder.
        config: of the run.
        examples: that it trains on.
        begun: what else is kept of it: its `seed` and how it began.
        log: told what a person should know.
    """
    facts = {**begun, "examples": len(examples), "data_sha1": examples.sha1()}
    log(f"{len(examples)} training examples, sha1 {facts['data_sha1']}.")
    if _has_begun(run_dir):
        begun_config = load_config(Path(run_dir))
        if dataclasses.replace(begun_config, name=config.name) != config:
            log("The training settings differ from those the run began with.")
        before = run_facts(run_dir).get("data_sha1")
        if before != facts["data_sha1"]:
            log(f"The data differs from what the run began with (sha1 {before}).")
    for name, values in (("config.yaml", config.to_dict()), ("run.yaml", facts)):
        write_yaml(run_dir / name, values)


def run_facts(run_dir: str | Path) -> dict[str, Any]:
    """Returns what `run.yaml` keeps of a run, nothing if there is none yet.

    Raises:
        LofiError: a file that cannot be read, or holds no seed.
    """
    path = Path(run_dir) / "run.yaml"
    if not path.is_file():
        return {}
    facts = read_yaml(path)
    if not isinstance(facts, dict) or type(facts.get("seed")) is not int:
        raise LofiError(f"{path} must hold the run's seed. Received: {facts!r:.80}")
    return facts


def _has_begun(run_dir: Path) -> bool:
    """Says whether there are settings, and a checkpoint or what is left of one."""
    return (run_dir / "config.yaml").is_file() and any((run_dir / "train").glob("*.ckpt-*"))


def facts_of_run(run_dir: str | Path | None, step: int, **said: str) -> Facts:
    """Returns what a run folder knows of its training, and what a person says of it besides."""
    known: Mapping[str, Any] = {}
    metrics: Mapping[str, float] = {}
    if run_dir is not None and (Path(run_dir) / "run.yaml").is_file():
        known = read_yaml(Path(run_dir) / "run.yaml")
        metrics = _metrics_at(Path(run_dir), step)
    found = (known.get(name) for name in ("examples", "data_sha1", "seed"))
    return Facts(step, *found, metrics, **said)


def _metrics_at(run_dir: Path, step: int) -> dict[str, float]:
    """Returns the scalars of the evaluation at a step, none if there was none."""
    from lofi_tf.training.history import read_history

    for row in reversed(read_history(run_dir / "eval" / "history.csv")):
        if int(row["step"]) == step:
            return {name: float(value) for name, value in row.items() if value and name != "step"}
    return {}
