"""The modes of `lofi_play`: which flags each takes, and the library calls it makes."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from lofi_tf.errors import LofiError, check_range, naming

if TYPE_CHECKING:
    from lofi_tf.crossmodal.inference import Model
    from lofi_tf.crossmodal.synthesis import Piece, SynthesisConfig

Write = Callable[["Piece"], None]
DEFAULTS = {"n_steps": 500, "n_generations": 10, "interp_order": 1, "traj": "line"}


class Mode(NamedTuple):
    """A mode.

    Attributes:
        run: `(args, model, how, write, synthesis)`, the last `crossmodal.synthesis`, loaded late;
            writes what it makes, piece by piece.
        takes: flags that it takes beside those of all modes.
        needs: of which one must be given.
    """

    run: Callable[[argparse.Namespace, "Model", "SynthesisConfig", Write, ModuleType], None]
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def check(args: argparse.Namespace) -> None:
    """Raises a LofiError for flags that do not go with the mode."""
    mode = MODES[args.mode]
    everything = {name for other in MODES.values() for name in (*other.takes, *other.needs)}
    taken = (*mode.needs, *mode.takes)
    for name in sorted(everything - set(taken)):
        if _given(args, name):
            words = ", ".join(f"--{flag}" for flag in taken) or "no such flags"
            raise LofiError(f"--{name} is not for --mode={args.mode}, which takes {words}")
    if mode.needs and sum(_given(args, name) for name in mode.needs) != 1:
        words = " or ".join(f"--{name}" for name in mode.needs)
        raise LofiError(f"--mode={args.mode} takes {words}: give one")
    if args.audio_2 and not args.audio:
        raise LofiError("--audio_2 needs --audio")


def _given(args: argparse.Namespace, name: str) -> bool:
    return getattr(args, name) not in (None, False)


def _value(args: argparse.Namespace, name: str):
    found = getattr(args, name)
    return DEFAULTS[name] if found is None else found


def _info(args, model, how, write, synthesis) -> None:
    converter = model.converter
    layers = model.config.model.dims
    sizes = ", ".join(f"{name} {converter.layout.num_classes(name)}" for name in converter.labels)
    silence = " and silence" if converter.zero_extra_class else ""
    for line in (
        f"config: {model.config.name}" + ("" if model.step is None else f", step {model.step}"),
        f"instruments: {', '.join(converter.instruments)}, mixed by random_mode "
        f"{converter.random_mode}",
        f"labels ({converter.label_type}): {sizes}{silence} for each instrument, "
        f"{converter.layout.depth} in all",
        f"spectra: {converter.num_bands} constant-Q bands from {converter.low_hz:g} Hz, "
        f"{1 / converter.frame_seconds:.1f} frames a second at {converter.sample_rate} Hz",
        f"latents: {', '.join(map(str, layers))}",
    ):
        print(line)
    for name, value in _facts(args.model).items():
        print(f"{name}: {value}")


def _facts(model: str) -> dict:
    """Returns what a run's folder says of its training; nothing of other models."""
    from lofi_tf.files import read_yaml

    facts = {}
    for path, names in (
        (Path(model) / "run.yaml", ("seed", "examples", "data_sha1")),
        (Path(model) / "eval" / "best" / "best.yaml", ("step", "loss")),
    ):
        if path.is_file():
            found = read_yaml(path) or {}
            prefix = "best " if "best" in path.name else ""
            facts |= {prefix + name: found[name] for name in names if name in found}
    return facts


def _midi(args, model, how, write, synthesis) -> None:
    write(synthesis.notes_to_sound(model, _music(args.midi), how))


def _audio(args, model, how, write, synthesis) -> None:
    write(_of_sound(synthesis.sound_to_notes, model, args.audio, how))


def _sequence(args, model, how, write, synthesis) -> None:
    if args.midi:
        write(synthesis.notes_and_back(model, _music(args.midi), how))
    else:
        write(_of_sound(synthesis.sound_and_back, model, args.audio, how))


def _morphing(args, model, how, write, synthesis) -> None:
    points = list(_points(args, model, how, synthesis))
    order = _value(args, "interp_order")
    count = max(2, len(points)) if args.n_points is None else args.n_points
    points = synthesis.with_drawn(model, points, count, how)
    write(synthesis.morphing(model, points, order, _value(args, "n_steps"), how))


def _trajectory(args, model, how, write, synthesis) -> None:
    count = _value(args, "n_generations")
    check_range("n_generations", count, 1)
    for number in range(count):
        figure, steps = _value(args, "traj"), _value(args, "n_steps")
        write(synthesis.trajectory(model, figure, steps, number, how))


def _free_navigation(args, model, how, write, synthesis) -> None:
    import numpy as np

    from lofi_tf.crossmodal import latent_paths, navigation

    points = list(_points(args, model, how, synthesis))
    if len(points) > 1:
        raise LofiError("free_navigation starts from one of --notes or --audio")
    start = points[0] if points else np.zeros(model.z_size, np.float32)
    if args.path:
        path = latent_paths.given_path(args.path, start, _value(args, "n_steps"))
        write(synthesis.on_path(model, path, how))
        return
    if not sys.stdin.isatty():
        raise LofiError("free_navigation needs --path, or a terminal to be moved from")
    navigation.navigate(navigation.Navigator(model, start, how), _typed(), print, write)


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input("> ")
        except EOFError:
            return


def _points(args, model, how, synthesis) -> Iterator:
    """Yields the z of all that is given, in order: sounds, then notes."""
    for path in filter(None, (args.audio, args.audio_2)):
        yield _of_sound(synthesis.point_of_sound, model, path, how)
    for spec in args.notes or ():
        yield synthesis.point_of_notes(model, spec, how)


def _music(path: str):
    from lofi_tf.music.files import read_music

    return read_music(path)


def _of_sound(make: Callable, model, path: str, how):
    """Returns what `make(model, sound, how)` makes of a file; its errors name the file."""
    from lofi_tf.audio.io import read_audio

    with naming(path):
        return make(model, read_audio(path), how)


_NOTES = ("transpose", "dynamics", "sampling", "instruments")
_POINTS = ("notes", "audio", "transpose", "dynamics", "sampling")
MODES = {
    "info": Mode(_info),
    "midi": Mode(_midi, _NOTES, ("midi",)),
    "audio": Mode(_audio, ("sampling", "instruments"), ("audio",)),
    "sequence": Mode(_sequence, _NOTES, ("midi", "audio")),
    "morphing": Mode(_morphing, (*_POINTS, "audio_2", "interp_order", "n_points", "n_steps")),
    "trajectory": Mode(_trajectory, ("traj", "n_steps", "n_generations")),
    "free_navigation": Mode(_free_navigation, (*_POINTS, "path", "n_steps")),
}
