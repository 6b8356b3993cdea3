"""How long a map of a latent takes, how large its page is, and whether near points sound alike.

    python -m benchmarks.latent_map groovae_4bar cat-mel_2bar_small

Each line is one map of 400 points. `seconds` leaves imports and opening the model out. The likeness
of two pieces is the Jaccard index of their notes, by sixteenth and pitch: the mean over pairs of
any points, over each point and its six nearest by the cosine of the latents themselves, and over
each point and the six that the map calls its neighbours. The map finds its directions by the points
themselves, so `others` are as many points that it has not seen, placed along the same directions.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import open_backend
from lofi_tf.evaluation.features import excerpt_of
from lofi_tf.generation import GenerationConfig, decode, prior, row_seeds
from lofi_tf.html import map_page
from lofi_tf.html.latent_map import TICKS, latent_map, map_controls, notes_of
from lofi_tf.html.map_plane import nearest, plane_of


def main() -> None:
    """Draws maps and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", nargs="+")
    parser.add_argument("--points", type=int, default=400)
    args = parser.parse_args()
    print(
        f"{'model':34}{'pieces':>7}{'seconds':>9}{'page MB':>9}{'any':>7}{'cosine':>8}{'map':>7}"
        f"{'others':>8}"
    )
    for model in args.models:
        backend = open_backend(model)
        begun = time.perf_counter()
        found = latent_map(backend, args.points, GenerationConfig(seed=0))
        seconds = time.perf_counter() - begun
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "map.html"
            map_page(found, path)
            size = path.stat().st_size / 1e6
        likeness = likenesses(found["music"][: args.points])
        z = prior(row_seeds(0, args.points), backend.config.model.z_size)
        rows = np.arange(args.points)[:, None]
        means = (
            likeness[~np.eye(args.points, dtype=bool)].mean(),
            likeness[rows, nearest(z)].mean(),
            likeness[rows, np.array(found["near"])].mean(),
            of_others(backend, z, found),
        )
        print(f"{model:34}{len(found['music']):7}{seconds:9.1f}{size:9.2f}", end="")
        print("{:7.3f}{:8.3f}{:7.3f}{:8.3f}".format(*means), flush=True)


def of_others(backend: Backend, z: np.ndarray, found: dict) -> float:
    """Returns how alike neighbours are among new points, by the directions of the first."""
    how = GenerationConfig(seed=0, qpm=found["qpm"], max_batch_size=64)
    bars = found["quarters"] // found["bar"]
    controls = map_controls(backend, None)
    seeds = np.repeat(row_seeds(0, 1), len(z))
    pieces = decode(backend, z, how, controls, seeds)
    plane = plane_of(z, [excerpt_of(piece, found["bar"], bars) for piece in pieces])
    new = prior(row_seeds(1, len(z)), z.shape[1])
    music = [notes_of(piece, how.qpm) for piece in decode(backend, new, how, controls, seeds)]
    near = nearest(plane.places(new))
    return float(likenesses(music)[np.arange(len(new))[:, None], near].mean())


def likenesses(pieces: list[list[int]]) -> np.ndarray:
    """Returns the Jaccard index of the notes of each pair of pieces [N, N]; 0 of empty ones."""
    sets = []
    for flat in pieces:
        notes = np.array(flat, np.int64).reshape(-1, 4)
        steps = np.round(np.cumsum(notes[:, 0]) / (TICKS / 4)).astype(int)
        sets.append(set(zip(steps.tolist(), notes[:, 2].tolist(), strict=True)))
    return np.array([[len(a & b) / max(len(a | b), 1) for b in sets] for a in sets])


if __name__ == "__main__":
    main()
