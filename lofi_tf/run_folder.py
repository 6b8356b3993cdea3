"""A run's folder: the settings that a run begins with, and those that it may go on with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lofi_tf import checkpoints
from lofi_tf.config import Config, load_config
from lofi_tf.data.examples import Examples
from lofi_tf.data.tfrecord import check_writable, whole_file
from lofi_tf.errors import LofiError


def check_run(run_dir: str | Path, config: Config, seed: int | None = None) -> None:
    """Holds settings against those that a run began with; writes nothing.

    Args:
        run_dir: the run's folder, which need not be there yet.
        config: of the run.
        seed: of the run; not looked at if not given.

    Raises:
        LofiError: no folder, one that cannot be written to, or the run of another model or seed.
    """
    run_dir = Path(run_dir)
    if run_dir.exists() and not run_dir.is_dir():
        raise LofiError(f"a run needs a folder, new or of a run. Received: the file {run_dir}")
    check_writable(run_dir / "config.yaml")
    if not _has_begun(run_dir):
        return
    begun = load_config(run_dir)
    if (begun.model, begun.data) != (config.model, config.data):
        raise LofiError(
            f"{run_dir} holds a run of {begun.name} with other model or data settings: give "
            "another --run_dir, or the settings it began with"
        )
    before = _facts_of(run_dir)["seed"]
    if seed not in (None, before):
        raise LofiError(f"the run began with --seed={before}. Received: {seed}")


def write_run(
    run_dir: Path, config: Config, examples: Examples, seed: int, say: Callable[[str], None]
) -> None:
    """Writes a run's settings; says what differs from those of a run that goes on."""
    facts = {"seed": seed, "examples": len(examples), "data_sha1": examples.sha1()}
    say(f"{len(examples)} training examples, sha1 {facts['data_sha1']}.")
    if _has_begun(run_dir):
        if load_config(run_dir).training != config.training:
            say("The training settings differ from those the run began with.")
        before = _facts_of(run_dir).get("data_sha1")
        if before != facts["data_sha1"]:
            say(f"The data differs from what the run began with (sha1 {before}).")
    for name, values in (("config.yaml", config.to_dict()), ("run.yaml", facts)):
        with whole_file(run_dir / name) as file:
            file.write(yaml.safe_dump(values, sort_keys=False).encode())


def seed_of_run(run_dir: str | Path) -> int | None:
    """Returns the seed that a run began with, None if there is no run yet."""
    return _facts_of(Path(run_dir))["seed"] if (Path(run_dir) / "run.yaml").is_file() else None


def _has_begun(run_dir: Path) -> bool:
    return (run_dir / "config.yaml").is_file() and checkpoints.latest(run_dir / "train") is not None


def _facts_of(run_dir: Path) -> dict[str, Any]:
    path = run_dir / "run.yaml"
    try:
        facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise LofiError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(facts, dict) or type(facts.get("seed")) is not int:
        raise LofiError(f"{path} must hold the run's seed. Received: {facts!r:.80}")
    return facts
