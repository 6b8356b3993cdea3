"""Grooves: stored grids as hits, velocities and offsets, the inputs without what is learned."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.bins import bin_edges, to_bins
from lofi_tf.data.converters.groove import TAP_CHANNEL, GrooveConverter
from lofi_tf.data.converters.groove_conditions import USUAL_DENSITY, USUAL_QPM
from lofi_tf.data.model_inputs.steps import Arrays, Seed


class Cells(NamedTuple):
    """Drums on the grid, each int32 (offsets also float32) [..., S, D]; zero means silent.

    Attributes:
        hits: 0 or 1.
        velocities: 0 to 127.
        offsets: float32, or the bin counted from that of offset zero.
    """

    hits: tf.Tensor
    velocities: tf.Tensor
    offsets: tf.Tensor

    def where(self, keep: tf.Tensor) -> "Cells":
        """Returns the cells with those that are not kept silenced."""
        return Cells(*(tf.where(keep, part, tf.zeros_like(part)) for part in self))

    def without_velocities(self) -> "Cells":
        """Returns the cells with velocity zero."""
        return self._replace(velocities=tf.zeros_like(self.velocities))


def to_model(options: GrooveConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of stored examples.

    Only the dropouts are random. Magenta draws that of notes in every mode; to evaluate as it does,
    call with `training` and a fixed seed.
    """
    target = _read(options, example)
    source = target
    if training and options.max_note_dropout_probability is not None:
        source = drop_notes(source, options.max_note_dropout_probability, seed)
    if training and options.max_drum_dropout_probability is not None:
        source = drop_drums(source, options.max_drum_dropout_probability, seed)
    if options.tapify:
        source = tap(source, source if options.taps_as_controls else target)
    if options.humanize:
        silent = tf.zeros_like(source.offsets)
        source = source.without_velocities()._replace(offsets=silent)
    if options.fixed_velocities:
        source = source.without_velocities()
    if options.add_instruments:
        kept = [drum not in options.add_instruments for drum in range(options.num_drums)]
        source = source.where(tf.constant(kept))
    inputs = {"inputs": _vectors(options, source), "targets": _vectors(options, target)}
    if options.control_depth:
        own = _taps(source) if options.taps_as_controls else _controls(options, target)
        parts = [own, _conditions(options, example, training, seed)]
        inputs["controls"] = tf.concat([part for part in parts if part is not None], axis=-1)
    return inputs | {"length": tf.convert_to_tensor(example["length"])}


def drop_notes(cells: Cells, max_probability: float, seed: tf.Tensor) -> Cells:
    """Returns cells [..., S, D] without some notes: each goes with p * max(0.2, 1 - velocity).

    p is uniform from 0 to `max_probability`, one draw an example.
    """
    shape = tf.shape(cells.hits)
    with_row = tf.concat([shape[:-2], shape[-2:] + [1, 0]], 0)
    draws = tf.random.stateless_uniform(with_row, seed)  # [..., 1 + S, D]
    probability = draws[..., :1, :1] * max_probability
    weights = tf.maximum(0.2, 1.0 - _volumes(cells.velocities))
    return cells.where(draws[..., 1:, :] >= probability * weights)


def drop_drums(cells: Cells, max_probability: float, seed: tf.Tensor) -> Cells:
    """Returns cells [..., S, D] without some drums, each gone with p.

    p is uniform from 0 to `max_probability`, one draw an example.
    """
    shape = tf.shape(cells.hits)
    with_row = tf.concat([shape[:-2], [1], shape[-1:] + 1], 0)
    draws = tf.random.stateless_uniform(with_row, tf.random.fold_in(seed, 2))  # [..., 1, 1 + D]
    return cells.where(draws[..., 1:] >= draws[..., :1] * max_probability)


def tap(source: Cells, target: Cells) -> Cells:
    """Returns the loudest drum of each step, moved to the tapping channel; cells [..., S, D].

    As in Magenta the choice looks at the source, which may lack notes, and the values come from the
    target: with every note of a step dropped it falls on the first drum, back if it was there.
    """
    drums = source.hits.shape[-1]
    # No two keys are equal: among equally loud drums the first wins on any device.
    keys = source.velocities * drums + tf.range(drums - 1, -1, -1)
    chosen = tf.one_hot(tf.argmax(keys, -1), drums, True, False, dtype=tf.bool)
    channel = tf.one_hot(TAP_CHANNEL, drums, True, False, dtype=tf.bool)
    taps = (tf.reduce_sum(part, -1, keepdims=True) for part in target.where(chosen))
    return Cells(*(tf.where(channel, part, tf.zeros_like(part)) for part in taps))


def _read(options: GrooveConverter, example: Arrays) -> Cells:
    offsets = example.get("offsets")
    if options.is_categorical:
        offsets = tf.cast(example["offset_bins"], tf.int32) - _zero_bin(options)
    hits, velocities = (tf.cast(example[name], tf.int32) for name in ("hits", "velocities"))
    return Cells(hits, velocities, tf.convert_to_tensor(offsets))


def _zero_bin(options: GrooveConverter) -> int:
    return int(to_bins(np.zeros(()), bin_edges(-1.0, 1.0, options.num_offset_bins)))


def _volumes(velocities: tf.Tensor) -> tf.Tensor:
    """Returns velocities / 127, float32.

    By a table: the graph optimiser turns a division into a product, which rounds otherwise.
    """
    return tf.gather(tf.constant(np.arange(128) / 127.0, tf.float32), velocities)


def _vectors(options: GrooveConverter, cells: Cells) -> tf.Tensor:
    """Returns hits || velocities || offsets, float32 [..., T, depth]."""
    hits = tf.cast(cells.hits, tf.float32)[..., None]  # [..., S, D, 1]
    if options.is_categorical:
        edges = bin_edges(0.0, 1.0, options.num_velocity_bins)
        bins = tf.gather(tf.constant(to_bins(np.arange(128) / 127.0, edges)), cells.velocities)
        velocities = tf.one_hot(bins, options.num_velocity_bins)
        offsets = tf.one_hot(cells.offsets + _zero_bin(options), options.num_offset_bins)
    else:
        velocities = _volumes(cells.velocities)[..., None]
        offsets = cells.offsets[..., None]
    parts = (hits, velocities, offsets)  # each [..., S, D, bins]
    if options.split_instruments:
        return _merge(tf.concat(parts, -1), -3)
    return tf.concat([_merge(part, -2) for part in parts], -1)


def _controls(options: GrooveConverter, target: Cells) -> tf.Tensor | None:
    """Returns hits || number of the drum, float32 [..., T, control depth], or None."""
    hits = tf.cast(target.hits, tf.float32)
    if not options.split_instruments:
        return hits if options.hits_as_controls else None
    cycle = tf.eye(options.num_drums) + tf.zeros_like(hits)[..., None]  # [..., S, D, D]
    if options.hits_as_controls:
        cycle = tf.concat([hits[..., None], cycle], -1)
    return _merge(cycle, -3)


def _taps(cells: Cells) -> tf.Tensor:
    """Returns whether each step of tapped cells is tapped, and how early, float32 [..., S, 2]."""
    parts = (cells.hits, cells.offsets)
    return tf.stack([tf.cast(part[..., TAP_CHANNEL], tf.float32) for part in parts], axis=-1)


def _conditions(
    options: GrooveConverter, example: Arrays, training: bool, seed: Seed
) -> tf.Tensor | None:
    """Returns the conditions that `groove_conditions` tells of, float32 [..., T, depth], or None.

    Styles and densities are known in training alone, and there by chance.
    """
    hits = tf.cast(example["hits"], tf.float32)
    lead, steps, parts = tf.shape(hits)[:-2], tf.shape(hits)[-2], []
    known = tf.zeros(tf.concat([lead, [3]], 0))
    if training:
        draws = tf.random.stateless_uniform(tf.shape(known), tf.random.fold_in(seed, 1))
        known = tf.cast(draws >= options.control_dropout, tf.float32)
    if options.tempo_controls:
        parts.append(_octaves(example["qpm"][..., None], USUAL_QPM))
    if options.styles:
        parts.append(tf.one_hot(example["style"], len(options.styles)) * known[..., :1])
    if options.density_controls:
        bars = tf.cast(steps, tf.float32) / options.steps_per_bar
        density = tf.reduce_sum(hits, [-2, -1])[..., None] / bars
        parts += [known[..., 1:2], _octaves(density, USUAL_DENSITY) * known[..., 1:2]]
    rows = _places(options, example, steps, known[..., 2, None, None])
    if parts:
        whole = tf.concat(parts, axis=-1)[..., None, :]
        rows.append(tf.repeat(whole, steps, axis=-2))
    if not rows:
        return None
    return tf.repeat(tf.concat(rows, axis=-1), options.rows_a_step, axis=-2)


def _places(
    options: GrooveConverter, example: Arrays, steps: tf.Tensor, phrase_known: tf.Tensor
) -> list[tf.Tensor]:
    """Returns places in the bar and bars of the phrase, one-hot, [..., S, depth] each."""
    if not (options.place_controls or options.phrase_bars):
        return []
    places, size, rows = example["place"][..., None] + tf.range(steps), options.steps_per_bar, []
    if options.place_controls:
        rows.append(tf.one_hot(places % size, size))
    if options.phrase_bars:
        bars = places // size % options.phrase_bars
        rows.append(tf.one_hot(bars, options.phrase_bars) * phrase_known)
    return rows


def _octaves(values: tf.Tensor, usual: float) -> tf.Tensor:
    """Returns how many octaves values lie above the usual; those of nothing are far below."""
    return tf.math.log(tf.maximum(values / usual, 2.0**-6)) / tf.math.log(2.0)


def _merge(x: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns `x` with the (negative) axis and the one after it made into one."""
    shape = tf.shape(x)
    rest = shape[axis + 2 :] if axis < -2 else shape[:0]
    return tf.reshape(
        x, tf.concat([shape[:axis], shape[axis : axis + 1] * shape[axis + 1], rest], 0)
    )
