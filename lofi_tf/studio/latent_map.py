"""Maps of models: points of the latent with their music, and mixes of some."""

import dataclasses
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError
from lofi_tf.files import write_file
from lofi_tf.generation import GenerationConfig, prior, row_seeds
from lofi_tf.music.song import Song
from lofi_tf.studio import shapes
from lofi_tf.studio.clips import about_song
from lofi_tf.studio.folder import CACHE
from lofi_tf.studio.jobs import Job, Jobs
from lofi_tf.studio.models import Models
from lofi_tf.studio.notes import notes_of
from lofi_tf.studio.problems import Refused
from lofi_tf.studio.session import Session
from lofi_tf.studio.tool import content_of

POINTS, ROWS, SEED = 224, 56, 0
MEASURE = "notes a bar"  # where the music has it; else its first measure
WORDS = {  # for what a map of `lofi_tf.html` measures
    "notes a bar": "busy", "mean pitch": "high", "pitch range, half steps": "wide",
    "polyphony": "full", "velocity": "loud", "accents": "accented",
    "syncopation a bar": "off the beat", "swing, sixteenths": "swinging",
    "looseness, sixteenths": "loose", "likeness of bars": "repeating",
}  # fmt: skip


class Maps:
    """Maps of models, each drawn once for a session.

    Args:
        session: that keeps them in its cache.
        models: that play.
        jobs: that they are drawn in.
    """

    def __init__(self, session: Session, models: Models, jobs: Jobs):
        self._session, self._models, self._jobs = session, models, jobs
        self._lock, self._running = threading.Lock(), dict[str, Job]()

    def names(self) -> list[str]:
        """Returns the models that have a map."""
        return [name for name in self._models.exports if self._is_mappable(name)]

    def map(self, model: str) -> tuple[Path, Job | None]:
        """Returns where a model's map is, and the job that draws it where it is not there.

        Raises:
            LofiError: no such model, or one without a map.
        """
        _room().check_mappable(self._models.config(model))
        path = self._session.folder.path / CACHE / f"map-{model}.json"
        with self._lock:
            if path.is_file():
                return path, None
            running = self._running.get(model)
            if running is None or running.finished.done():
                running = self._jobs.submit("map", lambda job: self._draw(model, path, job), True)
                self._running[model] = running
        return path, running

    def notes(self, model: str, points: Sequence[int], weights: Sequence[float]) -> shapes.Notes:
        """Returns the music of a mix of points, by their weights.

        Raises:
            Refused: there is no such point.
            LofiError: weights that do not fit.
        """
        room = _room()
        room.check_mappable(self._models.config(model))
        if len(points) != len(weights) or not sum(weights) > 0:
            raise LofiError(
                "weights must be one for each point, and some above 0. "
                f"Received: {len(weights)} for {len(points)} points"
            )
        for point in points:
            if point >= POINTS:
                raise Refused(404, f"points are 0 to {POINTS - 1}. Received: {point}")
        backend = self._models[model]
        shares = np.array([weights], np.float64) / sum(weights)
        z = room.mixed(self._latents(backend)[list(points)], shares)
        (piece,) = room.pieces_at(backend, z, self._how(model), room.map_controls(backend, None))
        song = Song.of_bytes(content_of(piece))
        return notes_of(song, about_song(song))

    def _draw(self, model: str, path: Path, job: Job) -> list[str]:
        room, backend, pieces = _room(), self._models[model], []
        z, controls = self._latents(backend), room.map_controls(backend, None)
        for first in range(0, POINTS, ROWS):
            job.progress(first, POINTS, "drawing the map")
            rows = z[first : first + ROWS]
            pieces += room.pieces_at(backend, rows, self._how(model), controls)
        plane, measures = room.seen(backend, z, pieces)
        places = plane.places(z)[:, :2]
        low, high = places.min(axis=0), places.max(axis=0)
        places = (places - low) / np.maximum(high - low, 1e-9)
        measure = MEASURE if MEASURE in measures else next(iter(measures), "")
        values = measures.get(measure, np.zeros(POINTS))
        points = [
            {"id": n, "x": round(float(x), 4), "y": round(float(y), 4), "value": _finite(value)}
            for n, ((x, y), value) in enumerate(zip(places, values, strict=True))
        ]
        found = {
            "points": points,
            "axes": [_plain(axis) for axis in plane.axes],
            "measure": _plain(measure),
        }
        write_file(path, json.dumps(found))
        return []

    def _latents(self, backend: Backend) -> np.ndarray:
        return prior(row_seeds(SEED, POINTS), backend.config.model.z_size)

    def _how(self, model: str) -> GenerationConfig:
        how = GenerationConfig(seed=SEED, qpm=self._session.settings["qpm"], max_batch_size=ROWS)
        return dataclasses.replace(how.at_temperature(None, self._models.config(model)))

    def _is_mappable(self, model: str) -> bool:
        try:
            _room().check_mappable(self._models.config(model))
        except LofiError:
            return False
        return not self._models.converter(model).modes  # these change what they are given


def _room() -> Any:
    """Returns what draws maps; its import takes a second, and the page is there sooner."""
    from lofi_tf.html import latent_map

    return latent_map


def _plain(axis: str) -> str:
    """Returns what a map's axis is like, in a word."""
    name = axis.partition(" (")[0]
    return WORDS.get(name, name)


def _finite(value: Any) -> float:
    return round(float(value), 4) if np.isfinite(value) else 0.0
