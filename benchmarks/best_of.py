r"""What `--best_of` makes of a model's beats, beside its plain beats and held-out drummers.

    python -m benchmarks.best_of --model=groove_4bar --best_of=1,16 \
      --examples_path=groove_genres.tfrecord --split_file=info.csv

Shares of beats with ghost notes (a snare below velocity 50), fills (a bar of three toms or more),
crashes, toms and open hi-hats; of usable ones, half of whose hits come again a bar later (by the
Jaccard index), and whose hits a bar, volume, lateness and spreads of both lie where 95 % of the
held-out do. likeness: the Jaccard index of the hits of two beats, the mean over all pairs. copies:
how many have the hits of a training window.
"""

import argparse

import numpy as np

from benchmarks.drummers import beats_of_codes, flags_of_data, music_of
from lofi_tf import quiet
from lofi_tf.music.beat_features import SOFT, hit_features, play_features
from lofi_tf.music.beats import CRASH, OPEN, SNARE, TOMS, Beats, beats_of
from lofi_tf.music.quantize import STEPS_PER_BAR

MEASURES = ("all, volume", "all, spread of volume", "all, late", "all, spread of late")
FILL_TOMS, INSIDE, ALIKE = 3, (2.5, 97.5), 0.5


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    flags_of_data(parser)
    parser.add_argument("--num_outputs", type=int, default=300)
    parser.add_argument("--best_of", default="1,16")
    parser.add_argument("--temperature", type=float, help="(default: the model's usual)")
    args = parser.parse_args()
    backend, music = music_of(args)
    held_out, training = (beats_of_codes(backend, one) for one in (music.held_out, music.training))
    bounds = np.percentile(measures(held_out), INSIDE, axis=0)
    rows = {"held-out": row(held_out, bounds), "training": row(training, bounds)}
    known = {line.tobytes() for line in np.packbits(training.hits.reshape(len(training), -1), 1)}
    for best_of in map(int, args.best_of.split(",")):
        found = drawn(backend, args, best_of)
        lines = np.packbits(found.hits.reshape(len(found), -1), axis=1)
        copies = sum(line.tobytes() in known for line in lines)
        rows[f"best of {best_of}"] = row(found, bounds) | {"copies": copies}
    show(rows)


def drawn(backend, args: argparse.Namespace, best_of: int) -> Beats:
    """Returns beats that were chosen among several draws each."""
    from lofi_tf.generation import GenerationConfig, sample_best

    how = GenerationConfig(seed=args.seed).at_temperature(args.temperature, backend.config)
    pieces = sample_best(backend, args.num_outputs, best_of, how, show_progress=True)
    return beats_of(pieces, backend.num_steps // STEPS_PER_BAR)


def row(beats: Beats, bounds: np.ndarray) -> dict[str, float]:
    """Returns the measures of a set by name."""
    hits, known = beats.hits, measures(beats)
    ghosts = hits[..., SNARE] & (beats.velocities[..., SNARE] < SOFT)
    toms = hits[..., TOMS].sum((2, 3))
    alike = hit_features(beats)["same after 16"] >= ALIKE
    shares = {
        "ghost notes": ghosts.any((1, 2)),
        "fills": (toms >= FILL_TOMS).any(1),
        "crashes": hits[..., CRASH].any((1, 2)),
        "toms": toms.any(1),
        "open hats": hits[..., OPEN].any((1, 2)),
        "usable": ((known >= bounds[0]) & (known <= bounds[1])).all(1) & alike,
    }
    return {name: float(values.mean()) for name, values in shares.items()} | {
        "hits a bar": float(known[:, 0].mean()),
        "likeness": likeness(hits),
    }


def measures(beats: Beats) -> np.ndarray:
    """Returns what makes a beat usable, [N, M]."""
    features = play_features(beats)
    hits = beats.hits.sum((1, 2, 3)) / beats.num_bars
    return np.stack([hits, *(features[name] for name in MEASURES)], axis=1)


def likeness(hits: np.ndarray) -> float:
    """Returns the mean Jaccard index of hits [N, ...] over pairs."""
    rows = hits.reshape(len(hits), -1).astype(np.float32)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), 2000)).astype(int)]
    both = rows @ rows.T
    either = rows.sum(1)[:, None] + rows.sum(1) - both
    return float((both / np.maximum(either, 1))[np.triu_indices(len(rows), 1)].mean())


def show(rows: dict[str, dict[str, float]]) -> None:
    """Prints the table."""
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    print(f"| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, values in rows.items():
        cells = [f"{values[column]:.3g}" if column in values else "" for column in columns]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    with quiet.imports():
        import lofi_tf.backends.open  # noqa: F401
    main()
