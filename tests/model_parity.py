"""Holds a model against the answers of Magenta's, which lie in a folder of goldens.

`<golden>/models/<config>.npz` holds a batch, the answers and the hparams that were asked with,
`<golden>/models/<config>.ckpt.*` the weights as a TF1 checkpoint.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from lofi_tf.backends.litert import Functions
from lofi_tf.config import Config, load_config
from lofi_tf.hparams import with_hparams
from lofi_tf.interop.magenta_checkpoint import (
    load_magenta_checkpoint,
    magenta_gradients,
    magenta_weights,
)
from lofi_tf.models.common import schedules
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.kinds import interface_of
from lofi_tf.models.sequence.decoders import LSTMDecoder
from lofi_tf.models.sequence.vae import MusicVAE
from lofi_tf.saving.checkpoints import stored_weights
from lofi_tf.saving.litert import litert_files
from tests.converter_parity import Row

ANSWER, GRADIENT, AFTER = 1e-5, 1e-4, 1e-5  # allowed, as a share of the largest absolute entry
DECODED, SURE = 1e-4, 1e-3  # allowed in velocities and offsets; how sure a choice must be
UNSURE_STEPS = 0.01  # share of steps that may differ where Magenta did not say how sure it was
ASKED = ("inputs", "outputs", "controls", "lengths", "eps", "decoded_gap")


def _opened(name: str, path: Path):
    """Returns Magenta's answers about a config, the config as it was asked, and its model."""
    answers = dict(np.load(path))
    config = shrunk_config(name, answers)
    return answers, config, build(config, answers, path.with_suffix(".ckpt"))


def check_model(name: str, golden: str | Path) -> list[Row]:
    """Returns a row for each answer of one config, and one for each that was not compared."""
    path = Path(golden) / "models" / f"{name}.npz"
    if not path.is_file():
        return [_failed(name, "model", f"no file {path.name}")]
    answers, _, model = _opened(name, path)
    rows = [*_forward(name, model, answers), _decoded(name, model, answers)]
    rows += _training(name, model, answers)
    compared = {row.check for row in rows} | {"gradient", "after", "hparam"}
    left = [key for key in answers if key.split("|")[0] not in compared | set(ASKED)]
    return rows + [_failed(name, key, "not compared") for key in left]


def check_litert(name: str, golden: str | Path) -> list[Row]:
    """Returns a row for each answer of the LiteRT form of one config's model: encoded, decoded.

    Choices that Magenta drew give no row; see `_decoded`.
    """
    path = Path(golden) / "models" / f"{name}.npz"
    if not path.is_file():
        return [_failed(name, "model", f"no file {path.name}")]
    answers, config, model = _opened(name, path)
    names = ["encode"] if _drawn(model) else ["encode", "decode"]
    interface, weights = interface_of(model, config), stored_weights(model)
    files = litert_files(interface, config, weights, (4,), names)
    functions, batch = Functions(files, files.__getitem__), batch_of(answers)
    batch = {key: value.numpy() for key, value in batch.items()}
    controls = {key: value for key, value in batch.items() if key == "controls"}
    asked = {"inputs": batch["inputs"], "lengths": batch["length"]}
    found = functions("encode", asked | controls)
    rows = [
        compared(name, key, found[our_key], answers[key], ANSWER)
        for key, our_key in (("mu", "mean"), ("sigma", "stddev"))
    ]
    if "decode" in names:
        count, steps = answers["decoded"].shape[:2]
        asked = {"z": answers["z"], "temperature": np.zeros(count), "seed": np.arange(count)}
        asked |= {"length": np.full(count, steps)}
        asked |= {key: np.repeat(value[:1], count, 0) for key, value in controls.items()}
        rows.append(compare_decoded(name, functions("decode", asked)["outputs"], answers))
    return rows


def shrunk_config(name: str, answers: dict[str, np.ndarray]) -> Config:
    """Returns the config with the sizes and loss settings that the answers were asked with."""
    config = load_config(name)
    text = "dropout_keep_prob=1.0,sampling_schedule=constant,sampling_rate=0"
    for key, value in answers.items():
        kind, _, hparam = key.partition("|")
        if kind == "hparam" and hparam != "start_step":
            text += f",{hparam}={str(value.tolist()).replace(' ', '')}"
    if config.model.head["kind"] == "nade":
        text += f",head.hidden_size={answers['gradient|decoder/nade/w_enc'].shape[-1]}"
    return with_hparams(config, text)


def build(config: Config, answers: dict[str, np.ndarray], prefix: Path) -> MusicVAE:
    """Returns the model with the golden weights, its schedules at the golden step."""
    depths = [answers[key].shape[-1] for key in ("inputs", "outputs", "controls")]
    start = int(answers["hparam|start_step"])
    model = MusicVAE(config.model, config.training, *depths, first_step=start)
    compile_model(model)
    load_magenta_checkpoint(model, prefix)
    return model


def batch_of(answers: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    """Returns the golden batch as the model eats it."""
    batch = {
        "inputs": tf.constant(answers["inputs"], tf.float32),
        "targets": tf.constant(answers["outputs"].astype(np.float32)),
        "length": tf.constant(answers["lengths"]),
    }
    if answers["controls"].shape[-1]:
        batch["controls"] = tf.constant(answers["controls"].astype(np.float32))
    return batch


def _forward(name, model, answers) -> Iterator[Row]:
    batch, eps = batch_of(answers), answers["eps"]

    @tf.function(autograph=False)
    def forward():
        posterior = model.encode(batch["inputs"], batch["length"], batch.get("controls"))
        return posterior.mean(), posterior.stddev(), model.losses_of(batch, tf.constant(eps))

    mean, stddev, parts = forward()
    mean, stddev = mean.numpy(), stddev.numpy()
    found = {"mu": mean, "sigma": stddev, "z": mean + stddev * eps}
    found |= {key: parts[key].numpy() for key in ("kl_nats", "r_loss")}
    for key, value in found.items():
        yield compared(name, key, value, answers[key], ANSWER)


def _decoded(name, model, answers) -> Row:
    """Compares up to the first step of each row at which Magenta's choice was close.

    Magenta's flat decoder of several classes draws from a distribution that the goldens' makers
    did not make deterministic: its outputs are a draw. What can be compared is how sure Magenta
    was at each step of that draw, and that is compared.
    """
    if _drawn(model):
        return _sureness(name, model, answers)
    rows, steps = answers["decoded"].shape[:2]
    controls = batch_of(answers).get("controls")
    if controls is not None:
        controls = tf.repeat(controls[:1], rows, axis=0)
    z = tf.constant(answers["z"])
    decode = tf.function(
        lambda: model.decode(z, tf.zeros(rows), None, steps, controls), autograph=False
    )
    return compare_decoded(name, decode().numpy(), answers)


def _drawn(model: MusicVAE) -> bool:
    """Says whether what Magenta decoded is a draw: of a flat decoder of several classes."""
    sizes = getattr(model.decoder.head, "sizes", [1])
    return isinstance(model.decoder, LSTMDecoder) and len(sizes) > 1


def compare_decoded(name: str, ours: np.ndarray, answers: dict[str, np.ndarray]) -> Row:
    """Compares outputs [B, T, D] up to the first step of each row at which a choice was close."""
    if "decoded_gap" not in answers:  # of NADE and two trios: nearly all steps must be identical
        same = np.all(np.abs(ours - answers["decoded"]) < DECODED, axis=-1)
        share = 1.0 - float(same.mean())
        return Row(name, "decoded", share, same.size, share <= UNSURE_STEPS, "steps that differ")
    sure = np.cumsum(answers["decoded_gap"] < SURE, axis=1) == 0  # [B, T]
    if not sure.any(axis=1).all():
        return _failed(name, "decoded", "a row without a sure step")
    return compared(name, "decoded", ours[sure], answers["decoded"][sure], DECODED)


def _sureness(name, model, answers) -> Row:
    outputs = tf.constant(answers["decoded"].astype(np.float32))
    lengths = tf.fill([len(outputs)], outputs.shape[1])
    parameters = model.decoder(tf.constant(answers["z"]), outputs, lengths).numpy()
    gaps = []
    for part in np.split(parameters, np.cumsum(model.decoder.head.sizes)[:-1], axis=-1):
        second, best = np.moveaxis(np.sort(part, axis=-1)[..., -2:], -1, 0)
        gaps.append(best - second)
    return compared(name, "decoded", np.min(gaps, axis=0), answers["decoded_gap"], ANSWER)


def _training(name, model, answers) -> Iterator[Row]:
    batch, eps = batch_of(answers), tf.constant(answers["eps"])
    settings, losses, norms = model.training_settings, [], []

    @tf.function(autograph=False)
    def loss_and_gradients():
        beta = schedules.beta(model.step, settings.max_beta, settings.beta_rate)
        with tf.GradientTape() as tape:
            loss = model.loss_of(model.losses_of(batch, eps), beta)
        return loss, tape.gradient(loss, model.trainable_variables)

    for step in range(len(answers["train_losses"])):
        loss, gradients = loss_and_gradients()
        if step == 0:
            first = magenta_gradients(model, gradients)
        clipped, norm = model.clip(gradients)
        model.optimizer.apply(clipped, model.trainable_variables)
        losses.append(float(loss))
        norms.append(float(norm))
    yield compared(name, "train_losses", np.array(losses), answers["train_losses"], ANSWER)
    yield compared(
        name, "train_gradient_norms", np.array(norms), answers["train_gradient_norms"], GRADIENT
    )
    yield from _by_variable(name, "gradient", first, answers, GRADIENT)
    yield from _by_variable(name, "after", magenta_weights(model), answers, AFTER)


def _by_variable(name, kind, ours, answers, allowed) -> Iterator[Row]:
    """Compares each variable; after training, only where the first gradient was no rounding.

    Adam's first steps are signs of the gradient: an entry that is smaller than what its variable's
    gradient may differ by says nothing. (Beside a float64 computation the gradients of Magenta and
    ours both err by up to 4e-6 of the largest entry.)
    """
    theirs = {key.partition("|")[2] for key in answers if key.startswith(f"{kind}|")}
    for variable in sorted(theirs | ours.keys()):
        if variable not in theirs or variable not in ours:
            whose = "ours" if variable in theirs else "Magenta's"
            yield _failed(name, f"{kind}|{variable}", f"not among {whose}")
            continue
        left, right = ours[variable], answers[f"{kind}|{variable}"]
        counts = np.ones_like(right, bool)
        if kind == "after":
            gradient = np.abs(answers.get(f"gradient|{variable}", np.zeros_like(right)))
            counts = gradient > max(1e-6, GRADIENT * gradient.max())
        scale = np.abs(right).max()
        yield compared(name, f"{kind}|{variable}", left[counts], right[counts], allowed, scale)


def _failed(name: str, check: str, note: str) -> Row:
    return Row(name, check, np.inf, 0, False, note)


def compared(
    name: str,
    check: str,
    ours: np.ndarray,
    theirs: np.ndarray,
    allowed: float,
    scale: float | None = None,
) -> Row:
    """Compares arrays; the difference is a share of the largest absolute entry of Magenta's."""
    if ours.shape != theirs.shape or not theirs.size:
        return _failed(name, check, f"shape {ours.shape}, Magenta's {theirs.shape}")
    scale = np.abs(theirs).max() if scale is None else scale
    difference = float(np.abs(ours.astype(np.float64) - theirs).max() / (scale or 1.0))
    ok = bool(difference <= allowed)
    return Row(name, check, difference, theirs.size, ok, "" if ok else f"allowed {allowed:g}")
