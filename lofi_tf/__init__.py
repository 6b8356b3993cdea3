"""Variational autoencoders for music on TensorFlow, Keras 3 and TensorFlow Probability.

    import lofi_tf
    model = lofi_tf.load_model("groovae_4bar")
    beats = model.sample(5, temperature=0.8, seed=1)
    lofi_tf.write_midi(beats[0], "beat.mid")

All names here are of `lofi_tf.api`, whose modules are imported when a name is first used: importing
the package itself imports nothing heavy. docs/python.md shows what can be done with them.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lofi_tf.api.crossmodal import CrossModalModel as CrossModalModel
    from lofi_tf.api.model import Model as Model
    from lofi_tf.api.music import read_midi as read_midi
    from lofi_tf.api.music import write_midi as write_midi
    from lofi_tf.api.notebook import Picture as Picture
    from lofi_tf.api.notebook import listen as listen
    from lofi_tf.api.notebook import show as show
    from lofi_tf.api.opening import list_models as list_models
    from lofi_tf.api.opening import load_model as load_model
    from lofi_tf.api.sequence import SequenceModel as SequenceModel
    from lofi_tf.api.songs import Song as Song
    from lofi_tf.api.songs import read_song as read_song
    from lofi_tf.api.sound import Sound as Sound
    from lofi_tf.api.sound import read_audio as read_audio
    from lofi_tf.api.sound import render as render
    from lofi_tf.api.sounds import ContinuationModel as ContinuationModel
    from lofi_tf.api.sounds import SoundModel as SoundModel
    from lofi_tf.api.tracks import compose as compose
    from lofi_tf.api.tracks import lofi as lofi
    from lofi_tf.api.training import list_configs as list_configs
    from lofi_tf.api.training import train as train
    from lofi_tf.errors import LofiError as LofiError
    from lofi_tf.music.files import read_music as read_music

_NAMES = {
    "api.crossmodal": ("CrossModalModel",),
    "api.model": ("Model",),
    "api.music": ("read_midi", "write_midi"),
    "api.notebook": ("Picture", "listen", "show"),
    "api.opening": ("list_models", "load_model"),
    "api.sequence": ("SequenceModel",),
    "api.sound": ("Sound", "read_audio", "render"),
    "api.sounds": ("ContinuationModel", "SoundModel"),
    "api.songs": ("Song", "read_song"),
    "api.tracks": ("compose", "lofi"),
    "api.training": ("list_configs", "train"),
    "errors": ("LofiError",),
    "music.files": ("read_music",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'lofi_tf' has no attribute {name!r}")
    import importlib

    from lofi_tf import quiet

    with quiet.imports():
        return getattr(importlib.import_module(f"lofi_tf.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
