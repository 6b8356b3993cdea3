"""What a model of grooves has to beat: simple systems that learn from the same training examples.

All see what the model sees of an example, as one row of numbers, and say where and how loudly each
hit falls. What does better on validation examples decides how far neighbours count, how strongly
weights are held down, and when the network stops.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from lofi_tf.evaluation.grooves import MOST_VELOCITY, Groove

NEIGHBOURS = (1, 2, 5, 10, 20, 50)
PENALTIES = (10.0, 100.0, 1000.0)
UNITS, DROPOUT, EPOCHS, PATIENCE, BATCH = 256, 0.3, 60, 4, 256
ROWS = 256  # looked up at once


@dataclasses.dataclass(frozen=True)
class BaselineData:
    """Examples as baselines see them: features [N, F], and what was played, [N, S, D]."""

    features: np.ndarray
    groove: Groove


Predictor = Callable[[np.ndarray], Groove]  # of features [N, F]


def quantised(training: BaselineData) -> Predictor:
    """Returns the system without feel: on the grid, all hits at the mean velocity."""
    velocity = training.groove.velocities[training.groove.hits].mean()
    shape = training.groove.offsets.shape[1:]

    def system(features: np.ndarray) -> Groove:
        full = (len(features), *shape)
        return Groove(None, np.full(full, velocity, np.float32), np.zeros(full, np.float32))

    return system


def nearest(training: BaselineData, validation: BaselineData) -> Predictor:
    """Returns the mean of the nearest training examples, at each cell of those that hit there."""
    from sklearn.neighbors import NearestNeighbors  # not with Keras, which would be slower

    most = min(NEIGHBOURS[-1], len(training.features))
    index = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(training.features)
    usual = _usual(training.groove)

    def mean_of(found: np.ndarray) -> Groove:
        some = [found[first : first + ROWS] for first in range(0, len(found), ROWS)]
        parts = [_mean_of_hits(training.groove, rows, usual) for rows in some]
        return Groove(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    found = index.kneighbors(validation.features)[1]
    counts = [count for count in NEIGHBOURS if count <= most]
    best = min(counts, key=lambda k: error_of(mean_of(found[:, :k]), validation.groove))
    return lambda features: mean_of(index.kneighbors(features, best)[1])


def linear(training: BaselineData, validation: BaselineData) -> Predictor:
    """Returns a linear regression for each cell, of the examples that hit there."""
    systems = [_ridge(training, penalty) for penalty in PENALTIES]
    return min(systems, key=lambda s: error_of(s(validation.features), validation.groove))


def perceptron(training: BaselineData, validation: BaselineData, seed: int = 0) -> Predictor:
    """Returns a network with one hidden layer, for hits, velocities and offsets of all cells."""
    shape = training.groove.offsets.shape[1:]
    cells = int(np.prod(shape))
    usual = _usual(training.groove)
    scales = [part[training.groove.hits].std() + 1e-6 for part in _values(training.groove)]
    seeds = [seed * 3 + number for number in range(3)]
    net = keras.Sequential(
        [
            keras.Input([training.features.shape[1]]),
            keras.layers.Dense(
                UNITS, "relu", kernel_initializer=keras.initializers.HeUniform(seeds[0])
            ),
            keras.layers.Dropout(DROPOUT, seed=seeds[1]),
            keras.layers.Dense(
                3 * cells, kernel_initializer=keras.initializers.GlorotUniform(seeds[2])
            ),
        ]
    )
    net.compile(keras.optimizers.Adam(1e-3), _masked_error)

    def batches(known: BaselineData) -> tf.data.Dataset:
        hits = known.groove.hits.astype(np.float32)
        scaled = [
            (part - mean) / scale
            for part, mean, scale in zip(_values(known.groove), usual, scales, strict=True)
        ]
        answers = np.concatenate([p.reshape(len(p), -1) for p in (hits, *scaled)], 1)
        return tf.data.Dataset.from_tensor_slices((known.features, answers.astype(np.float32)))

    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    shuffled = batches(training).shuffle(len(training.features), seed=seed)
    net.fit(
        shuffled.batch(BATCH),
        epochs=EPOCHS,
        validation_data=batches(validation).batch(BATCH),
        callbacks=[stop],
        shuffle=False,
        verbose=0,
    )

    def system(features: np.ndarray) -> Groove:
        found = net.predict(features, batch_size=BATCH, verbose=0)
        hits, *rest = (part.reshape(-1, *shape) for part in np.split(found, 3, axis=1))
        parts = zip(rest, usual, scales, strict=True)
        return _bounded(hits > 0.5, *(part * scale + mean for part, mean, scale in parts))

    return system


def error_of(made: Groove, true: Groove) -> float:
    """Returns the mean square errors of velocities and offsets, each in the data's variance."""
    total = 0.0
    for one, other in zip(_values(made), _values(true), strict=True):
        errors, spread = (one - other)[true.hits], other[true.hits].var()
        total += float(np.square(errors).mean() / (spread + 1e-9))
    return total


def _ridge(training: BaselineData, penalty: float) -> Predictor:
    from sklearn.linear_model import Ridge

    shape, (velocity, offset) = training.groove.offsets.shape[1:], _usual(training.groove)
    hits, *values = (
        part.reshape(len(part), -1) for part in (training.groove.hits, *_values(training.groove))
    )  # [N, cells]
    fitted = {}
    for cell, rows in enumerate(hits.T):
        if np.count_nonzero(rows) > 1:
            answers = np.stack([part[rows, cell] for part in values], 1)
            features = training.features[rows]
            fitted[cell] = Ridge(penalty, solver="cholesky").fit(features, answers)

    def system(features: np.ndarray) -> Groove:
        full = (len(features), *shape)
        found = [np.broadcast_to(p, full).reshape(len(features), -1) for p in (velocity, offset)]
        cells = np.stack(found, -1)  # [N, cells, 2]
        for cell, model in fitted.items():
            cells[:, cell] = model.predict(features)
        return _bounded(None, cells[..., 0].reshape(full), cells[..., 1].reshape(full))

    return system


def _masked_error(answers: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
    """Returns the square errors [B]: of hits everywhere, of velocities and offsets at hits."""
    hits = tf.split(answers, 3, axis=1)[0]
    weights = tf.concat([tf.ones_like(hits), hits, hits], axis=1)
    return tf.reduce_mean(weights * tf.square(answers - found), axis=1)


def _usual(groove: Groove) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean velocity and offset of each drum's hits, [D]; of no hits those of all."""
    found = []
    for values in _values(groove):
        counts = groove.hits.sum((0, 1))
        mean = values[groove.hits].mean()
        sums = (values * groove.hits).sum((0, 1))
        found.append(np.where(counts, sums / np.maximum(counts, 1), mean).astype(np.float32))
    return found[0], found[1]


def _mean_of_hits(
    groove: Groove, rows: np.ndarray, usual: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns hits, velocities and offsets [B, S, D] of examples, K for each of B rows."""
    hits = groove.hits[rows].astype(np.float32)  # [B, K, S, D]
    counts = hits.sum(1)
    means = [
        np.where(counts, (values[rows] * hits).sum(1) / np.maximum(counts, 1), other)
        for values, other in zip(_values(groove), usual, strict=True)
    ]
    return counts > 0.5 * rows.shape[1], *(mean.astype(np.float32) for mean in means)


def _values(groove: Groove) -> tuple[np.ndarray, np.ndarray]:
    return groove.velocities, groove.offsets


def _bounded(hits: np.ndarray | None, velocities: np.ndarray, offsets: np.ndarray) -> Groove:
    return Groove(hits, np.clip(velocities, 0, MOST_VELOCITY), np.clip(offsets, -0.5, 0.5))
