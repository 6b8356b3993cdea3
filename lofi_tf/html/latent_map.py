"""A map of a latent: points of the prior with their music, and the ways and mixes between some.

A page has no model, so all of its music is decoded ahead.
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, check_range
from lofi_tf.evaluation import music_features as features
from lofi_tf.evaluation.music_features import Excerpt, excerpt_of
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    NoteSequence,
    decode,
    prior,
    row_seeds,
)
from lofi_tf.generation.layout import Layout
from lofi_tf.generation.progressions import chord_controls
from lofi_tf.html.map_plane import Plane, check_points, far_points, nearest, plane_of, triangles_of
from lofi_tf.music.progressions import progression
from lofi_tf.music.time_changes import DEFAULT_QPM
from lofi_tf.progress import tracked

TICKS = 96  # a quarter note
LANDMARKS = 12
WALK = np.arange(1, 8) / 8  # shares of the way at which a walk stops, its ends left out
MIX = 6  # mixes are whole sixths of three corners, none of them 0
CHORDS = "C Am F G"  # of models that take chords, where none are given
MOST_LANDMARKS = 26  # letters
PITCHED, DRUM, BASS = 0, 1, 2
_ROWS = 64  # decoded at once


def mean_pitch(excerpt: Excerpt) -> float:
    """Returns the mean MIDI pitch; NaN without notes but drums."""
    pitches = excerpt.pitches[~excerpt.drums]
    return float(pitches.mean()) if len(pitches) else np.nan


COLOURS: dict[str, Callable[[Excerpt], float]] = {
    "notes a bar": features.notes_a_bar,
    "mean pitch": mean_pitch,
    "pitch range, half steps": features.pitch_range,
    "polyphony": features.polyphony,
    "velocity": features.velocity,
    "accents": features.accents,
    "syncopation a bar": features.syncopation,
    "swing, sixteenths": features.swing,
    "looseness, sixteenths": features.looseness,
    "likeness of bars": features.self_similarity,
}


def check_mappable(config) -> None:
    """Refuses models without a map.

    Raises:
        LofiError: models of sound, those without a latent, and those that are given hits.
    """
    converter = build_converter(config.data.converter)
    if converter.medium != "notes" or not config.model.z_size:
        raise LofiError(
            "a map is of a latent whose points are notes: only models of notes with z_size above "
            f"0 have one. Received: {config.name}"
        )
    if converter.hits_as_controls:
        raise LofiError(f"{config.name} has no map: its music is that of the hits it is given")


def mixes_of(count: int = MIX) -> np.ndarray:
    """Returns the shares of three corners [N, 3], whole parts of `count` and none of them 0."""
    pairs = itertools.product(range(1, count), repeat=2)
    return np.array([(a, b, count - a - b) for a, b in pairs if a + b < count]) / count


def mixed(corners: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Returns mixes [N, Z] of three latents [3, Z] by shares [N, 3].

    A weighted mean of latents is shorter than they are; it is stretched to the mean of their
    lengths, where the prior's draws lie (White 2016, "Sampling Generative Networks").
    """
    mean = shares @ corners
    norms = np.linalg.norm(mean, axis=1, keepdims=True)
    lengths = shares @ np.linalg.norm(corners, axis=1, keepdims=True)
    return (mean * lengths / np.maximum(norms, 1e-9)).astype(np.float32)


def latent_map(
    backend: Backend,
    points: int = 400,
    how: GenerationConfig = HOW,
    chords: str | None = None,
    landmarks: int = LANDMARKS,
    show_progress: bool = False,
) -> dict[str, Any]:
    """Returns the map of a model's latent, as `track_page` and `map_page` take it.

    All points are drawn by one seed, so that their music differs by the latent alone.

    Args:
        backend: a model of notes.
        points: draws of the prior, 30 to 5000.
        how: temperature, seed, tempo.
        chords: for models that take them; `C Am F G` where none are given.
        landmarks: points that walks and mixes lie between, 3 to 26.
        show_progress: whether to show on stderr how many latents are decoded.

    Returns:
        Names to numbers, lists and texts. `music` holds the points, then seven steps of the walk
        between each pair of landmarks, then ten mixes of each triangle of them. A piece is four
        whole numbers a note: ticks from the note before, ticks it lasts (0 for drums), pitch plus
        128 for drums or 256 for basses, velocity.

    Raises:
        LofiError: a model without such a latent, or a number out of range.
    """
    check_mappable(backend.config)
    check_points(points)
    check_range("landmarks", landmarks, 3, MOST_LANDMARKS)
    how = dataclasses.replace(how, qpm=how.qpm or DEFAULT_QPM, max_batch_size=_ROWS)
    converter = backend.converter
    bars = converter.window_bars(backend.num_steps)
    controls = map_controls(backend, chords)
    z = prior(row_seeds(how.seed, points), backend.config.model.z_size)
    pairs = list(itertools.combinations(range(landmarks), 2))
    pieces = pieces_at(backend, z, how, controls, show_progress)
    plane, colours = seen(backend, z, pieces)
    places = plane.places(z)
    chosen = far_points(places[:, :2], landmarks)
    triangles = triangles_of(places[chosen, :2])
    between = np.concatenate(_between(z[chosen], pairs, triangles))
    pieces += pieces_at(backend, between, how, controls, show_progress)
    return {
        "model": backend.config.name,
        "qpm": how.qpm,
        "ticks": TICKS,
        "quarters": bars * converter.quarters_per_bar,
        "bar": converter.quarters_per_bar,
        "points": points,
        "axes": plane.axes,
        "xy": _whole_places(np.concatenate([places, plane.places(between)])[:, :2]),
        "colours": {name: [_short(v) for v in values] for name, values in colours.items()},
        "near": nearest(places).tolist(),
        "landmarks": chosen.tolist(),
        "steps": len(WALK),
        "triangles": triangles.tolist(),
        "shares": [[round(float(share), 4) for share in row] for row in mixes_of()],
        "music": [map_notes(piece, how.qpm) for piece in pieces],
    }


def map_notes(piece: NoteSequence, qpm: float) -> list[int]:
    """Returns the notes of a piece as `latent_map` tells; what begins before 0 begins there."""
    scale = qpm / 60 * TICKS
    rows = []
    for note in piece.notes:
        start, end = (max(0, round(time * scale)) for time in (note.start_time, note.end_time))
        kind = DRUM if note.is_drum else BASS if 32 <= note.program < 40 else PITCHED
        length = 0 if note.is_drum else max(1, end - start)
        rows.append([start, length, note.pitch + 128 * kind, note.velocity])
    found, last = [], 0
    for start, *others in sorted(rows):
        found += [start - last, *others]
        last = start
    return found


def seen(
    backend: Backend, z: np.ndarray, pieces: list[NoteSequence]
) -> tuple[Plane, dict[str, np.ndarray]]:
    """Returns where latents [N, Z] lie, by their music, and the measures [N] of that by name."""
    converter = backend.converter
    bars = converter.window_bars(backend.num_steps)
    excerpts = [excerpt_of(piece, converter.quarters_per_bar, bars) for piece in pieces]
    colours = _colours(excerpts)
    return plane_of(z, excerpts, colours), colours


def pieces_at(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig,
    controls: np.ndarray | None,
    show: bool = False,
) -> list[NoteSequence]:
    """Returns the music of latents [N, Z], all drawn by one seed."""
    pieces, firsts = [], range(0, len(z), _ROWS)
    for first in tracked(firsts, len(z), "latent", "map", show, _ROWS):
        rows = z[first : first + _ROWS]
        seeds = np.repeat(row_seeds(how.seed, 1), len(rows))
        pieces += decode(backend, rows, how, controls, seeds)
    return pieces


def map_controls(backend: Backend, chords: str | None) -> np.ndarray | None:
    """Returns the controls [T, C] of all points: chords, where the model takes them."""
    converter = backend.converter
    bars = converter.window_bars(backend.num_steps)
    if chords or converter.chord_encoding:
        changes = progression(chords or CHORDS, bars)
        return chord_controls(backend, changes, Layout.onwards(bars, bars))[0]
    return None


def _between(corners: np.ndarray, pairs: list, triangles: np.ndarray) -> list[np.ndarray]:
    """Returns the latents of each walk [7, Z] and then of each triangle's mixes [10, Z]."""
    from lofi_tf.generation.slerp import slerp

    walks = [slerp(corners[a], corners[b], WALK.astype(np.float32)) for a, b in pairs]
    mixes = [mixed(corners[triangle], mixes_of()) for triangle in triangles]
    return [*walks, *mixes]


def _colours(excerpts: list[Excerpt]) -> dict[str, np.ndarray]:
    """Returns the measures [N] that differ among excerpts, by name."""
    found = {
        name: np.array([measure(excerpt) for excerpt in excerpts], np.float64)
        for name, measure in COLOURS.items()
    }
    return {name: v for name, v in found.items() if np.isfinite(v).any() and np.nanstd(v) > 1e-6}


def _whole_places(places: np.ndarray) -> list[list[int]]:
    """Returns places [N, 2] as whole numbers from 0 to 1000."""
    low, high = places.min(axis=0), places.max(axis=0)
    return np.rint((places - low) / np.maximum(high - low, 1e-9) * 1000).astype(int).tolist()


def _short(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.3g}")
