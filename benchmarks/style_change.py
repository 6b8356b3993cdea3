"""How much a change of style changes a continuation: before and after the moment, with and without.

    python -m benchmarks.style_change --run_dir=RUN --examples_path=CLIPS

Each held-out recording's first clip is heard to its middle and gone on with, once with z as it is
and once with z another from the moment on, by the same seeds. A window's features are the means and
deviations of its mel bands, in dB; the distance of two windows is the mean absolute difference. How
much louder the window after is with the change than without tells whether levels run away.
"""

import argparse
from pathlib import Path

import numpy as np

from lofi_tf import quiet

with quiet.imports():
    from lofi_tf.audio.features import MelSettings, spectrum_db
    from lofi_tf.audio.io import Audio
    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.example_shards import find_shards, load_shards
    from lofi_tf.generation import GenerationConfig
    from lofi_tf.generation.sound_continuation import continue_sound
    from lofi_tf.saving import loading

MEL = MelSettings(fft_size=256, hop_size=64, num_bins=24)
SECONDS, MOMENT, WINDOW = 4.0, 2.0, 1.5


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--run_dir", required=True)
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--num_seeds", type=int, default=8, help="a recording")
    args = parser.parse_args()
    model, config = loading.load_model(Path(args.run_dir) / "train")
    backend = open.backend_of_model(model, config)
    how = GenerationConfig(args.temperature, 1, max_batch_size=16)
    sounds = held_out(config, args.examples_path)
    found = {amount: [] for amount in (0.0, 0.5, 1.0)}
    levels = {amount: [] for amount in found}
    same = True
    for sound in sounds:
        outputs = {
            amount: continue_sound(backend, sound, args.num_seeds, how, SECONDS, MOMENT, amount)
            for amount in found
        }
        begin = len(sound.samples) + round(MOMENT * sound.sample_rate)
        for amount, pieces in outputs.items():
            found[amount] += [moved(piece, begin) for piece in pieces]
            levels[amount] += [level_db(piece, begin) for piece in pieces]
            same &= all(
                np.array_equal(piece.samples[:begin], plain.samples[:begin])
                for piece, plain in zip(pieces, outputs[0.0], strict=True)
            )
    print(f"{config.name}: {len(sounds)} recordings, {args.num_seeds} seeds each")
    print(f"before the moment all are the same, bit for bit: {same}\n")
    heads = ("distance before to after, dB", "more than without, dB (standard error)", "louder, dB")
    print(f"| amount | {' | '.join(heads)} |")
    print("|---|---|---|---|")
    for amount, distances in found.items():
        more = np.array(distances) - np.array(found[0.0])
        error = more.std(ddof=1) / len(more) ** 0.5
        louder = np.array(levels[amount]) - np.array(levels[0.0])
        line = f"| {amount:g} | {np.mean(distances):.2f} | {more.mean():.2f} ({error:.2f}) "
        print(f"{line}| mean {louder.mean():.1f}, most {louder.max():.1f} |")


def held_out(config, examples_path: str) -> list[Audio]:
    """Returns the first half of the first clip of each held-out recording."""
    converter = build_converter(config.data.converter)
    examples = load_shards(find_shards(examples_path), "validation", config.data.converter)
    clips = converter.to_model(examples.arrays)["inputs"].numpy()
    first = {name: row for row, name in reversed(list(enumerate(examples.sources)))}
    half = clips.shape[1] // 2
    return [Audio(clips[row, :half], converter.sample_rate) for _, row in sorted(first.items())]


def level_db(piece: Audio, begin: int) -> float:
    """Returns the level of the window from sample `begin` on, dB; -80 is the least."""
    window = piece.samples[begin : begin + round(WINDOW * piece.sample_rate)]
    return float(10.0 * np.log10(np.mean(np.square(window)) + 1e-8))


def moved(piece: Audio, begin: int) -> float:
    """Returns the distance of the windows before and after sample `begin`."""
    size = round(WINDOW * piece.sample_rate)
    before, after = piece.samples[begin - size : begin], piece.samples[begin : begin + size]
    one, other = features(before, piece.sample_rate), features(after, piece.sample_rate)
    return float(np.abs(one - other).mean())


def features(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Returns the means and deviations of mel bands, dB."""
    bands = spectrum_db(samples[:, 0], sample_rate, MEL)
    return np.concatenate([bands.mean(0), bands.std(0)])


if __name__ == "__main__":
    main()
