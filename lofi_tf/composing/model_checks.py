"""Which models can play which part of a track."""

from pathlib import Path

from lofi_tf.composing.plan import Plan
from lofi_tf.config import Config, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, naming
from lofi_tf.saving.hub import CONFIG_IN_EXPORT, find_model, is_address

# Of each part: what its model makes, what its music is judged as, and its steps.
WANTED = {
    "drums": ("grooves of four bars", "beat", 64),
    "bass": ("lines of two bars over chords", "line", 32),
    "chords": ("chord progressions of four bars", "chords", 64),
    "melody": ("lines of two bars over chords", "line", 32),
}


def check_models(plan: Plan) -> None:
    """Refuses models that are not there, or make other music than their part is.

    A model behind an address is not asked.

    Raises:
        LofiError: which part, what is wanted and what came.
    """
    for name, part in plan.parts.items():
        with naming(f"model of {name}"):
            folder = find_model(part.model)
        for path in (Path(folder) / CONFIG_IN_EXPORT, Path(folder) / "config.yaml"):
            if not is_address(folder) and path.is_file():
                _check(name, part.model, load_config(path))
                break


def _check(part: str, model: str, config: Config) -> None:
    made, loop, steps = WANTED[part]
    converter = build_converter(config.data.converter)
    fits = converter.loop == loop and config.model.max_seq_len == steps
    if loop == "line":
        fits = fits and bool(converter.chord_encoding)
    if loop == "beat":
        fits = fits and converter.expressive and not converter.modes  # these need other music
    if not fits:
        raise LofiError(f"model of {part}: it must make {made}. Received: {model}, which does not")
