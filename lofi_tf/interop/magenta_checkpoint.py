"""Magenta's TF1 checkpoints: their weights into our models, and ours under their names.

Magenta's LSTM cell holds one kernel over [x; h] with the gates in the order input, candidate,
forget, output, and adds 1 to the forget bias as it runs; ours holds two kernels, Keras' order of
gates and the 1 in the bias.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.interop.plain_names import plain
from lofi_tf.models.layers.lstm import LSTM, LSTMStack
from lofi_tf.models.layers.nade import NADE
from lofi_tf.models.sequence.bit_heads import NADEHead
from lofi_tf.models.sequence.cores import LSTMCore, SplitCore
from lofi_tf.models.sequence.encoders import (
    BidirectionalLSTMEncoder,
    HierarchicalEncoder,
    LSTMEncoder,
)
from lofi_tf.models.sequence.hierarchy import HierarchicalDecoder
from lofi_tf.models.sequence.vae import MusicVAE

# Optimiser slots, step counters and cuDNN's packed copies hold nothing that a model needs.
IGNORED = re.compile(r"global_step$|.*/Adam(_1)?$|(.*/)?beta[12]_power(_\d+)?$|.*opaque_kernel$")

Layer = LSTM | keras.layers.Dense | NADE
Weights = dict[str, np.ndarray]
Scopes = Iterator[tuple[str, Layer]]


def scopes_of(model: MusicVAE) -> dict[str, Layer]:
    """Returns every layer that holds weights, by the scope that Magenta keeps them under.

    Raises:
        LofiError: a component that Magenta has no like of.
    """
    _check_like(model.decoder, model.decoder.core, model.encoder)
    scopes = dict(_encoder_scopes(model.encoder)) if model.encoder else {}
    if model.latent:
        scopes |= {"encoder/mu": model.latent.mean, "encoder/sigma": model.latent.stddev}
    if model.control_preprocessing:
        scopes |= dict(_bidirectional_scopes("control_preprocessing", model.control_preprocessing))
    decoder, prefix = model.decoder, ""
    if isinstance(decoder, HierarchicalDecoder):
        scopes |= dict(_conductor_scopes(decoder))
        prefix = "core_decoder/"
    if isinstance(decoder.head, NADEHead):
        scopes[f"{prefix}decoder/nade"] = decoder.head.nade
    return scopes | dict(_core_scopes(prefix, decoder.core))


def _check_like(decoder, core, encoder) -> None:
    """Refuses options that Magenta's models do not have."""
    embedded = [core, encoder] if isinstance(core, LSTMCore) else [encoder]
    used = [getattr(part, "embedding", None) for part in embedded]
    used += getattr(decoder, "embeddings", [])
    other = isinstance(core, LSTMCore) and (core.skip_inputs or not core.z_inputs)
    if other or any(used):
        raise LofiError("Magenta's models have no embeddings, and z as input at each step")


def _encoder_scopes(encoder) -> Scopes:
    if isinstance(encoder, HierarchicalEncoder):
        for number, level in enumerate(encoder.levels):
            yield from _bidirectional_scopes(f"encoder/hierarchical_level_{number}", level)
    elif isinstance(encoder, LSTMEncoder):
        yield from _stack_scopes("encoder/rnn/multi_rnn_cell", encoder.stack)
    else:
        yield from _bidirectional_scopes("encoder", encoder)


def _bidirectional_scopes(scope: str, encoder: BidirectionalLSTMEncoder) -> Scopes:
    for way, stacks in (("fw", encoder.forward), ("bw", encoder.backward)):
        for number, stack in enumerate(stacks):
            rnn = f"{scope}/cell_{number}/bidirectional_rnn/{way}/multi_rnn_cell"
            yield from _stack_scopes(rnn, stack)


def _conductor_scopes(decoder: HierarchicalDecoder) -> Scopes:
    for number, conductor in enumerate(decoder.conductors):
        scope = f"decoder/hierarchical_level_{number}"
        if decoder.initials[number] is not None:
            yield f"{scope}/initial_state", decoder.initials[number]
        yield from _stack_scopes(scope, conductor)


def _core_scopes(prefix: str, core: LSTMCore | SplitCore) -> Scopes:
    if isinstance(core, SplitCore):
        for number, part in enumerate(core.cores):
            yield from _core_scopes(f"{prefix}core_decoder_{number}/", part)
        return
    if core.z_to_initial_state is not None:
        yield f"{prefix}decoder/z_to_initial_state", core.z_to_initial_state
    yield from _stack_scopes(f"{prefix}decoder/multi_rnn_cell", core.stack)
    yield f"{prefix}decoder/output_projection", core.output_projection


def _stack_scopes(scope: str, stack: LSTMStack) -> Scopes:
    if stack.residual:
        raise LofiError("Magenta's checkpoints with residual connections are not supported")
    for number, cell in enumerate(stack.cells):
        yield f"{scope}/cell_{number}/lstm_cell", cell


def load_magenta_checkpoint(
    model: MusicVAE, prefix: str | Path, substitutions: Mapping[str, str] | None = None
) -> None:
    """Sets a model's weights from a Magenta checkpoint.

    Args:
        model: of the config that the checkpoint was trained with.
        prefix: path up to `.index`, such as `model.ckpt-2721`.
        substitutions: regex -> replacement on the checkpoint's variable names, as Magenta's
            `var_name_substitutions`.

    Raises:
        LofiError: a variable that no layer takes, a layer that no variable fills, or a shape that
            does not fit.
    """
    set_magenta_weights(model, _read(prefix, substitutions or {}), prefix)


def set_magenta_weights(model: MusicVAE, found: Weights, source: str | Path) -> None:
    """Sets a model's weights from those in Magenta's layout, by Magenta's variable names.

    Args:
        model: the model.
        found: the weights.
        source: of them, for errors.

    Raises:
        LofiError: as `load_magenta_checkpoint`.
    """
    wanted = {name: value.shape for name, value in magenta_weights(model).items()}
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or extra:
        raise LofiError(
            f"checkpoint {source} does not fit the config: it lacks {missing or 'nothing'} and "
            f"holds besides {extra or 'nothing'}"
        )
    for name, shape in wanted.items():
        if found[name].shape != shape:
            raise LofiError(
                f"checkpoint {source} does not fit the config: {name} must have shape {shape}. "
                f"Received: {found[name].shape}"
            )
    for scope, layer in scopes_of(model).items():
        if isinstance(layer, NADE):
            layer.w_enc.assign(found[f"{scope}/w_enc"][:, 0])
            layer.w_dec.assign(found[f"{scope}/w_dec_t"][:, :, 0])
        else:
            _assign(layer, found[f"{scope}/kernel"], found[f"{scope}/bias"])


def magenta_weights(model: MusicVAE) -> Weights:
    """Returns the model's weights in Magenta's layout, by Magenta's variable names."""
    weights = _in_magenta_layout(model, lambda variable: variable.numpy())
    for scope, layer in scopes_of(model).items():
        if isinstance(layer, LSTM):  # Magenta adds it as it runs
            weights[f"{scope}/bias"][2 * layer.units : 3 * layer.units] -= 1.0
    return weights


def magenta_gradients(model: MusicVAE, gradients: list[tf.Tensor]) -> Weights:
    """Returns gradients, given in the order of the trainable variables, in Magenta's layout."""
    by_path = {
        variable.path: gradient.numpy()
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
    }
    return _in_magenta_layout(model, lambda variable: by_path[variable.path])


def _in_magenta_layout(model, value_of) -> Weights:
    values = {}
    for scope, layer in scopes_of(model).items():
        if isinstance(layer, NADE):
            values[f"{scope}/w_enc"] = value_of(layer.w_enc)[:, None]
            values[f"{scope}/w_dec_t"] = value_of(layer.w_dec)[:, :, None]
            continue
        kernel, bias = value_of(layer.kernel), value_of(layer.bias)
        if isinstance(layer, LSTM):
            kernel = np.concatenate([kernel, value_of(layer.recurrent_kernel)])
            kernel, bias = _swap_gates(kernel), _swap_gates(bias)
        values |= {f"{scope}/kernel": kernel, f"{scope}/bias": np.array(bias)}
    return values


def _read(prefix: str | Path, substitutions: Mapping[str, str]) -> Weights:
    try:
        reader = tf.train.load_checkpoint(plain(prefix))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise LofiError(f"{prefix} is not a checkpoint that TensorFlow can read") from error
    found = {}
    for name in reader.get_variable_to_shape_map():
        if IGNORED.match(name):
            continue
        ours = name
        for pattern, replacement in substitutions.items():
            ours = re.sub(pattern, replacement, ours)
        found[ours] = reader.get_tensor(name)
    return found


def _assign(layer: Layer, kernel: np.ndarray, bias: np.ndarray) -> None:
    if isinstance(layer, LSTM):
        kernel, bias = _swap_gates(kernel), _swap_gates(bias)
        bias[layer.units : 2 * layer.units] += 1.0  # Magenta adds it as it runs
        layer.recurrent_kernel.assign(kernel[layer.input_size :])
        kernel = kernel[: layer.input_size]
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)


def _swap_gates(values: np.ndarray) -> np.ndarray:
    """Returns the values with the second and third gate swapped: i, j, f, o <-> i, f, j, o."""
    first, second, third, fourth = np.split(values, 4, axis=-1)
    return np.concatenate([first, third, second, fourth], axis=-1)
