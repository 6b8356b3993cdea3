"""Asks the real Magenta 2.1.4 what MusicVAE computes, and writes its answers down.

Runs only inside the Python 3.8 environment that `make parity` sets up, where magenta==2.1.4 is
installed; nothing here is imported by the project. Three commands:

  tensors  real MIDI files -> what the config's data converter makes of them
  model    a small model with known random weights -> TF1 checkpoint + numbers
  load     checkpoints, whoever wrote them -> what Magenta's TrainedModel answers with them

Every answer is deterministic: the latent sample is mean + stddev * eps with a
stored eps, the sampling schedule is teacher forcing, and decoding takes the
most likely value at each step.
"""

import argparse
import copy
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow.compat.v1 as tf
import tensorflow_probability as tfp
import note_seq
from magenta.models.music_vae import TrainedModel, configs

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)

STEPS = 3  # optimiser steps recorded by `model`
START_STEP = 10  # where they start, so that beta and the learning rate are not at their first value


class MostLikely:
    """Stands in for the distributions that Magenta's decoders sample from."""

    def __init__(self, logits, dtype=tf.float32):
        self._logits, self._dtype = logits, dtype


class MostLikelyClass(MostLikely):
    def sample(self):
        depth = int(self._logits.shape[-1])
        return tf.one_hot(tf.argmax(self._logits, -1), depth, dtype=self._dtype)


class MostLikelyIndex(MostLikely):
    def sample(self):
        return tf.argmax(self._logits, -1)


class MostLikelyBit(MostLikely):
    def sample(self):
        return tf.cast(self._logits > 0, self._dtype)


tfp.distributions.OneHotCategorical = MostLikelyClass
tfp.distributions.Bernoulli = MostLikelyBit
tfp.distributions.Categorical = MostLikelyIndex


def certainty(config_name, logits, output_depth):
    """How far each decoding step was from another answer `[B, T]`, where known."""
    if "nade" in config_name or logits is None:
        return None
    if "groovae" in config_name:
        return np.abs(logits[..., : output_depth // 3]).min(-1)
    parts = [90, 90, 512] if "trio" in config_name else [output_depth]
    gaps = []
    for part in np.split(logits, np.cumsum(parts)[:-1], axis=-1):
        best = np.partition(part, -2, axis=-1)[..., -2:]
        gaps.append(best[..., 1] - best[..., 0])
    return np.min(gaps, axis=0)


def sequence_of(path):
    """NoteSequence of a .mid, .xml/.mxl or serialized-proto .pb file."""
    kind = os.path.splitext(path)[1].lower()
    if kind in (".xml", ".mxl"):
        return note_seq.musicxml_file_to_sequence_proto(path)
    if kind == ".pb":
        with open(path, "rb") as file:
            return note_seq.NoteSequence.FromString(file.read())
    return note_seq.midi_file_to_note_sequence(path)


def dense(array):
    """Magenta hands out bool one-hots: keep them small on disk."""
    array = np.asarray(array)
    return array.astype(np.uint8) if array.dtype == bool else array.astype(np.float32)


def tensors(args):
    """Per file and mode: inputs, outputs, controls, lengths, decoded notes."""
    converter = copy.deepcopy(configs.CONFIG_MAP[args.config].data_converter)
    converter.max_tensors_per_notesequence = None  # all windows, no random choice
    found, names = {}, []
    for mode in args.modes:
        converter.set_mode(mode)
        for path in args.midi:
            np.random.seed(0)
            try:
                got = converter.to_tensors(sequence_of(path))
            except Exception as error:  # recorded: the project must refuse it too
                found["%s|%s|error" % (mode, os.path.basename(path))] = np.array(
                    type(error).__name__
                )
                continue
            names.append(os.path.basename(path))
            key = "%s|%s|" % (mode, os.path.basename(path))
            found[key + "count"] = np.array(len(got.inputs))
            for i, parts in enumerate(zip(got.inputs, got.outputs, got.controls, got.lengths)):
                for name, part in zip(("inputs", "outputs", "controls", "length"), parts):
                    part = np.asarray(part)
                    found["%s%d|%s" % (key, i, name)] = part if name == "length" else dense(part)
            outputs = [np.asarray(o) for o in got.outputs]
            controls = [np.asarray(c) for c in got.controls]
            if not outputs:
                continue
            back = converter.from_tensors(outputs, controls if converter.control_depth else None)
            for i, sequence in enumerate(back):
                found["%s%d|notes" % (key, i)] = np.array(
                    [
                        (
                            n.pitch,
                            n.velocity,
                            n.start_time,
                            n.end_time,
                            n.instrument,
                            n.program,
                            n.is_drum,
                        )
                        for n in sequence.notes
                    ],
                    np.float64,
                ).reshape(-1, 7)
    np.savez_compressed(args.out, **found)
    print(args.config, "files with an answer:", len(set(names)), "arrays:", len(found))


def batch_from(args, config, size):
    """`size` real examples from an npz that `tensors` wrote."""
    stored = np.load(args.tensors)
    heads = sorted(
        {
            k.rsplit("|", 1)[0]
            for k in stored
            if k.endswith("|inputs") and k.startswith(args.mode + "|")
        }
    )
    if not heads:
        raise SystemExit("no %s examples in %s" % (args.mode, args.tensors))
    heads = [heads[int(i)] for i in np.linspace(0, len(heads) - 1, size)]
    length = config.hparams.max_seq_len

    def pad(a):
        a = a[:length].astype(np.float32)
        return np.pad(a, [(0, length - len(a)), (0, 0)])

    return {
        "inputs": np.stack([pad(stored[h + "|inputs"]) for h in heads]),
        "outputs": np.stack([pad(stored[h + "|outputs"]) for h in heads]),
        "controls": np.stack([pad(stored[h + "|controls"]) for h in heads]),
        "lengths": np.stack([stored[h + "|length"] for h in heads]).astype(np.int32),
    }


def model(args):
    config = copy.deepcopy(configs.CONFIG_MAP[args.config])
    h = config.hparams
    h.batch_size = args.batch
    h.enc_rnn_size = [12] * len(h.enc_rnn_size)
    h.dec_rnn_size = [10] * len(h.dec_rnn_size)
    h.z_size = 6
    h.dropout_keep_prob = 1.0
    h.sampling_schedule, h.sampling_rate = "constant", 0.0
    if "nade_num_hidden" in h.values():
        h.nade_num_hidden = 7
    h.free_bits = 2.0
    h.beta_rate = 0.5
    batch = batch_from(args, config, args.batch)
    converter = config.data_converter
    has_controls = converter.control_depth > 0

    rng = np.random.RandomState(args.seed)
    eps = rng.normal(size=(args.batch, h.z_size)).astype(np.float32)
    normal = tfp.distributions.MultivariateNormalDiag
    normal.sample = lambda self, *a, **k: self.loc + self.scale.diag * eps

    def feedable():
        return {
            "inputs": tf.constant(batch["inputs"]),
            "outputs": tf.constant(batch["outputs"]),
            "controls": tf.constant(batch["controls"]) if has_controls else None,
            "lengths": tf.constant(batch["lengths"]),
        }

    def build(training):
        net = copy.deepcopy(configs.CONFIG_MAP[args.config]).model
        net.build(copy.deepcopy(h), converter.output_depth, is_training=training)
        return net

    answers = dict(batch, eps=eps)
    with tf.Graph().as_default(), tf.Session() as session:
        net, data = build(False), feedable()
        posterior = net.encode(data["inputs"], data["lengths"], data["controls"])
        mu, sigma, z = posterior.loc, posterior.scale.diag, posterior.sample()
        previous = tf.pad(data["outputs"][:, :-1], [(0, 0), (1, 0), (0, 0)])
        with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
            r_loss = net.decoder.reconstruction_loss(
                previous, data["outputs"], data["lengths"], z, data["controls"]
            )[0]
            kl = tfp.distributions.kl_divergence(
                posterior, normal(loc=[0.0] * h.z_size, scale_diag=[1.0] * h.z_size)
            )
            ask = {"mu": mu, "sigma": sigma, "z": z, "r_loss": r_loss, "kl_nats": kl}
            kwargs = {"temperature": None if "nade" in args.config else 1.0}
            if converter.end_token and not has_controls:  # with both, Magenta fails
                kwargs["end_fn"] = converter.end_token  # it takes the token here
            ask["decoded"], results = net.decoder.sample(
                args.batch,
                max_length=h.max_seq_len,
                z=z,
                c_input=data["controls"][0] if has_controls else None,
                **kwargs,
            )
            if not ("hier" in args.config and "trio" in args.config):  # Magenta asserts there
                ask["logits"] = results.rnn_output
        weights = {}
        for variable in tf.trainable_variables():
            shape = variable.shape.as_list()
            scale = args.gain / np.sqrt(shape[0]) if len(shape) > 1 else 0.5
            weights[variable.op.name] = rng.normal(0, scale, shape).astype(np.float32)
        session.run(tf.global_variables_initializer())
        for variable in tf.trainable_variables():
            variable.load(weights[variable.op.name], session)
        answers.update(session.run(ask))
        gap = certainty(args.config, answers.pop("logits", None), converter.output_depth)
        if gap is not None:
            answers["decoded_gap"] = gap.astype(np.float32)
        tf.train.Saver().save(
            session, os.path.join(args.out, args.config + ".ckpt"), write_meta_graph=False
        )

    # A short training run from the same weights: loss, gradient norm, weights.
    with tf.Graph().as_default(), tf.Session() as session:
        net, data = build(True), feedable()
        optimizer = net.train(data["inputs"], data["outputs"], data["lengths"], data["controls"])
        grads, variables = zip(*optimizer.compute_gradients(net.loss))
        norm = tf.global_norm(grads)
        clipped = tf.clip_by_global_norm(grads, h.grad_clip, use_norm=norm)[0]
        step = optimizer.apply_gradients(list(zip(clipped, variables)), global_step=net.global_step)
        session.run(tf.global_variables_initializer())
        for variable in variables:
            variable.load(weights[variable.op.name], session)
        net.global_step.load(START_STEP, session)
        first = session.run(grads)
        for variable, grad in zip(variables, first):
            answers["gradient|" + variable.op.name] = (
                grad if isinstance(grad, np.ndarray) else np.asarray(grad)
            )
        losses, norms = [], []
        for _ in range(STEPS):
            loss, size, _ = session.run([net.loss, norm, step])
            losses.append(loss)
            norms.append(size)
        answers["train_losses"] = np.array(losses)
        answers["train_gradient_norms"] = np.array(norms)
        for variable in variables:
            answers["after|" + variable.op.name] = session.run(variable)
    for key in (
        "free_bits",
        "beta_rate",
        "max_beta",
        "learning_rate",
        "decay_rate",
        "min_learning_rate",
        "grad_clip",
        "z_size",
        "enc_rnn_size",
        "dec_rnn_size",
        "max_seq_len",
    ):
        answers["hparam|" + key] = np.array(getattr(h, key))
    answers["hparam|start_step"] = np.array(START_STEP)
    for key in ("inputs", "outputs", "controls", "decoded"):
        if np.array_equal(answers[key], answers[key].astype(np.uint8)):
            answers[key] = answers[key].astype(np.uint8)
    np.savez_compressed(os.path.join(args.out, args.config + ".npz"), **answers)
    rows = answers["decoded"].reshape(args.batch, -1)
    print(
        args.config,
        "variables:",
        len(weights),
        "kl:",
        answers["kl_nats"].round(1),
        "losses:",
        losses,
        "different decoded rows:",
        len(np.unique(rows, axis=0)),
    )


def load(args):
    """What the models of checkpoints make of given inputs, lengths, controls and z."""
    with open(args.jobs) as file:
        jobs = json.load(file)
    for job in jobs:
        print("Magenta opens %s" % job["checkpoint"], flush=True)
        answers = answers_of(job["config"], job["hparams"], job["checkpoint"], job["given"])
        np.savez_compressed(job["out"], **answers)


def answers_of(name, hparams, checkpoint, given):
    config = copy.deepcopy(configs.CONFIG_MAP[name])
    config.hparams.parse(hparams)
    converter, kwargs = config.data_converter, {}
    if converter.end_token and not converter.control_depth:  # as in `model`
        kwargs["end_fn"] = converter.end_token
    given = {key: value.astype(np.float32) for key, value in np.load(given).items()}
    trained = TrainedModel(config, len(given["z"]), checkpoint, **kwargs)
    lengths = list(given["lengths"].astype(np.int32))
    _, mu, sigma = trained.encode_tensors(list(given["inputs"]), lengths, list(given["controls"]))
    asked = {"z": given["z"], "length": config.hparams.max_seq_len}
    if converter.control_depth:
        asked["c_input"] = given["controls"][0]
    answers = {"mu": mu, "sigma": sigma, "decoded": trained.decode_to_tensors(**asked)}
    if not ("hier" in name and "trio" in name):  # Magenta has no results there
        logits = trained.decode_to_tensors(return_full_results=True, **asked)[1]
        gap = certainty(name, logits, converter.output_depth)
        if gap is not None:
            answers["decoded_gap"] = gap
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("tensors")
    one.add_argument("--config", required=True)
    one.add_argument("--modes", nargs="+", default=["eval", "infer"])
    one.add_argument("--out", required=True)
    one.add_argument("midi", nargs="+")
    two = commands.add_parser("model")
    two.add_argument("--config", required=True)
    two.add_argument("--tensors", required=True, help="npz written by `tensors`")
    two.add_argument("--mode", default="eval")
    two.add_argument("--batch", type=int, default=4)
    two.add_argument("--seed", type=int, default=0)
    two.add_argument("--gain", type=float, default=2.5)
    two.add_argument("--out", required=True, help="folder")
    three = commands.add_parser("load")
    three.add_argument("--jobs", required=True, help="JSON list of config, hparams, files")
    args = parser.parse_args()
    {"tensors": tensors, "model": model, "load": load}[args.command](args)


if __name__ == "__main__":
    main()
