"""How well a continuation goes on with held-out recordings, beside simple ways to do so.

    python -m benchmarks.continuation --run_dir=RUN --examples_path=CLIPS

CLIPS is a folder of prepare_audio with training and validation clips. Each clip is heard to its
middle. Numbers are means over the clips of a recording, then over recordings.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from lofi_tf import continuation_baselines as baselines
from lofi_tf import quiet

with quiet.imports():
    import tensorflow as tf

    from lofi_tf import backends
    from lofi_tf.data.converter import build_converter
    from lofi_tf.data.example_shards import find_shards, load_shards
    from lofi_tf.generation import row_seeds
    from lofi_tf.generation.continuing_sound import go_on, hear, latent_paths
    from lofi_tf.models.mu_law import mu_law_encode

BATCH = 16
TEMPERATURES = (0.0, 0.5, 1.0)


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--run_dir", required=True)
    parser.add_argument("--checkpoint_file", help="another than the run's latest")
    parser.add_argument("--examples_path", required=True)
    args = parser.parse_args()
    checkpoint = Path(args.checkpoint_file or f"{args.run_dir}/train")
    model, config = backends.load_model(checkpoint)
    shards = find_shards(args.examples_path)
    clips, sources = {}, {}
    for split in ("train", "validation"):
        examples = load_shards(shards, split, config.data.converter)
        viewed = build_converter(config.data.converter).to_model(examples.arrays)
        clips[split], sources[split] = viewed["inputs"].numpy()[..., 0], examples.sources
    heard = sources["validation"]
    print(f"{config.name}: {len(heard)} clips of {len(set(heard))} held-out recordings")
    print("\n| one frame ahead | nats a sample |\n|---|---|")
    for name, nats in one_step(model, clips).items():
        print(f"| {name} | {by_recording(nats, heard).mean():.4f} |")
    print(
        "\n| going on alone | log-spectral distance, dB | nearer than the last segment |\n|-|-|-|"
    )
    found = alone(backends.backend_of_model(model, config), clips["validation"])
    copied = by_recording(found["the last segment again"], heard)
    for name, distances in found.items():
        mine = by_recording(distances, heard)
        print(f"| {name} | {mine.mean():.2f} | {np.sum(mine < copied)} of {len(mine)} |")


def by_recording(values: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Returns the mean over the clips of each recording."""
    return np.array([values[sources == name].mean() for name in sorted(set(sources))])


def one_step(model, clips) -> dict[str, np.ndarray]:
    """Returns nats a sample of each held-out clip, one frame ahead; of a latent, the bound."""
    width = model.frames.frame_size
    fit, fit_before = baselines.frame_pairs(clips["train"], width)
    true, before = baselines.frame_pairs(clips["validation"], width)
    found = {"the model": model_nats(model, clips["validation"])}
    if hasattr(model.decoder.head, "classes"):
        classes = model.decoder.head.classes
        fit, fit_before, true, before = (
            mu_law_encode(part, classes).numpy() for part in (fit, fit_before, true, before)
        )
        shares = baselines.class_shares(fit, classes)
        trust = baselines.best_trust(fit, fit_before, shares)
        copied = baselines.categorical_nats(true, shares, before, trust)
        return found | {
            "the last frame again": copied,
            "histogram": baselines.categorical_nats(true, shares),
        }
    mean = float(fit.mean())
    level = baselines.level_sigma(before, *baselines.best_level(fit, fit_before))
    copy_sigma, mean_sigma = (baselines.best_sigma(part) for part in (fit - fit_before, fit - mean))
    return found | {
        "the last frame again": baselines.gaussian_nats(true - before, copy_sigma),
        "the mean": baselines.gaussian_nats(true - mean, mean_sigma),
        "the mean, at the last frame's level": baselines.gaussian_nats(true, level),
    }


def model_nats(model, clips: np.ndarray) -> np.ndarray:
    """Returns the model's nats a value of the second half of each clip, fed the truth."""

    @tf.function(reduce_retracing=True)
    def nats(inputs, noise):
        batch = {"inputs": inputs, "targets": inputs, "length": tf.fill([len(inputs)], 0)}
        parts = model.losses_of(batch, noise)
        return (parts["r_loss"] + parts["kl_nats"]) / parts["values"]

    parts = []
    for first in range(0, len(clips), BATCH):
        rows = tf.constant(clips[first : first + BATCH, :, None])
        noise = tf.random.stateless_normal([len(rows), model.settings.z_size], [1, first])
        parts.append(nats(rows, noise).numpy())
    return np.concatenate(parts)


def alone(backend, clips: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the distance of each clip's second half to what each way of going on gives."""
    half = clips.shape[1] // 2
    before, true = clips[:, :half], clips[:, half:]
    ways = {
        f"the model, temperature {temperature:g}": gone_on(backend, before, true, temperature)
        for temperature in TEMPERATURES
    }
    ways["the last segment again"] = baselines.repeated(before, true.shape[1])
    ways["silence"] = np.zeros_like(true)
    return {name: in_parts(way, true) for name, way in ways.items()}


def in_parts(way: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Returns log-spectral distances; a few at a time, for memory."""
    return np.concatenate([
        baselines.log_spectral_distance(way[first : first + 4], true[first : first + 4])
        for first in range(0, len(true), 4)
    ])  # fmt: skip


def gone_on(backend, before: np.ndarray, true: np.ndarray, temperature: float) -> np.ndarray:
    """Returns as many samples as are true, for each clip by a seed of its own."""
    size, parts = true.shape[1], []
    for first in range(0, len(before), BATCH):
        rows = before[first : first + BATCH]
        z = latent_paths(backend, 1 + first, len(rows), 1)  # a block is longer than half a clip
        seeds = row_seeds(1 + first, len(rows))[:, None]
        heat = np.full(len(rows), temperature, np.float32)
        parts.append(go_on(backend, hear(backend, rows), z, seeds, heat)[:, :size])
    whole = np.concatenate(parts)
    if not math.isclose(whole.shape[1], size):
        raise ValueError("the model's frames fill less than half a clip")
    return whole


if __name__ == "__main__":
    main()
