"""Exports answer as the model does, with TensorFlow alone."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf
import yaml
from tensorflow_serving.apis import prediction_log_pb2

from lofi_tf.backends import open
from lofi_tf.config import config_from_dict, config_names, load_config
from lofi_tf.data.storage.tfrecord import read_records
from lofi_tf.errors import LofiError
from lofi_tf.models import kinds
from lofi_tf.saving import export
from lofi_tf.saving.hub import about, export_in
from lofi_tf.saving.model_card import Facts
from tests.grooves import scrambled_model

# A latent and one decoder; a segment encoder, a conductor and controls.
QUICK = ["groovae_2bar_humanize", "hier-multiperf_vel_1bar_med_chords"]
HUMANIZE = QUICK[0]
OTHERS = [
    name for name in config_names() if name not in QUICK and load_config(name).model.kind == "vae"
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory, groove_export):
    """The export of a config by name, with the model that it was made of."""
    made = {(HUMANIZE, ""): (groove_export, *scrambled_model(HUMANIZE))}
    folder = tmp_path_factory.mktemp("saved_models")

    def of(name: str, hparams: str = ""):
        if (name, hparams) not in made:
            model, config = scrambled_model(name, hparams)
            place = export.place(folder, f"{name}{len(made)}")
            made[name, hparams] = export.export(model, config, place), model, config
        return made[name, hparams]

    return of


@pytest.fixture(scope="module")
def halves(exported, tmp_path_factory):
    """The export at float16 of a config by name, with a model that has the same weights."""
    folder = tmp_path_factory.mktemp("halves")

    def of(name: str, hparams: str = ""):
        model, config = scrambled_model(name, hparams)
        for weight in model.weights:
            if weight.dtype == "float32":
                weight.assign(np.asarray(weight).astype(np.float16).astype(np.float32))
        place = export.place(folder, f"{name}{len(list(folder.iterdir()))}")
        return export.export(model, config, place, Facts(precision="float16")), model, config

    return of


def rows_of(interface, function: str, size: int) -> dict[str, np.ndarray]:
    """Random rows of what a function takes, in the ranges that it takes them in."""
    random, rows = np.random.default_rng(3), {}
    for key, spec in interface.inputs_of(function).items():
        shape = [size if length is None else length for length in spec.shape]
        rows[key] = {
            "length": lambda s: np.full(s, interface.steps),
            "lengths": lambda s: random.integers(1, interface.steps // 8, s),
            "temperature": lambda s: np.full(s, 1.0),
            "seed": lambda s: random.integers(0, 2**31, s),
            "num_outputs": lambda s: np.full(s, 3),
            "steps": lambda s: np.full(s, 4),
            "inputs": lambda s: random.integers(0, 2, s),
            "controls": lambda s: random.integers(0, 2, s),
        }.get(key, lambda s: random.normal(size=s))(shape).astype(spec.dtype.as_numpy_dtype)
    return rows


def answers_of(function, given) -> dict[str, np.ndarray]:
    found = function(**{key: tf.constant(value) for key, value in given.items()})
    return {key: value.numpy() for key, value in found.items()}


def assert_same_answers(folder, model, config):
    interface = kinds.interface_of(model, config)
    loaded = tf.saved_model.load(str(folder))
    assert {*loaded.signatures} == {*interface.functions, "serving_default"}
    for name in set(interface.functions) - {"describe"}:
        given = rows_of(interface, name, 5)
        ours = answers_of(interface.function(name), given)
        theirs = answers_of(loaded.signatures[name], given)
        assert {*ours} == {*theirs}
        for key, value in ours.items():
            assert np.ptp(value) > 0
            np.testing.assert_array_equal(value, theirs[key], err_msg=f"{name} {key}")


@pytest.mark.parametrize("name", QUICK)
def test_export_answers_as_the_model(exported, name):
    assert_same_answers(*exported(name))


def test_export_of_a_decoder_that_looks_back_answers_as_the_model(exported):
    assert_same_answers(*exported(HUMANIZE, "head.kind=groove_mixture,decoder.lookback=[3,8]"))


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_export_answers_as_its_model(exported, name):
    assert_same_answers(*exported(name, hparams_of(name)))


def hparams_of(name: str) -> str:
    # A z of the sound in bands is its frames', of which there are 16.
    return "z_size=16" if name == "multiband_vae" else ""


def test_float16_answers_as_the_model_with_rounded_weights(halves):
    assert_same_answers(*halves(HUMANIZE))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*QUICK[1:], *OTHERS])
def test_every_other_float16_export_answers_so(halves, name):
    assert_same_answers(*halves(name, hparams_of(name)))


@pytest.mark.parametrize(("made", "dtype"), [("exported", "float32"), ("halves", "float16")])
def test_weights_are_stored_as_asked(made, dtype, request):
    folder, model, _ = request.getfixturevalue(made)(HUMANIZE)
    stored = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    found = stored.get_variable_to_dtype_map()
    kinds = [found[name].name for name in found if name.startswith("weights/")]
    assert kinds == [dtype] * len(model.weights)


def test_float16_refuses_what_it_cannot_hold(tmp_path):
    model, config = scrambled_model(HUMANIZE)
    weight = model.trainable_variables[0]
    weight.assign(np.full(weight.shape, 65520.0))  # rounds to infinity: the largest is 65504
    with pytest.raises(LofiError, match="holds values beyond 65504"):
        export.export(model, config, export.place(tmp_path, "x"), Facts(precision="float16"))
    assert list((tmp_path / "x").iterdir()) == []


def test_model_without_a_latent_has_no_encode(exported):
    folder, _, _ = exported("cat-drums_2bar_small", "z_size=0")
    loaded = tf.saved_model.load(str(folder))
    found = {*loaded.signatures}
    assert found == {"decode", "score", "sample", "fill", "describe", "serving_default"}
    given = {"num_outputs": np.int32(3), "temperature": np.float32(1), "seed": np.int64(1)}
    assert answers_of(loaded.signatures["sample"], given)["outputs"].shape[0] == 3


def test_a_row_does_not_depend_on_its_batch(exported):
    folder, model, config = exported(HUMANIZE)
    decode = tf.saved_model.load(str(folder)).signatures["decode"]
    rows = rows_of(kinds.interface_of(model, config), "decode", 37)
    together = answers_of(decode, rows)["outputs"]
    for chosen in ([5], [36, 5, 0], range(36, 4, -1)):
        some = {key: value[list(chosen)] for key, value in rows.items()}
        np.testing.assert_array_equal(
            answers_of(decode, some)["outputs"][..., :9], together[list(chosen)][..., :9]
        )


def test_rows_draw_by_their_own_seed_and_temperature(exported):
    folder, model, config = exported(HUMANIZE)
    decode = tf.saved_model.load(str(folder)).signatures["decode"]
    rows = rows_of(kinds.interface_of(model, config), "decode", 4)
    rows["z"][:] = rows["z"][0]
    rows["seed"][:] = [7, 7, 8, 9]
    first, same, other, _ = answers_of(decode, rows)["outputs"]
    np.testing.assert_array_equal(first, same)
    assert (first[:, :9] != other[:, :9]).any()
    rows["temperature"][:] = 0.0
    likeliest = answers_of(decode, rows)["outputs"]
    assert (likeliest[..., :9] == likeliest[0, :, :9]).all()


def test_outputs_are_zero_after_the_length(exported):
    folder, model, config = exported(HUMANIZE)
    decode = tf.saved_model.load(str(folder)).signatures["decode"]
    rows = rows_of(kinds.interface_of(model, config), "decode", 2)
    whole = answers_of(decode, rows)["outputs"]
    rows["length"][:] = [10, 32]
    cut = answers_of(decode, rows)["outputs"]
    np.testing.assert_array_equal(cut[0, :10], whole[0, :10])
    np.testing.assert_array_equal(cut[1], whole[1])
    assert not cut[0, 10:].any()


def test_sample_is_decode_of_draws_of_the_prior(exported):
    folder, _, config = exported(HUMANIZE)
    backend = open.open_export(folder)
    given = {"num_outputs": np.int32(3), "temperature": np.float32(1), "seed": np.int64(4)}
    found = backend.call("sample", given)
    seeds = 4 * 2**32 + np.arange(3)
    outputs = backend.decode(found["z"], np.ones(3, np.float32), seeds)
    np.testing.assert_array_equal(found["outputs"], outputs)
    assert found["z"].shape == (3, config.model.z_size)


@pytest.mark.parametrize("made", ["exported", "halves"])
def test_version_one_session_takes_it(made, request):
    folder, model, config = request.getfixturevalue(made)(HUMANIZE)
    interface = kinds.interface_of(model, config)
    rows = rows_of(interface, "decode", 2)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        signature = loaded.signature_def["serving_default"]
        fed = {signature.inputs[key].name: value for key, value in rows.items()}
        found = session.run(signature.outputs["outputs"].name, fed)
    np.testing.assert_array_equal(found, answers_of(interface.function("decode"), rows)["outputs"])


@pytest.mark.slow
def test_it_runs_where_there_is_only_tensorflow(exported):
    folder, model, config = exported(HUMANIZE)
    code = """
        import sys
        for name in ("lofi_tf", "tensorflow_probability", "tf_keras", "note_seq"):
            sys.modules[name] = None
        import json, tensorflow as tf
        model = tf.saved_model.load(sys.argv[1])
        found = model.signatures["sample"](
            num_outputs=tf.constant(2), temperature=tf.constant(1.0), seed=tf.constant(9, tf.int64)
        )
        print(json.dumps(found["outputs"].numpy().tolist()))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    given = {"num_outputs": np.int32(2), "temperature": np.float32(1), "seed": np.int64(9)}
    ours = answers_of(kinds.interface_of(model, config).function("sample"), given)["outputs"]
    np.testing.assert_allclose(json.loads(shown.splitlines()[-1]), ours, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_saved_model_cli_runs_it(exported, tmp_path):
    folder, model, config = exported(HUMANIZE)
    given = {"num_outputs": np.int32(2), "temperature": np.float32(1), "seed": np.int64(9)}
    for key, value in given.items():
        np.save(tmp_path / f"{key}.npy", value)
    command = [
        sys.executable, "-c",
        "import sys; from tensorflow.python.tools.saved_model_cli import main; sys.exit(main())",
        "run", "--dir", str(folder), "--tag_set", "serve", "--signature_def", "sample",
        "--inputs", ";".join(f"{key}={tmp_path / key}.npy" for key in given),
        "--outdir", str(tmp_path),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    ours = answers_of(kinds.interface_of(model, config).function("sample"), given)
    np.testing.assert_array_equal(np.load(tmp_path / "outputs.npy"), ours["outputs"])


def test_it_knows_its_config(exported):
    folder, _, config = exported(HUMANIZE)
    backend = open.open_backend(folder)
    assert backend.config == config
    described = backend.call("describe", {"rows": np.zeros(2, np.int32)})["config_yaml"]
    assert config_from_dict(yaml.safe_load(described[1].decode())) == config


def test_every_warm_up_request_is_answered(exported):
    folder, _, _ = exported(HUMANIZE)
    loaded = tf.saved_model.load(str(folder))
    asked = set()
    for record in read_records(folder / "assets.extra" / "tf_serving_warmup_requests"):
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        given = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        assert answers_of(loaded.signatures[request.model_spec.signature_name], given)
        asked.add(request.model_spec.signature_name)
    assert asked == {"encode", "decode", "score", "play_hits", "fill", "describe"}


def test_the_card_says_what_it_is_and_how_to_call_it(exported):
    folder, _, _ = exported(HUMANIZE)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "`z` float32 [B, 4]" in card
    assert "`hits` float32 [B, 32, 9] | `outputs` float32 [B, 32, 27] |" in card  # 3 a drum
    assert card.splitlines()[2] == "velocities and timing for plain hits, 2 bars."
    assert "not stated" in card
    assert "lofi_generate --model=" in card


def test_it_says_what_it_is_to_programs_and_versions_count_on(exported, tmp_path):
    _, model, config = exported(HUMANIZE)
    facts = Facts(step=9, data="Groove MIDI Dataset: CC BY 4.0", licence="Apache-2.0", summary="A.")
    found = about(export.export(model, config, export.place(tmp_path, "beat"), facts))
    assert (found.config, found.summary, found.precision) == (HUMANIZE, "A", "float32")
    assert (found.data, found.licence) == ("Groove MIDI Dataset: CC BY 4.0", "Apache-2.0")
    assert found.size == sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
    second = export.export(model, config, export.place(tmp_path, "beat"))
    assert second == export_in(tmp_path / "beat") == tmp_path / "beat" / "2"
    with pytest.raises(LofiError, match="none for 3"):
        export.place(tmp_path, "beat", 2)


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ""])
def test_names_lead_nowhere_else(name, tmp_path):
    with pytest.raises(LofiError, match="name of a folder"):
        export.place(tmp_path, name)


def test_an_export_that_fails_leaves_nothing(exported, tmp_path, monkeypatch):
    _, model, config = exported(HUMANIZE)
    monkeypatch.setattr(export, "model_card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export.export(model, config, export.place(tmp_path, "beat"))
    assert list((tmp_path / "beat").iterdir()) == []


def test_folders_of_others_are_refused(tmp_path):
    with pytest.raises(LofiError, match="no such folder, nor a model .*nothere"):
        open.open_backend(tmp_path / "nothere")
    with pytest.raises(LofiError, match="holds no run of lofi_train, nor an export"):
        open.open_backend(tmp_path)
    with pytest.raises(LofiError, match="no such folder, nor a model .*model.ckpt-1"):
        open.open_backend(tmp_path / "nothere" / "model.ckpt-1")
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    with pytest.raises(LofiError, match="not written by lofi_export"):
        open.open_backend(tmp_path)
