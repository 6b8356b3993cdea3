"""The modes of `lofi_generate`: for each the inputs it takes and the library call it is."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lofi_tf.errors import LofiError

Pieces = list[Any] | dict[str, Any]  # files are named by number, or by these names


class Mode(NamedTuple):
    """A mode of the command.

    Attributes:
        inputs: how many input files it may have.
        num_outputs: files, where none are asked for.
        run: `(flags, backend, inputs, how, write) -> pieces`.
    """

    inputs: tuple[int, ...]
    num_outputs: int
    run: Callable[..., Pieces]


def _sample(args, backend, inputs, how, write) -> Pieces:
    from lofi_tf import generation

    return generation.sample(backend, args.num_outputs, how, hits=inputs[0] if inputs else None)


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


def _one_to_many(verb: str) -> Callable[..., Pieces]:
    """Returns the mode of a function `(backend, *pieces, num_outputs, how)` of the library."""

    def run(args, backend, inputs, how, write) -> Pieces:
        from lofi_tf import generation

        return getattr(generation, verb)(backend, *inputs, args.num_outputs, how)

    return run


MODES = {
    "sample": Mode((0, 1), 5, _sample),
    "interpolate": Mode((2, 4), 5, _interpolate),
    "reconstruct": Mode((1,), 1, _one_to_many("reconstruct")),
    "humanize": Mode((1,), 1, _one_to_many("humanize")),
    "tap2drum": Mode((1,), 1, _one_to_many("tap2drum")),
    "add_hihats": Mode((1,), 1, _one_to_many("add_hihats")),
    "groove_transfer": Mode((2,), 1, _one_to_many("groove_transfer")),
}


def _check_single(args, backend, excerpts, inputs, how, write) -> None:
    """Refuses inputs of several examples, and writes those to choose from."""
    from lofi_tf.data.converter import build_converter

    converter = build_converter(backend.config.data.converter)
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
