"""Models, opened once each and played by LiteRT, one call at a time."""

import functools
import threading
from collections.abc import Callable
from typing import Any

from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import open_backend
from lofi_tf.composing.instrument_models import Players
from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import unknown_name
from lofi_tf.saving.hub import about, config_of_export, named_models
from lofi_tf.studio import memory
from lofi_tf.studio.memory import MOST_BYTES

RUNTIME = "litert"
MOST_OPEN = 7
FIRST = ("groove_4bar", "lofi_chords", "bass_2bar_chords", "cat-mel_2bar_med_chords")


class Models:
    """The models of `lofi_models`, each opened when it is first asked for.

    The last ones stay open; where they would need too much memory, those that were asked for
    longest ago are closed.
    """

    def __init__(self) -> None:
        self._opened: dict[str, Backend] = {}
        self._lock = threading.RLock()
        self.exports = named_models()

    def __getitem__(self, name: str) -> Backend:
        """Returns a model.

        Raises:
            LofiError: there is none of that name, or it has no LiteRT form.
        """
        with self._lock:
            backend = self._opened.pop(name, None) or self._open(name)
            self._opened[name] = backend  # the last one is the newest
            return backend

    def _open(self, name: str) -> Backend:
        if name not in self.exports:
            raise unknown_name("model", name, self.exports)
        while self._opened and (len(self._opened) >= MOST_OPEN or memory.used() > MOST_BYTES):
            del self._opened[next(iter(self._opened))]
            memory.let_go()
        backend = open_backend(self.exports[name], runtime=RUNTIME)
        lock = threading.RLock()
        backend.call = _alone(lock, backend.call)
        backend.view = _alone(lock, backend.view)  # type: ignore[method-assign]
        return backend

    def config(self, name: str) -> Config:
        """Returns the config of a model, without opening it."""
        if name not in self.exports:
            raise unknown_name("model", name, self.exports)
        return _config(self.exports[name])

    def converter(self, name: str) -> Any:
        """Returns what turns music into a model's arrays and back, without opening the model."""
        return build_converter(self.config(name).data.converter)

    def styles(self, name: str) -> list[str]:
        """Returns the styles that a model knows."""
        return list(getattr(self.converter(name), "styles", ()) or ())

    def summary(self, name: str) -> str:
        """Returns what a model says of itself."""
        return _summary(self.exports[name])

    def warm_up(self) -> None:
        """Opens what is asked for first, and lets it play."""
        from lofi_tf.generation import GenerationConfig, sample

        for name in FIRST:
            if name in self.exports:
                backend = self[name]
                chords = "C" if backend.converter.chord_encoding else None
                sample(backend, 1, GenerationConfig(seed=0), chords=chords)


class OpenPlayers(Players):
    """The players of a track, who are open already.

    Args:
        models: who they are.
    """

    def __init__(self, models: Models):
        super().__init__()
        self._models = models

    def __getitem__(self, name: str) -> Backend:
        """Returns a model."""
        return self._models[name]


@functools.lru_cache(maxsize=64)
def _config(export: Any) -> Config:
    return config_of_export(export)


@functools.lru_cache(maxsize=64)
def _summary(export: Any) -> str:
    return about(export).summary


def _alone(lock: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a call that no other of the model runs beside."""

    @functools.wraps(call)
    def alone(*args: Any, **options: Any) -> Any:
        with lock:
            return call(*args, **options)

    return alone
