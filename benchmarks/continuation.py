"""How well a continuation goes on with held-out recordings, beside simple ways to do so.

    python -m benchmarks.continuation --run_dir=RUN --examples_path=CLIPS

CLIPS is a folder of prepare_audio with training and validation clips. Each clip is heard to its
middle. Numbers are means over the clips of a recording, then over recordings.
"""

import argparse
from pathlib import Path

import numpy as np

from lofi_tf import quiet
from lofi_tf.evaluation import continuation_baselines as baselines

with quiet.imports():
    import tensorflow as tf

    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.example_shards import find_shards, load_shards
    from lofi_tf.evaluation.continuing import by_recording, continuation_table
    from lofi_tf.models.sound.mu_law import mu_law_encode
    from lofi_tf.saving import loading

BATCH = 16


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
    model, config = loading.load_model(checkpoint)
    shards = find_shards(args.examples_path)
    clips = {}
    for split in ("train", "validation"):
        examples = load_shards(shards, split, config.data.converter)
        viewed = build_converter(config.data.converter).to_model(examples.arrays)
        clips[split], held_out = viewed["inputs"].numpy()[..., 0], examples
    heard = held_out.sources
    print(f"{config.name}: {len(heard)} clips of {len(set(heard))} held-out recordings")
    print("\n| one frame ahead | nats a sample |\n|---|---|")
    for name, nats in one_step(model, clips).items():
        print(f"| {name} | {by_recording(nats, heard).mean():.4f} |")
    table = continuation_table(open.backend_of_model(model, config), held_out)
    print(f"\n{table.title}\n\n{table.as_markdown()}")


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


if __name__ == "__main__":
    main()
