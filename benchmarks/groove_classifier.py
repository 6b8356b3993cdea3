r"""How well a classifier tells a model's grooves from drummers, beside training music from them.

    python -m benchmarks.groove_classifier --model=groove_4bar \
      --examples_path=groove_genres.tfrecord --split_file=info.csv

The classifier is scikit-learn's HistGradientBoostingClassifier on the features of
`lofi_tf/music/beat_features.py`, five-fold, all windows of a performance on one side. Areas under
the ROC curve: 0.5 is a guess, 1 always right. The last column is how much better it tells samples
than it tells training windows: at most 0.05 is the mark. As many windows are drawn of each.
"""

import argparse
import dataclasses

import numpy as np

from benchmarks.drummers import beats_of_codes, flags_of_data, music_of, names_of
from lofi_tf import quiet
from lofi_tf.music.beat_features import hit_features, play_features
from lofi_tf.music.beats import Beats, beats_of
from lofi_tf.music.quantize import STEPS_PER_BAR

FOLDS, TEMPOS = 5, 10
SIGHTS = {"hits alone": (hit_features,), "with playing": (hit_features, play_features)}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    flags_of_data(parser)
    parser.add_argument("--num_samples", type=int, default=1500)
    parser.add_argument("--temperature", type=float, help="(default: the model's usual)")
    parser.add_argument("--best_of", type=int, help="draws for each, in ten of the tempos")
    args = parser.parse_args()
    backend, music = music_of(args)
    held_out, training = (some(one, args) for one in (music.held_out, music.training))
    drummers, learned = (beats_of_codes(backend, one) for one in (held_out, training))
    sampled = samples(backend, args, held_out)
    names = names_of(held_out), names_of(training), np.arange(len(sampled)).astype(str)
    print(f"{args.model}, {len(sampled)} samples, {len(drummers)} held-out windows\n")
    print("| seen | samples | training windows | above |\n|---|---|---|---|")
    for sight, parts in SIGHTS.items():
        own = auc(drummers, sampled, names[0], names[2], parts)
        real = auc(drummers, learned, names[0], names[1], parts)
        print(f"| {sight} | {own:.3f} | {real:.3f} | {own - real:+.3f} |", flush=True)


def some(examples, args: argparse.Namespace):
    """Returns as many examples as there are to be samples."""
    from lofi_tf.evaluation.held_out import some_of

    return some_of(examples, args.num_samples, args.seed)


def samples(backend, args: argparse.Namespace, held_out) -> Beats:
    """Returns beats that a model draws, in the tempos of the held-out windows."""
    from lofi_tf.evaluation.excerpts import drawn_outputs
    from lofi_tf.generation import GenerationConfig, sample_best

    how = GenerationConfig(seed=args.seed, max_batch_size=128)
    how = how.at_temperature(args.temperature, backend.config)
    if args.best_of:
        pieces = []
        for number, qpm in enumerate(tempos(held_out)):
            at = dataclasses.replace(how, qpm=qpm, seed=args.seed + number)
            pieces += sample_best(backend, args.num_samples // TEMPOS, args.best_of, at)
        return beats_of(pieces, backend.num_steps // STEPS_PER_BAR)
    outputs = np.concatenate(list(drawn_outputs(backend, args.num_samples, how, held_out)))
    return beats_of_codes(backend, outputs)


def tempos(held_out) -> list[float]:
    """Returns tempos, each of an equal share of the windows; 120 where they are not known."""
    known = np.sort(held_out.arrays.get("qpm", np.full(TEMPOS, 120.0)))
    return [float(np.median(some)) for some in np.array_split(known, TEMPOS)]


def auc(one: Beats, other: Beats, names: np.ndarray, other_names: np.ndarray, parts) -> float:
    """Returns the area under the ROC curve of telling two sets by features, the mean over folds.

    `names` and `other_names` say what each beat is a window of.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    rows = np.concatenate([_features(beats, parts) for beats in (one, other)])
    truth = np.repeat([0, 1], [len(one), len(other)])
    groups, found = np.concatenate([names, other_names]), []
    for learned, asked in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(
        rows, truth, groups
    ):
        judge = HistGradientBoostingClassifier(
            max_iter=150, max_leaf_nodes=15, l2_regularization=1.0, random_state=0
        )
        judge.fit(rows[learned], truth[learned])
        found.append(roc_auc_score(truth[asked], judge.predict_proba(rows[asked])[:, 1]))
    return float(np.mean(found))


def _features(beats: Beats, parts) -> np.ndarray:
    columns = [column for part in parts for column in part(beats).values()]
    return np.stack(columns, axis=1).astype(np.float32)


if __name__ == "__main__":
    with quiet.imports():
        import lofi_tf.backends.open  # noqa: F401
    main()
