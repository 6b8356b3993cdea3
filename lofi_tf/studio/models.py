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

RUNTIME = "litert"
FIRST = ("groove_4bar", "lofi_chords", "bass_2bar_chords", "cat-mel_2bar_med_chords")


class Models:
    """The models of `lofi_models`, each opened when it is first asked for."""

    def __init__(self) -> None:
        self._opened: dict[str, Backend] = {}
        self._lock, self._first, self._called = threading.RLock(), threading.RLock(), False
        self.exports = named_models()

    def __getitem__(self, name: str) -> Backend:
        """Returns a model.

        Raises:
            LofiError: there is none of that name, or it has no LiteRT form.
        """
        with self._lock:
            if name not in self._opened:
                if name not in self.exports:
                    raise unknown_name("model", name, self.exports)
                backend = open_backend(self.exports[name], runtime=RUNTIME)
                lock = threading.RLock()
                backend.call = self._alone(lock, backend.call)
                backend.view = self._alone(lock, backend.view)  # type: ignore[method-assign]
                self._opened[name] = backend
            return self._opened[name]

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

    def _alone(self, lock: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a call that no other of the model runs beside; LiteRT takes one at a time.

        The very first of all, for which LiteRT's file descriptor is turned away, is alone too.
        """

        @functools.wraps(call)
        def alone(*args: Any, **options: Any) -> Any:
            with lock:
                if self._called:
                    return call(*args, **options)
                with self._first:
                    answer = call(*args, **options)
                    self._called = True
                    return answer

        return alone


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
