"""The modes of `lofi_generate`: for each the inputs it takes and the library call it is."""

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lofi_tf.cli.flags import is_verbose
from lofi_tf.errors import LofiError, LofiWarning, naming
from lofi_tf.saving.hub import beside, is_address

ATTRIBUTES = "attributes.npz"  # beside the model, as lofi_attributes writes it
Pieces = list[Any] | dict[str, Any]  # files are named by number, or by these names


class Mode(NamedTuple):
    """A mode of the command.

    Attributes:
        inputs: how many input files it may have.
        num_outputs: files, where none are asked for.
        flags: those of `FLAGS` that it takes.
        run: `(flags, backend, inputs, how, write) -> pieces`.
    """

    inputs: tuple[int, ...]
    num_outputs: int
    flags: tuple[str, ...]
    run: Callable[..., Pieces]


FLAGS = (
    *("length_bars", "chords", "amount", "attribute", "attributes_file", "best_of"),
    *("bars", "drums", "keep", "track", "only_part"),
    *("seconds", "change_at_seconds", "change_amount"),
)  # not for every mode


def _sample(args, backend, inputs, how, write) -> Pieces:
    from lofi_tf import generation

    hits = inputs[0] if inputs else None
    if args.best_of is not None:
        given = _given(args, ("length_bars", "chords", "amount"))
        show = is_verbose(args.log)
        return generation.sample_best(backend, args.num_outputs, args.best_of, how, show, **given)
    return generation.sample(backend, args.num_outputs, how, hits=hits, **_given(args))


def _interpolate(args, backend, inputs, how, write) -> Pieces:
    from lofi_tf import generation

    excerpts = [generation.excerpts_of(backend, piece) for piece in inputs]
    _check_single(args, backend, excerpts, inputs, how, write)
    if len(inputs) == 2:
        return generation.interpolate(backend, *excerpts, args.num_outputs, how.like(inputs[0]))
    rows = generation.grid(backend, tuple(excerpts), args.num_outputs, how.like(inputs[0]))
    side = len(rows)
    return {
        f"row{row}-column{column}-of-{side}x{side}": piece
        for row, pieces in enumerate(rows)
        for column, piece in enumerate(pieces)
    }


def _directions(args, backend) -> dict[str, Any]:
    """Returns the options of `vary` that attributes are."""
    from lofi_tf.generation import attributes

    wanted = attributes_named(args.attribute)
    if not wanted:
        return {}
    vectors = attributes.load_vectors(attributes_path(args), backend)
    return {"attributes": wanted, "vectors": vectors}


def _changing(name: str) -> Callable[..., Pieces]:
    """Returns the mode of a function `(backend, *pieces, num_outputs, how)` that changes a song.

    The last of its inputs is the song of which a part is changed.
    """

    def run(args, backend, inputs, how, write) -> Pieces:
        from lofi_tf import generation

        options = _given(args, ("amount", "keep", "drums"))
        if name == "vary":
            options |= _directions(args, backend)
        wishes = _given(args, ("track", "bars", "length_bars", "chords"))
        with naming(args.input_midi_2 or args.input_midi_1):
            changed = generation.changed_song(
                backend, name, inputs, args.num_outputs, how, options, **wishes
            )
        for line in changed.told:
            warnings.warn(line, LofiWarning, stacklevel=1)
        songs = changed.songs
        return [one.only(changed.keys) for one in songs] if args.only_part else songs

    return run


def _verb(name: str) -> Callable[..., Pieces]:
    """Returns the mode of a function `(backend, *pieces, num_outputs, how)` of `generation`."""
    module, _, name = f"lofi_tf.generation.{name}".rpartition(".")

    def run(args, backend, inputs, how, write) -> Pieces:
        verb = getattr(importlib.import_module(module), name)
        return verb(backend, *inputs, args.num_outputs, how, **_given(args))

    return run


def _reconstruct_sound(args, backend, inputs, how, write) -> Pieces:
    from lofi_tf.generation import sounds

    if args.num_outputs != 1:
        raise LofiError(
            "--mode=reconstruct of a sound draws nothing: it gives one file. "
            f"Received: --num_outputs={args.num_outputs}"
        )
    return [sounds.reconstruct(backend, *inputs, how)]


_SONG = ("track", "only_part")  # of modes that change a part of a song
MODES = {
    "sample": Mode((0, 1), 5, ("length_bars", "chords", "amount", "best_of"), _sample),
    "interpolate": Mode((2, 4), 5, (), _interpolate),
    "reconstruct": Mode((1,), 1, (*_SONG, "chords"), _changing("reconstruct")),
    "humanize": Mode((1,), 1, (*_SONG, "amount", "keep"), _changing("humanize")),
    "tap2drum": Mode((1,), 1, _SONG, _changing("tap2drum")),
    "add_hihats": Mode((1,), 1, _SONG, _changing("add_hihats")),
    "groove_transfer": Mode((2,), 1, (*_SONG, "amount", "keep"), _changing("groove_transfer")),
    "infill": Mode((1,), 5, (*_SONG, "bars", "drums"), _changing("infill")),
    "continue": Mode((1,), 5, (*_SONG, "length_bars", "chords", "amount"), _changing("continue_")),
    "vary": Mode(
        (1,),
        5,
        (*_SONG, "amount", "chords", "attribute", "attributes_file"),
        _changing("vary"),
    ),
}
SOUND_MODES = {
    "sample": Mode((0,), 5, (), _verb("sample")),
    "reconstruct": Mode((1,), 1, (), _reconstruct_sound),
    "interpolate": Mode((2,), 5, (), _verb("sounds.morph")),
    "vary": Mode((1,), 5, ("amount",), _verb("sounds.vary")),
    "continue": Mode(
        (1,),
        5,
        ("seconds", "change_at_seconds", "change_amount"),
        _verb("sound_continuation.continue_sound"),
    ),
}


def changes_a_song(mode: str) -> bool:
    """Says whether a mode of models of notes changes a part of a song."""
    return mode in MODES and "track" in MODES[mode].flags


def _given(args, names: tuple[str, ...] = FLAGS) -> dict[str, Any]:
    """Returns the values of those flags that were given."""
    values = {name: getattr(args, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def attributes_path(args) -> Path:
    """Returns where the attribute vectors of the model are to lie."""
    if args.attributes_file:
        return Path(args.attributes_file)
    if not args.model or is_address(args.model):
        raise LofiError("--attribute of a model that is no folder needs --attributes_file")
    return beside(Path(args.model), ATTRIBUTES)


def attributes_named(texts: list[str] | None) -> dict[str, float]:
    """Returns how far to go along each attribute, of texts such as `density=+1,swing=-0.5`."""
    found = {}
    for text in ",".join(texts or []).split(",") if texts else []:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise LofiError(
                f"--attribute must be a name and a number, such as density=+1.0. Received: {text!r}"
            ) from None
    return found


def _check_single(args, backend, excerpts, inputs, how, write) -> None:
    """Refuses inputs of several examples, and writes those to choose from."""
    converter = backend.converter
    for number, (excerpt, piece) in enumerate(zip(excerpts, inputs, strict=True), 1):
        count = len(excerpt.inputs)
        if count == 1:
            continue
        qpm = how.like(piece).qpm
        examples = [converter.from_outputs(target, qpm) for target in excerpt.targets]
        write(examples, f"input{number}-extractions")
        raise LofiError(
            f"{getattr(args, f'input_midi_{number}')} holds {count} examples, and one is needed: "
            f"they have been written to {args.output_dir}, choose one of them as "
            f"--input_midi_{number}"
        )
