"""What `lofi_generate` refuses before a model is opened, and once it is known."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import check_flags
from lofi_tf.cli.generate_modes import FLAGS, MODES, SOUND_MODES, Mode, attributes_named
from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError, naming
from lofi_tf.files import check_file
from lofi_tf.models.kinds import check_can
from lofi_tf.saving.hub import named_models
from lofi_tf.settings import Tempo, checked

INPUTS = ("input_midi_1", "input_midi_2", "input_midi_3", "input_midi_4")
SOUNDS = ("input_audio_1", "input_audio_2")
_LEAST = {
    "num_outputs": 1, "max_batch_size": 1, "temperature": 0, "seed": 0,
    "length_bars": 1, "best_of": 1, "change_at_seconds": 0, "change_amount": 0,
}  # fmt: skip


def given(args: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    """Returns those of the flags that were given."""
    return [name for name in names if getattr(args, name) is not None]


def check(args: argparse.Namespace) -> None:
    """Refuses flags that no model could obey.

    Raises:
        LofiError: which flag, what is allowed and what came.
    """
    if args.model is not None and args.checkpoint_file is not None:
        raise LofiError("give --model (or --run_dir) or --checkpoint_file, one of the two")
    sounds = given(args, SOUNDS)
    if sounds and given(args, INPUTS):
        raise LofiError("--input_midi and --input_audio are for different models: give one")
    check_flags(args, **_LEAST)
    checked("--qpm", args.qpm, Tempo | None)
    if args.best_of is not None and args.mode == "sample" and given(args, INPUTS + SOUNDS):
        name = _called(given(args, INPUTS + SOUNDS)[0])
        raise LofiError(f"--best_of chooses among pieces of the model's own: leave out {name}")
    if args.seconds is not None and not 0 < args.seconds < 2**31:
        raise LofiError(f"--seconds must be above 0. Received: {args.seconds}")
    if args.mode == "infill":
        _check_infill(args)
    attributes_named(args.attribute)
    if args.chords:
        from lofi_tf.music.progressions import progression

        progression(args.chords, 1)
    if args.keep is not None:
        from lofi_tf.music.feel import traits_named

        traits_named(args.keep)
    for name in given(args, INPUTS + SOUNDS):
        with naming(_called(name)):
            check_file(getattr(args, name))
    of_sound = sounds or given(args, ("seconds", "change_at_seconds", "change_amount"))
    if of_sound or args.mode not in MODES:
        whose = f"{_called(of_sound[0])} is for models of sound: " if of_sound else ""
        _check_mode(args, SOUND_MODES, SOUNDS, whose)
    elif args.mode not in SOUND_MODES or given(args, INPUTS):
        _check_mode(args, MODES, INPUTS)
    else:
        _check_any_input(args)


def _check_infill(args: argparse.Namespace) -> None:
    """Refuses an infill without anything to draw, and what is no bar or drum."""
    from lofi_tf.music.bars import bars_named
    from lofi_tf.music.drum_classes import drums_named

    if args.bars is None and args.drums is None:
        raise LofiError(
            "--mode=infill needs --bars, such as 3-4, or --drums, such as snare,toms: what to draw "
            "anew; all else stays"
        )
    for name, read in (("bars", bars_named), ("drums", drums_named)):
        if getattr(args, name) is not None:
            read(getattr(args, name))


def check_folder(args: argparse.Namespace) -> None:
    """Refuses the folder of a model that has commands of its own, before its flags are looked at.

    Raises:
        LofiError: which commands.
    """
    places = ("config.yaml", "assets.extra/config.yaml", "*/assets.extra/config.yaml")
    folder = Path(args.model or "")
    if not folder.is_dir():
        folder = named_models().get(args.model, folder)
    found = [path for place in places for path in folder.glob(place)]
    if args.model and found:
        check_can(load_config(found[0]), "generate")


def check_model(args: argparse.Namespace, config: Config) -> dict[str, Mode]:
    """Returns the modes of a model's kind, and completes `num_outputs`.

    Raises:
        LofiError: a mode, an input or a flag that is not for models of its kind.
    """
    from lofi_tf.data.converters.build import build_converter  # --help does without numpy

    check_can(config, "generate")
    sound = build_converter(config.data.converter).medium == "sound"
    others, names, modes = (INPUTS, SOUNDS, SOUND_MODES) if sound else (SOUNDS, INPUTS, MODES)
    whose = f"{config.name}, a model of sound: " if sound else ""
    _mode_of(args, modes, whose)
    wrong = given(args, others + (("qpm",) if sound else ()))
    if wrong:
        kind = "sound: it takes --input_audio and no tempo" if sound else "notes: --input_midi"
        raise LofiError(f"{config.name} is a model of {kind}. Received: {_called(wrong[0])}")
    _check_mode(args, modes, names, whose)
    if args.num_outputs is None:
        args.num_outputs = modes[args.mode].num_outputs
    return modes


def _check_mode(
    args: argparse.Namespace, modes: dict[str, Mode], names: tuple[str, ...], whose: str = ""
) -> None:
    """Refuses a mode that is not among them, and inputs and flags that it does not take."""
    mode, inputs = _mode_of(args, modes, whose), given(args, names)
    if len(inputs) not in mode.inputs or inputs != list(names[: len(inputs)]):
        received = ", ".join(inputs) or "none"
        wanted = _wanted(mode, names)
        raise LofiError(f"{whose}--mode={args.mode} takes {wanted}. Received: {received}")
    for name in given(args, FLAGS):
        if name not in mode.flags:
            takers = ", ".join(other for other, its in modes.items() if name in its.flags)
            others = "notes" if modes is SOUND_MODES else "sound"
            allowed = f"Allowed: {takers}" if takers else f"It is for models of {others}"
            raise LofiError(f"{whose}--{name} is not for --mode={args.mode}. {allowed}")


def _mode_of(args: argparse.Namespace, modes: dict[str, Mode], whose: str) -> Mode:
    """Returns the mode that is asked for; refuses one that is not among them."""
    if args.mode not in modes:
        allowed = ", ".join(modes)
        raise LofiError(f"{whose}--mode is one of {allowed}. Received: --mode={args.mode}")
    return modes[args.mode]


def _called(name: str) -> str:
    """Returns a flag as a person may have written it: the first input has two names."""
    short = name.removesuffix("_1")
    return f"--{name}" if short == name else f"--{short} (or --{name})"


def _check_any_input(args: argparse.Namespace) -> None:
    """Refuses a mode of both kinds of models that has no input, where it needs one."""
    modes = MODES[args.mode], SOUND_MODES[args.mode]
    if not any(0 in mode.inputs for mode in modes):
        notes, sounds = _wanted(modes[0], INPUTS), _wanted(modes[1], SOUNDS)
        raise LofiError(
            f"--mode={args.mode} takes {notes}; of a model of sound {sounds}. Received: none"
        )


def _wanted(mode: Mode, names: tuple[str, ...]) -> str:
    return " or ".join(_flags(names[:number]) for number in mode.inputs)


def _flags(names: tuple[str, ...]) -> str:
    flags = [f"--{name}" for name in names]
    if len(flags) < 2:
        return "".join(flags) or "no input"
    return f"{', '.join(flags[:-1])} and {flags[-1]}"
