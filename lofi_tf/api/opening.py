"""Trained models by name or place."""

from pathlib import Path

from lofi_tf.api.crossmodal import CrossModalModel
from lofi_tf.api.grooves import sequence_model
from lofi_tf.api.sequence import SequenceModel
from lofi_tf.api.sounds import ContinuationModel, SoundModel
from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import open_backend
from lofi_tf.config import Config, load_config
from lofi_tf.crossmodal.model import CrossModel, open_cross
from lofi_tf.hparams import with_hparams
from lofi_tf.saving.hub import about, named_models

AnyModel = SequenceModel | SoundModel | ContinuationModel | CrossModalModel


def load_model(
    model: str | Path, config: str | Path | Config | None = None, hparams: str = ""
) -> AnyModel:
    """Returns a trained model, as what it can do.

    Args:
        model: a name of `list_models`; a folder that `train` or `lofi_train` wrote; an export; the
            address of a served model, `http(s)://host:port/v1/models/name` or
            `grpc://host:port/name`; a checkpoint, ours or Magenta's (prefix, folder or `.tar`); or
            a folder that magenta.js loads.
        config: of a checkpoint that does not know its own: a config's name, a YAML file, or one
            that is loaded.
        hparams: changes to the config, such as `z_size=128`.

    Raises:
        LofiError: no model there, no config known, or another than the model's.

    Example:
        >>> model = lofi_tf.load_model("groovae_4bar")
        >>> model.name, model.num_steps
        ('groovae_4bar', 64)
    """
    if config is not None and not isinstance(config, Config):
        config = load_config(config)
    if config is not None and hparams:
        config = with_hparams(config, hparams)
    run = Path(model) / "config.yaml"
    if run.is_file() and load_config(run).model.kind == "cross_modal":
        return CrossModalModel(open_cross(model))  # of a run the best checkpoint
    return model_of(open_backend(model, config))


def list_models() -> dict[str, str]:
    """Returns the names that `load_model` takes, each with what the model makes.

    Example:
        >>> "groovae_4bar" in lofi_tf.list_models()
        True
    """
    return {name: about(export).summary for name, export in named_models().items()}


def model_of(backend: Backend) -> AnyModel:
    """Returns a backend as the model of its kind."""
    if backend.config.model.kind == "continuation":
        return ContinuationModel(backend)
    if backend.config.model.kind == "cross_modal":
        return CrossModalModel(CrossModel(backend))
    if backend.converter.medium == "sound":
        return SoundModel(backend)
    return sequence_model(backend)
