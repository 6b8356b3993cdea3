"""How near models come to held-out sound, by the spectral distance, beside what costs nothing.

    python -m benchmarks.sound_distance run_of_a_vae another_run --examples_path=clips
    python -m benchmarks.sound_distance run_of_a_continuation --examples_path=clips

VAEs give back clips, from the posterior's mean. Continuations hear the first half of a clip, and
what they make of the rest, z being of the prior, is held against it. Level is that of the answers,
in dB of the truth's; crest is the ratio of peak to RMS, in dB. Each is the mean over clips.
"""

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    """Prints a line for each run, and for silence and, of continuations, the last half again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--checkpoint", help="of the run, instead of its latest")
    parser.add_argument("--num_clips", type=int, default=200)
    args = parser.parse_args()
    from lofi_tf import quiet

    with quiet.imports():
        import tensorflow  # noqa: F401
    print(f"{'':32}{'distance':>9}{'mse':>9}{'level dB':>9}{'crest dB':>9}")
    for number, run in enumerate(args.runs):
        truths, answers, others = answers_of(run, args)
        if not number:
            for name, other in others.items():
                print_line(name, truths, other)
        print_line(Path(run).name, truths, answers)


def answers_of(run: str, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, dict]:
    """Returns what is to be made, what the run's model made [clips, N], and what costs nothing."""
    import tensorflow as tf

    from lofi_tf.config import load_config
    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.dataset import evaluation_batches
    from lofi_tf.data.storage.example_shards import find_shards, load_shards
    from lofi_tf.models.build import build_model
    from lofi_tf.saving import checkpoints

    config = load_config(run)
    model = build_model(config)
    checkpoints.load_weights(model, args.checkpoint or Path(run) / "train")
    component = config.data.converter
    examples = load_shards(find_shards(args.examples_path), "validation", component)
    chosen = np.random.default_rng(0).permutation(len(examples))[: args.num_clips]
    examples = examples.where(np.isin(np.arange(len(examples)), chosen))
    converter = build_converter(component)
    batches = evaluation_batches(examples, converter, 16, config.model.max_seq_len)
    truths, answers, before = [], [], []
    for batch in batches:
        clips = batch["targets"][..., 0]
        half = clips.shape[1] // 2
        if config.model.kind == "continuation":
            answers.append(_gone_on(model, batch))
            before.append(clips[:, half - answers[-1].shape[1] : half])
            truths.append(clips[:, half : half + answers[-1].shape[1]])
        else:
            answers.append(model.reconstruct(batch)[2][..., 0])
            truths.append(clips)
    truths = tf.concat(truths, axis=0)
    others = {"the truth": truths, "silence": tf.zeros_like(truths)}
    if before:
        others["what was heard, again"] = tf.concat(before, axis=0)
    return truths, tf.concat(answers, axis=0), others


def _gone_on(model, batch):
    """Returns what the model makes of the second half, [B, N / 2]."""
    import tensorflow as tf

    before, _, lengths = model.cut(batch["inputs"], None)
    half = model.num_frames // 2
    size, width, steps = len(before), model.frames.frame_size, model.num_frames - half
    states, _ = model.hear(before[:, :half], lengths["before"])
    z = tf.random.stateless_normal([size, model.settings.z_size], [1, 2])
    z = tf.repeat(z[None], steps, axis=0)
    noise = tf.fill([steps, size, width], 0.5)
    after = model.go_on(states, before[:, half - 1], z, tf.zeros(size), noise)
    return tf.reshape(after, [size, -1])


def print_line(name: str, truths: np.ndarray, answers: np.ndarray) -> None:
    """Prints what a table's line says of answers [clips, N]."""
    import tensorflow as tf

    from lofi_tf.models.sound.spectral import spectral_distance

    distance = tf.reduce_mean(spectral_distance(truths, answers))
    mse = tf.reduce_mean(tf.square(truths - answers))
    loudness = [np.sqrt(np.mean(np.square(part), axis=1)) + 1e-6 for part in (truths, answers)]
    level = np.mean(20 * np.log10(loudness[1] / loudness[0]))
    crest = np.mean(20 * np.log10((np.abs(answers).max(axis=1) + 1e-6) / loudness[1]))
    print(f"{name:32}{distance:9.3f}{mse:9.5f}{level:9.1f}{crest:9.1f}", flush=True)


if __name__ == "__main__":
    main()
