"""What a model of grooves may be told of a beat beside its hits: place, tempo, style, density.

A row of conditions is the place in the bar as one-hot, the bar of the phrase as one-hot, the tempo
in octaves above 120, the style as one-hot, whether the density is known and, in octaves above 16
hits a bar, what it is. A phrase, a style or a density that is not known is zeros.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.specs import ArraySpec, Specs
from lofi_tf.errors import unknown_name

if TYPE_CHECKING:
    from lofi_tf.data.converters.groove import GrooveConverter

USUAL_QPM, USUAL_DENSITY = 120.0, 16.0
UNKNOWN_STYLE = -1


def depth_of(options: "GrooveConverter") -> int:
    """Returns the width of a row of conditions."""
    places = (options.steps_per_bar if options.place_controls else 0) + (options.phrase_bars or 0)
    density = 2 if options.density_controls else 0
    return places + int(options.tempo_controls) + len(options.styles or ()) + density


def stored_spec(options: "GrooveConverter") -> Specs:
    """Returns what is stored of an example besides: `place`, `qpm` and `style`, as options ask.

    `place` is a step of the bar, or of the phrase where there are any.
    """
    spec = {}
    if options.place_controls or options.phrase_bars:
        spec["place"] = ArraySpec("int32")
    if options.tempo_controls:
        spec["qpm"] = ArraySpec("float32")
    if options.styles:
        spec["style"] = ArraySpec("int32")
    return spec


def stored_of(
    options: "GrooveConverter", note_sequence: Any, qpm: float, first_step: int
) -> dict[str, np.ndarray]:
    """Returns these of an example of a piece; a style is the first genre that is one of them."""
    genres = note_sequence.sequence_metadata.genre
    known = [options.styles.index(name) for name in genres if name in (options.styles or ())]
    values = {
        "place": np.int32(first_step % (options.steps_per_bar * (options.phrase_bars or 1))),
        "qpm": np.float32(qpm),
        "style": np.int32((known or [UNKNOWN_STYLE])[0]),
    }
    return {name: values[name] for name in stored_spec(options)}


def rows_of(
    options: "GrooveConverter", num_steps: int, qpm: float, first_bar: int | None = None
) -> np.ndarray:
    """Returns the conditions of a beat that begins with a bar, float32 [S, C].

    `first_bar` is its place in the piece; None leaves open where in a phrase it is. Its style and
    its density are not known; `told` tells them.
    """
    rows = np.zeros([num_steps, depth_of(options)], np.float32)
    steps, column = np.arange(num_steps), 0
    if options.place_controls:
        column = options.steps_per_bar
        rows[:, :column] = np.eye(column)[steps % column]
    if options.phrase_bars:
        if first_bar is not None:
            bars = (first_bar + steps // options.steps_per_bar) % options.phrase_bars
            rows[steps, column + bars] = 1.0
        column += options.phrase_bars
    if options.tempo_controls:
        rows[:, column] = np.log2(qpm / USUAL_QPM)
    return rows


def told(
    options: "GrooveConverter",
    controls: np.ndarray,
    style: str | None = None,
    density: float | None = None,
) -> np.ndarray:
    """Returns controls [..., C], whose last are conditions, with a style or a density, hits a bar.

    Raises:
        LofiError: a style that is not among those of the options.
    """
    if style is None and density is None:
        return controls
    controls, styles = controls.copy(), options.styles or ()
    end = controls.shape[-1] - (2 if options.density_controls else 0)
    if style is not None:
        if style not in styles:
            raise unknown_name("style", style, styles)
        controls[..., end - len(styles) : end] = np.eye(len(styles))[styles.index(style)]
    if density is not None:
        controls[..., end:] = 1.0, np.log2(density / USUAL_DENSITY)
    return controls
