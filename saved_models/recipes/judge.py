r"""What `--best_of` chooses beats by, learned from drummers beside a model's own beats.

    python -m saved_models.recipes.judge --model=saved_models/groove_4bar \
      --examples_path=groove_genres.tfrecord --split_file=info.csv

writes `judge.npz` beside the model. Without `--model` it is the judge of models that have none,
`lofi_tf/generation/judge_of_any_beat.npz`, learned beside beats that are patched together of
several. The split `train` is learned from; it prints how well the split `validation` is told from
the others, as an area under the ROC curve.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf import quiet
from lofi_tf.cli.flags import log, run_command
from lofi_tf.errors import LofiError
from lofi_tf.music.beats import Beats, beats_of, joined
from lofi_tf.music.quantize import STEPS_PER_BAR

ANY = {"kind": "groove", "split_bars": 4, "hop_size": STEPS_PER_BAR}
STRENGTH = 0.01  # of the data against the prior of the weights


def main(argv: list[str] | None = None) -> int:
    """Writes the judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or folder")
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--split_file", required=True)
    parser.add_argument("--num_samples", type=int, default=6000, help="at each temperature")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    return run_command(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    with quiet.imports():
        from lofi_tf.generation import judge
        from lofi_tf.saving.hub import beside, find_model
    if args.model:
        path = beside(Path(find_model(args.model)), judge.FILE)
        found = judge_of_model(args)
    else:
        path, found = judge.OF_ANY_BEAT, judge_of_any_beat(args)
    judge.save_judge(found, path)
    log(f"Wrote {path}: {len(found.features)} features.")


def judge_of_model(args: argparse.Namespace) -> Any:
    """Returns the judge of a model, at its usual temperature, at 0.5 and at 1."""
    with quiet.imports():
        from lofi_tf.backends.open import open_backend
        from lofi_tf.evaluation.excerpts import drawn_outputs
        from lofi_tf.evaluation.held_out import some_of
        from lofi_tf.generation import GenerationConfig
    backend = open_backend(args.model)
    if backend.converter.loop != "beat" or backend.converter.steps_per_bar != STEPS_PER_BAR:
        raise LofiError(f"--model makes no beats in bars of sixteen steps. Received: {args.model}")
    music = _music(args, backend.config.data.converter)
    how = GenerationConfig(seed=args.seed, max_batch_size=128)
    usual = how.at_temperature(None, backend.config)
    ways = {
        one.temperature: one for one in (how.at_temperature(t, backend.config) for t in (0.5, 1.0))
    }
    ways[usual.temperature] = usual
    told = some_of(music.training, args.num_samples, args.seed)
    samples = {}
    for temperature in sorted(ways):
        log(f"Drawing {args.num_samples} beats at temperature {temperature:g}.")
        drawn = drawn_outputs(backend, args.num_samples, ways[temperature], told, 128)
        samples[temperature] = joined([_beats(backend.converter, outputs) for outputs in drawn])
    steps = backend.num_steps
    return learned(*_windows(backend.converter, music, steps), samples)


def judge_of_any_beat(args: argparse.Namespace) -> Any:
    """Returns the judge of beats of any model, by what is hit alone."""
    from lofi_tf.data.converters.build import build_converter

    steps = ANY["split_bars"] * STEPS_PER_BAR
    data, held_out = _windows(build_converter(ANY), _music(args, ANY), steps)
    others = patched(data, np.random.default_rng(args.seed))
    return learned(data, held_out, {1.0: others}, hits_alone=True)


def patched(beats: Beats, random: np.random.Generator) -> Beats:
    """Returns beats each of which has drums or bars of another, or hits moved by a step or two."""
    count, hits = len(beats), beats.hits
    other, kind = hits[random.permutation(count)], random.integers(3, size=[count, 1, 1, 1])
    drums = (random.random([count, 1, 1, hits.shape[3]]) < 0.35) & (kind == 0)
    bars = (random.random([count, hits.shape[1], 1, 1]) < 0.4) & (kind == 1)
    found = np.where(drums | bars, other, hits)
    share = random.uniform(0.02, 0.2, [count, 1, 1, 1])
    moves = found & (random.random(hits.shape) < share) & (kind == 2)
    found = found & ~moves
    row, bar, step, drum = np.nonzero(moves)
    step = (step + random.choice([-2, -1, 1, 2], len(step))) % STEPS_PER_BAR
    found[row, bar, step, drum] = True
    nothing = np.zeros(found.shape, np.float32)
    return Beats(found, nothing, nothing)


def learned(
    data: Beats, held_out: Beats, samples: dict[float, Beats], hits_alone: bool = False
) -> Any:
    """Returns the judge of beats of the data and others, by their temperature."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    from lofi_tf.generation.judge import Judge, features_of, standardised
    from lofi_tf.music.beat_features import hit_features, play_features

    names = tuple(hit_features(data.take([0])))
    if not hits_alone:
        names += tuple(play_features(data.take([0])))
    real, held_out_rows = features_of(data, names), features_of(held_out, names)
    means, scales = real.mean(0), real.std(0) + 1e-3
    weights, biases = [], []
    for temperature, beats in samples.items():
        rows = np.concatenate([real, features_of(beats, names)])
        truth = np.arange(len(rows)) < len(real)
        model = LogisticRegression(C=STRENGTH, max_iter=1000, class_weight="balanced")
        model.fit(standardised(rows, means, scales), truth)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
        told = [rows[len(real) :], held_out_rows]
        odds = [model.decision_function(standardised(part, means, scales)) for part in told]
        area = roc_auc_score(np.repeat([0, 1], [len(part) for part in odds]), np.concatenate(odds))
        log(f"temperature {temperature:g}: validation is told from others with {area:.3f}")
    arrays = (means, scales, list(samples), weights, biases)
    return Judge(names, *(np.array(one, np.float32) for one in arrays))


def _music(args: argparse.Namespace, converter: Any) -> Any:
    from lofi_tf.evaluation.held_out import Source, read_music

    source = Source(args.examples_path, args.split_file, num_workers=1)
    return read_music(source, converter, False, log)


def _windows(converter: Any, music: Any, steps: int) -> list[Beats]:
    """Returns the windows to learn from, and those to look at."""
    from lofi_tf.data.storage.dataset import model_view

    views = (model_view(one, converter, steps) for one in (music.training, music.validation))
    return [_beats(converter, view["targets"]) for view in views]


def _beats(converter: Any, outputs: np.ndarray) -> Beats:
    """Returns outputs [N, T, D] of a model as beats."""
    pieces = [converter.from_outputs(output) for output in outputs]
    return beats_of(pieces, converter.window_bars(outputs.shape[1]))


if __name__ == "__main__":
    sys.exit(main())
