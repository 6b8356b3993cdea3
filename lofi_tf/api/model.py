"""What the handles of all kinds of models share."""

import secrets
from collections.abc import Iterator
from typing import Any, ClassVar

from lofi_tf.backends.base import Backend
from lofi_tf.config import Config
from lofi_tf.data.converters.base import Converter
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.settings import Tempo, checked


class Model:
    """A trained model, wherever it runs; `lofi_tf.load_model` opens one.

    Args:
        backend: that answers; what the functions of `lofi_tf.generation` take.

    Attributes:
        backend: as given.
    """

    example: ClassVar[str] = ""  # a config whose models have this handle

    def __init__(self, backend: Backend):
        self.backend = backend

    @property
    def name(self) -> str:
        """The name of its config."""
        return self.config.name

    @property
    def config(self) -> Config:
        """How music becomes arrays, the model, and its training."""
        return self.backend.config

    @property
    def converter(self) -> Converter:
        """What turns music into the model's arrays and back."""
        return self.backend.converter

    @property
    def num_steps(self) -> int:
        """Steps T of what the model is fed."""
        return self.backend.num_steps

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.converter.describe(self.num_steps)}>"

    def _how(
        self, temperature: float | None, seed: int | None, qpm: float | None, **other: Any
    ) -> GenerationConfig:
        """Returns how outputs are drawn; without a seed they are others each time."""
        seed = secrets.randbelow(2**31) if seed is None else seed
        checked("qpm", qpm, Tempo | None)
        how = GenerationConfig(seed=seed, qpm=qpm, **other)
        return how.at_temperature(temperature, self.config)

    def __getattr__(self, name: str) -> Any:
        # Only asked for what is not there. A name that other models have says which.
        others = [kind.example for kind in _kinds(Model) if name in vars(kind)]
        if not others or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"{self.name} ({self.converter.describe(self.num_steps)}) has no {name}: that is for "
            f"models such as {' and '.join(dict.fromkeys(others))}"
        )


def _kinds(kind: type["Model"]) -> Iterator[type["Model"]]:
    for child in kind.__subclasses__():
        yield child
        yield from _kinds(child)
