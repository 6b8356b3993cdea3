"""How well models of clips play held-out recordings, beside principal components and a mean clip.

    python -m benchmarks.sound_vaes RUN_FOLDER... --examples_path=CLIPS [--augmented]

For each run folder of `lofi_train`, its best checkpoint (the last one where none was evaluated)
plays the validation clips: the posterior's mean, decoded. Principal components of as many numbers
as the latent has are fitted to all training clips, and the mean clip is theirs. All are measured
over the same values. `--augmented` adds components fitted to the clips as training draws them, once
through. Of spectra, `as audio` is measured after Griffin-Lim, over the first 64 clips.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from lofi_tf import quiet

BATCH_SIZE = 64
GRIFFIN_LIM_CLIPS = 64


def main() -> None:
    """Measures each run and prints a table of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run_folders", nargs="+")
    parser.add_argument("--examples_path", required=True, help="clips that prepare_audio made")
    parser.add_argument("--augmented", action="store_true")
    args = parser.parse_args()
    with quiet.imports():
        import tensorflow  # noqa: F401
    fits: dict = {}  # models of one kind of clips share their components
    for folder in args.run_folders:
        rows, active, num_clips = measure(Path(folder), args.examples_path, args.augmented, fits)
        print(f"\n{folder}: {num_clips} held-out clips, {active} active units")
        for name, scalars in rows.items():
            numbers = "  ".join(f"{key} {value:.4g}" for key, value in scalars.items())
            print(f"{name:24}{numbers}", flush=True)


def measure(
    folder: Path, examples_path: str, augmented: bool, fits: dict
) -> tuple[dict[str, dict[str, float]], int, int]:
    """Returns the scalars of each way to play clips, the model's active units and the clips."""
    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.dataset import evaluation_batches
    from lofi_tf.models.common.latent_model import ACTIVE_VARIANCE
    from lofi_tf.saving.loading import load_model

    best = folder / "eval" / "best"
    model, config = load_model(best if best.is_dir() else folder / "train")
    converter, steps = build_converter(config.data.converter), config.model.max_seq_len
    means = []

    def play(batch):
        mean, _, decoded = model.reconstruct(batch)
        means.append(mean.numpy())
        return decoded.numpy()

    key = (str(config.data.converter), config.model.z_size, steps, augmented)
    if key not in fits:
        fits[key] = baselines(examples_path, config, augmented)
    ways = {"model": play, **fits[key]}
    held_out = clips_of(examples_path, "validation", config)
    batches = evaluation_batches(held_out, converter, BATCH_SIZE, steps)
    floor_db = getattr(getattr(converter, "settings", None), "floor_db", None)
    rows = {name: errors_of(way, batches, floor_db) for name, way in ways.items()}
    active = int((np.concatenate(means).var(0) > ACTIVE_VARIANCE).sum())
    if floor_db is not None:
        some = batches.take(GRIFFIN_LIM_CLIPS // BATCH_SIZE)
        there_and_back = through_audio(converter, of_clips(lambda clips: clips))
        rows["the spectrum, as audio"] = errors_of(there_and_back, some, floor_db)
        rows["model, as audio"] = errors_of(through_audio(converter, play), some, floor_db)
    return rows, active, len(held_out)


def clips_of(examples_path: str, split: str, config):
    """Returns the examples of a split."""
    from lofi_tf.data.storage.sources import load_examples

    return load_examples(
        examples_path, None, split, config.data.converter, 1, False, lambda line: None
    )


def baselines(examples_path: str, config, augmented: bool) -> dict[str, Callable]:
    """Returns what plays clips by principal components of the training clips, or by their mean."""
    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.dataset import evaluation_batches, training_batches
    from lofi_tf.evaluation.pca_baseline import fit_pca, flat

    converter, size = build_converter(config.data.converter), config.model.z_size
    train, steps = clips_of(examples_path, "train", config), config.model.max_seq_len
    pca = fit_pca(flat(evaluation_batches(train, converter, 1024, steps)), size)
    ways = {f"PCA of {size}": of_clips(pca.reconstruct)}
    if augmented:
        batches = training_batches(train, converter, 128, steps, num_steps=len(train) // 128)
        drawn = fit_pca(flat(batches), size)
        ways[f"PCA of {size}, augmented"] = of_clips(drawn.reconstruct)
    return ways | {"mean clip": of_clips(lambda clips: np.zeros_like(clips) + pca.mean)}


def of_clips(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict], np.ndarray]:
    """Returns what plays a batch by a function of clips [B, T * D]."""

    def play(batch):
        clips = batch["targets"].numpy()
        return function(clips.reshape(len(clips), -1)).reshape(clips.shape)

    return play


def through_audio(converter, play: Callable[[dict], np.ndarray]) -> Callable[[dict], np.ndarray]:
    """Returns what plays a batch, makes audio of it and takes the spectra of that."""

    def heard(batch):
        sounds = [converter.from_outputs(clip) for clip in play(batch)]
        return np.stack([converter.steps_of(sound.samples) for sound in sounds])

    return heard


def errors_of(
    play: Callable[[dict], np.ndarray], batches: Iterable[dict], floor_db: float | None
) -> dict[str, float]:
    """Returns the scalars of one way to play clips; see `Errors`."""
    from lofi_tf.evaluation.pca_baseline import Errors

    errors = Errors(floor_db)
    for batch in batches:
        errors.add(batch["targets"].numpy(), play(batch), batch["length"].numpy())
    return errors.scalars()


if __name__ == "__main__":
    main()
