"""Magenta's `TrainedModel` and `configs`, over our models.

    from lofi_tf.compat import TrainedModel, configs

stands in a script or a Colab where it imports them of `magenta.models.music_vae`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lofi_tf.compat import configs as configs
    from lofi_tf.compat.trained_model import TrainedModel as TrainedModel

__all__ = ["TrainedModel", "configs"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lofi_tf.compat' has no attribute {name!r}")
    import importlib

    from lofi_tf import quiet

    with quiet.imports():
        module = importlib.import_module(
            f"lofi_tf.compat.{'trained_model' if name == 'TrainedModel' else name}"
        )
    return getattr(module, name, module)
