"""The decoders of a symusic JSON file as our decoder component.

A sequential decoder (`greedy`, `sample`, `hier`) says what is fed to a cell decoder (`simple`,
`another`); `hier` puts a `conductor` above another sequential decoder.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.settings import Amount, Settings, Size, settings_of


@dataclasses.dataclass(frozen=True)
class _MadeBy:
    """How the files name a part: a key, and the parameters of what it makes."""

    key: Any
    params: Any


@dataclasses.dataclass(frozen=True)
class _Greedy(Settings):
    decoder_args: Any
    z_size: Size | None = None


@dataclasses.dataclass(frozen=True)
class _Sample(_Greedy):
    temperature: Amount = 1.0


@dataclasses.dataclass(frozen=True)
class _Hier(Settings):
    n_subsequences: Size
    conductor_args: Any
    seq_decoder_args: Any
    z_size: Size | None = None


@dataclasses.dataclass(frozen=True)
class Layers(Settings):
    """LSTM layers of one size."""

    hidden_size: Size
    n_layers: Size

    @property
    def units(self) -> tuple[int, ...]:
        """The units of each."""
        return (self.hidden_size,) * self.n_layers


@dataclasses.dataclass(frozen=True)
class Embedded(Layers):
    """LSTM layers, and what their inputs pass through first."""

    embed_size: Size


@dataclasses.dataclass(frozen=True)
class _Another(Embedded):
    z_size: Size | None = None


@dataclasses.dataclass(frozen=True)
class _Conductor(Layers):
    c_size: Size


SEQ_DECODERS = {"greedy": _Greedy, "sample": _Sample, "hier": _Hier}
CELLS = {"simple": Embedded, "another": _Another}
CONDUCTORS = {"conductor": _Conductor}


class _Parts(NamedTuple):
    """The levels of a sequential decoder.

    Attributes:
        conductors: units of the layers of each, and the size of what it gives.
        lengths: subsequences of each, then the steps of the lowest.
        temperature: of the samples that the cell decoder is fed; 0 is the likeliest.
        cell: options of the core.
        units: of each of its layers.
    """

    conductors: list[tuple[list[int], int]]
    lengths: list[int]
    temperature: float
    cell: dict[str, Any]
    units: tuple[int, ...]


def decoder_settings(
    args: Any, z_size: int, num_steps: int, where: str
) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Returns the decoder component and the units of its core's layers.

    Args:
        args: `{key: ..., params: ...}` of a sequential decoder.
        z_size: size of what it decodes.
        num_steps: steps that it decodes.
        where: its name, for messages.

    Raises:
        LofiError: an unknown key or value, or sizes that do not fit each other.
    """
    parts = _seq_decoder(args, z_size, num_steps, where)
    options = {**parts.cell, "sampling_temperature": parts.temperature}
    if not parts.conductors:
        return {"kind": "lstm", **options}, parts.units
    return {
        "kind": "hierarchical_lstm",
        "level_lengths": parts.lengths,
        "disable_autoregression": True,
        "conductor_units": _same_or_all([units for units, _ in parts.conductors]),
        "conductor_embedding_size": _same_or_all([size for _, size in parts.conductors]),
        **options,
    }, parts.units


def _seq_decoder(args: Any, z_size: int, num_steps: int, where: str) -> _Parts:
    decoder = _made_by(args, SEQ_DECODERS, where, "sequential decoder")
    where = f"{where}.params"
    _check_z_size(decoder, z_size, where)
    if isinstance(decoder, _Hier):
        return _hier(decoder, num_steps, where)
    temperature = getattr(decoder, "temperature", 0.0)
    if isinstance(decoder, _Sample) and not temperature:
        raise LofiError(f"{where}.temperature must be above 0; the key greedy is temperature 0")
    where = f"{where}.decoder_args"
    cell = _made_by(decoder.decoder_args, CELLS, where, "cell decoder")
    _check_z_size(cell, z_size, f"{where}.params")
    sees_z = isinstance(cell, _Another)
    options = {"embedding_size": cell.embed_size, "z_inputs": sees_z, "skip_inputs": sees_z}
    return _Parts([], [num_steps], temperature, options, cell.units)


def _hier(decoder: _Hier, num_steps: int, where: str) -> _Parts:
    count, name = decoder.n_subsequences, f"{where}.conductor_args"
    if num_steps % count:
        raise LofiError(
            f"{where}.n_subsequences must divide the {num_steps} steps. Received: {count}"
        )
    conductor = _made_by(decoder.conductor_args, CONDUCTORS, name, "conductor")
    below = _seq_decoder(
        decoder.seq_decoder_args, conductor.c_size, num_steps // count, f"{where}.seq_decoder_args"
    )
    conductors = [(list(conductor.units), conductor.c_size), *below.conductors]
    return below._replace(conductors=conductors, lengths=[count, *below.lengths])


def _made_by(args: Any, known: Mapping[str, type], where: str, what: str) -> Any:
    """Returns what a factory's arguments make."""
    made_by = settings_of(_MadeBy, args, where)
    key = str(made_by.key)
    if key not in known:
        raise unknown_name(f"{what} in {where}.key", key, known)
    return settings_of(known[key], made_by.params, f"{where}.params")


def _same_or_all(values: list) -> Any:
    """Returns the one value that all are equal to, or all of them."""
    return values[0] if all(value == values[0] for value in values) else values


def _check_z_size(part: Any, z_size: int, where: str) -> None:
    received = getattr(part, "z_size", None)
    if received not in (None, z_size):
        raise LofiError(
            f"{where}.z_size must be the size of what is decoded, {z_size}. Received: {received}"
        )
