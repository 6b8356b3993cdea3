"""The decoders of a symusic JSON file as our decoder component.

A sequential decoder (`greedy`, `sample`, `hier`) says what is fed to a cell decoder (`simple`,
`another`); `hier` puts a `conductor` above another sequential decoder.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.interop.symusic_keys import check_keys, fraction, whole

FACTORY_KEYS = ("key", "params")
SEQ_DECODERS = {
    "greedy": ("z_size", "decoder_args"),
    "sample": ("z_size", "temperature", "decoder_args"),
    "hier": ("z_size", "n_subsequences", "conductor_args", "seq_decoder_args"),
}
CELLS = {
    "simple": ("embed_size", "hidden_size", "n_layers"),
    "another": ("embed_size", "hidden_size", "n_layers", "z_size"),
}
CONDUCTORS = {"conductor": ("hidden_size", "n_layers", "c_size")}
CELL_OPTIONS = {
    "simple": {"z_inputs": False, "skip_inputs": False},
    "another": {"z_inputs": True, "skip_inputs": True},
}
OPTIONAL = ("z_size", "temperature")


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
    key, params, where = _made_by(args, SEQ_DECODERS, where, "sequential decoder")
    _check_z_size(params, z_size, where)
    if key == "hier":
        return _hier(params, z_size, num_steps, where)
    temperature = fraction(f"{where}.temperature", params.get("temperature", 1.0))
    if key == "sample" and temperature == 0:
        raise LofiError(f"{where}.temperature must be above 0; the key greedy is temperature 0")
    cell, units = _cell(params["decoder_args"], z_size, f"{where}.decoder_args")
    return _Parts([], [num_steps], 0.0 if key == "greedy" else temperature, cell, units)


def _hier(params: Mapping[str, Any], z_size: int, num_steps: int, where: str) -> _Parts:
    count = whole(f"{where}.n_subsequences", params["n_subsequences"], 1)
    if num_steps % count:
        raise LofiError(
            f"{where}.n_subsequences must divide the {num_steps} steps. Received: {count}"
        )
    name = f"{where}.conductor_args"
    _, sizes, name = _made_by(params["conductor_args"], CONDUCTORS, name, "conductor")
    c_size = whole(f"{name}.c_size", sizes["c_size"], 1)
    conductor = list(_units(sizes, name)), c_size
    below = _seq_decoder(
        params["seq_decoder_args"], c_size, num_steps // count, f"{where}.seq_decoder_args"
    )
    return below._replace(
        conductors=[conductor, *below.conductors], lengths=[count, *below.lengths]
    )


def _cell(args: Any, z_size: int, where: str) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Returns the options of the core and the units of its layers."""
    key, params, where = _made_by(args, CELLS, where, "cell decoder")
    _check_z_size(params, z_size, where)
    embed_size = whole(f"{where}.embed_size", params["embed_size"], 1)
    return {"embedding_size": embed_size, **CELL_OPTIONS[key]}, _units(params, where)


def _made_by(args: Any, known: Mapping[str, tuple], where: str, what: str):
    """Returns the key and the parameters of a factory's arguments, and the latter's name."""
    check_keys(where, args, FACTORY_KEYS)
    key = str(args["key"])
    if key not in known:
        raise unknown_name(f"{what} in {where}.key", key, known)
    where = f"{where}.params"
    return key, check_keys(where, args["params"], known[key], OPTIONAL), where


def _same_or_all(values: list) -> Any:
    """Returns the one value that all are equal to, or all of them."""
    return values[0] if all(value == values[0] for value in values) else values


def _units(params: Mapping[str, Any], where: str) -> tuple[int, ...]:
    size = whole(f"{where}.hidden_size", params["hidden_size"], 1)
    return (size,) * whole(f"{where}.n_layers", params["n_layers"], 1)


def _check_z_size(params: Mapping[str, Any], z_size: int, where: str) -> None:
    if params.get("z_size", z_size) != z_size:
        raise LofiError(
            f"{where}.z_size must be the size of what is decoded, {z_size}. "
            f"Received: {params['z_size']!r}"
        )
