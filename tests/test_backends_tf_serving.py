"""A served model answers as the model here does, or one line says why it does not."""

import copy
import json
import re
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from lofi_tf import generation
from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import backend_of_model, open_backend
from lofi_tf.backends.tf_serving import open_server
from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.saving.export import export, place
from tests import serving_json
from tests.grooves import groove_records, scrambled_model
from tests.processor import HAS_AVX512
from tests.serving_json import Fault
from tests.serving_standin import Drop, Servable, Server

MODEL_SERVER = "tensorflow_model_server"
NAME = "grooves"
PAGE = Path(__file__).parent.parent / "docs" / "serving.md"
SCHEMES = ["http", "grpc"]


def exported(config: str, folder) -> tuple[Backend, Path]:
    """Returns a small model as a backend of this process, and its export."""
    model, config = scrambled_model(config)
    return backend_of_model(model, config), export(model, config, place(folder, NAME))


@pytest.fixture(scope="module")
def here_and_folder(tmp_path_factory):
    return exported("groovae_2bar_humanize", tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def local(here_and_folder):
    return here_and_folder[0]


@pytest.fixture(scope="module")
def folder(here_and_folder):
    return here_and_folder[1]


@pytest.fixture(scope="module")
def servable(folder):
    return Servable(folder)


@pytest.fixture
def server(servable, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(copy.copy(servable), NAME, labels=["stable"]) as running:
        yield running


@pytest.fixture(params=SCHEMES)
def scheme(request):
    return request.param


@pytest.fixture
def remote(server, scheme):
    return opened(server.address(scheme))


@pytest.fixture(scope="module")
def model_server(folder):
    """Yields the ports of TensorFlow Serving itself, where it is installed."""
    if not shutil.which(MODEL_SERVER):
        pytest.skip(f"{MODEL_SERVER} is not on PATH")
    ports = {scheme: free_port() for scheme in SCHEMES}
    command = [MODEL_SERVER, f"--port={ports['grpc']}", f"--rest_api_port={ports['http']}"]
    command += [f"--model_name={NAME}", f"--model_base_path={folder.parent}"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    opened(f"http://127.0.0.1:{ports['http']}/v1/models/{NAME}", tries=12, first_wait=0.1)
    yield ports
    running.kill()
    running.wait()


@pytest.fixture(params=["standin", MODEL_SERVER])
def served(request, server, scheme):
    """Returns the model behind the stand-in, and behind TensorFlow Serving where there is one."""
    if request.param == "standin":
        return opened(server.address(scheme))
    port = request.getfixturevalue("model_server")[scheme]
    path = NAME if scheme == "grpc" else f"v1/models/{NAME}"
    return opened(f"{scheme}://127.0.0.1:{port}/{path}")


def opened(address, timeout=20.0, tries=3, first_wait=0.001) -> Backend:
    return open_server(address, timeout, tries, first_wait)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def bytes_of(pieces) -> list[bytes]:
    return [piece.SerializeToString() for piece in pieces]


def rows(backend, first, count):
    """Returns the arguments of `decode` for rows that differ by their numbers."""
    seeds = generation.row_seeds(first, count)
    z = generation.prior(seeds, backend.config.model.z_size)
    return z, np.linspace(0.1, 1.0, count, dtype=np.float32), seeds


def excerpt(backend, number=0):
    return generation.excerpts_of(backend, NoteSequence.FromString(groove_records()[number]))


def fails(*faults):
    """Returns troubles: each of the next requests fails with one of the codes or errors."""

    def trouble(fault):
        def fail(_):
            raise fault if isinstance(fault, Exception) else Fault("try again later", fault)

        return fail

    return [trouble(fault) for fault in faults]


def test_served_model_makes_the_pieces_of_the_model_here(local, served):
    how = GenerationConfig(temperature=1.0, seed=7)
    here = bytes_of(generation.sample(local, 5, how))
    assert bytes_of(generation.sample(served, 5, how)) == here
    assert len(set(here)) == 5
    ends = [excerpt(local, number) for number in (0, 5)]
    here = bytes_of(generation.interpolate(local, *ends, 3, how))
    assert bytes_of(generation.interpolate(served, *ends, 3, how)) == here


def test_served_model_encodes_exactly_as_here(local, served):
    given = excerpt(local)
    here, there = (b.encode(given.inputs, given.lengths) for b in (local, served))
    np.testing.assert_array_equal(here, there)
    assert {array.dtype for array in there} == {np.dtype(np.float32)}


def test_served_model_knows_its_config(local, served):
    assert served.config == local.config


def test_functions_that_draw_answer_as_here(local, served):
    given = {"num_outputs": 3, "temperature": 0.7, "seed": 5}
    found = served.call("sample", given)
    seeds = generation.row_seeds(5, 3)
    z = generation.prior(seeds, local.config.model.z_size)
    np.testing.assert_array_equal(found["z"], z)
    here = local.decode(z, np.full(3, 0.7, np.float32), seeds)
    np.testing.assert_array_equal(found["outputs"], here)
    way = {"start": z[0], "end": z[1], "steps": 4, "temperature": 0.0, "seed": 5}
    assert served.call("interpolate", way)["z"].shape == (4, local.config.model.z_size)


def assert_same(found, wanted):
    """To the last bit where products of any number of rows round alike: not with AVX2 alone."""
    if HAS_AVX512:
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6)


def test_strangers_in_the_batch_change_nothing(local, server, remote):
    server.servable.merge = 3
    wanted = rows(local, 0, 3)
    with ThreadPoolExecutor(3) as clients:
        asked = [wanted, rows(local, 100, 7), rows(local, 200, 12)]
        found = list(clients.map(lambda given: remote.decode(*given), asked))
    assert_same(found[0], local.decode(*wanted))
    assert_same(found[2], local.decode(*asked[2]))


def test_batching_servers_can_warm_it_up(local, folder):
    given = rows(local, 0, 2)
    with Server(Servable(folder, merge=1), NAME) as server:
        found = opened(server.address("grpc")).decode(*given)
    np.testing.assert_array_equal(found, local.decode(*given))


def test_batching_servers_refuse_functions_of_scalars(server, remote):
    server.servable.merge = 2
    with pytest.raises(LofiError, match="refused sample: .*at least one dimension"):
        remote.call("sample", {"num_outputs": 3, "temperature": 0.7, "seed": 5})


def test_controls_are_served(tmp_path):
    local, folder = exported("groovae_2bar_hits_control_tfds", tmp_path)
    controls = excerpt(local).controls[0]
    with Server(Servable(folder), NAME) as server:
        backends = local, *(opened(server.address(scheme)) for scheme in SCHEMES)
        here, *there = (
            bytes_of(generation.sample(backend, 2, GenerationConfig(seed=1), controls))
            for backend in backends
        )
    assert there == [here, here]


def test_open_backend_takes_addresses(server, local, scheme):
    assert open_backend(server.address(scheme)).config == local.config


@pytest.mark.parametrize("rest", ["/versions/1", "/labels/stable"])
def test_versions_and_labels_are_found(server, local, scheme, rest):
    assert opened(server.address(scheme, rest=rest)).config == local.config


@pytest.mark.parametrize(
    ("name", "rest", "words"),
    [
        ("other", "", r"there is no model 'other' at .*Servable not found .*Latest\(other\)"),
        (NAME, "/versions/7", r"there is no model .*Specific\(grooves, 7\)"),
        (NAME, "/labels/new", "Unrecognized servable version label: new"),
    ],
)
def test_unknown_model_or_version_is_said_at_once(server, scheme, name, rest, words):
    with pytest.raises(LofiError, match=words):
        opened(server.address(scheme, name, rest))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://host:8501",
        "http://host:8501/v1/models/",
        "http://host:8501/models/name",
        "http://host:8501/v1/models/name:predict",
        "http://host:8501/v1/models/name/versions/latest",
        "http://me:secret@host:8501/v1/models/name",
        "grpc://host/name",
        "grpc://host:8500",
        "grpc://host:8500/v1/models/name",
    ],
)
def test_malformed_address_says_what_is_allowed(address):
    with pytest.raises(LofiError, match=r"http\(s\)://host:port/v1/models/name or grpc://host:"):
        open_server(address)


def test_model_of_another_make_is_told(server, scheme):
    server.servable.signatures = {"serving_default": server.servable.signatures["decode"]}
    with pytest.raises(LofiError, match="lofi_export did not write: .*'describe'"):
        opened(server.address(scheme))


@pytest.mark.parametrize("text", [b"[1, 2", b"what", b"\xff", b"beats: 4"])
def test_description_that_is_no_config_is_told(server, text):
    server.servable.predict = lambda *_: {"config_yaml": np.array([text], object)}
    with pytest.raises(LofiError, match="grooves"):
        opened(server.address("grpc"))


def test_missing_signature_is_named(local, server, remote):
    signatures = server.servable.signatures
    server.servable.signatures = {"describe": signatures["describe"]}
    with pytest.raises(LofiError, match="has no signature 'decode'"):
        remote.decode(*rows(local, 0, 2))
    assert server.asked == ["metadata", "describe", "decode"]


@pytest.mark.parametrize("wrong", ["twice as wide", "one number wider", "fewer temperatures"])
def test_wrong_shape_is_refused_once(local, server, remote, wrong):
    z, temperature, seeds = rows(local, 0, 3)
    if wrong == "fewer temperatures":
        temperature = temperature[:2]
    else:
        z = np.concatenate([z, z if wrong == "twice as wide" else z[:, :1]], axis=1)
    length = np.full(len(z), 32, np.int32)
    given = {"z": z, "temperature": temperature, "seed": seeds, "length": length}
    with pytest.raises(LofiError, match="refused decode: .*(400|INVALID_ARGUMENT)"):
        remote.call("decode", given)
    assert server.asked == ["metadata", "describe", "decode"]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_busy_server_is_asked_again(local, server, remote, code):
    server.troubles.extend(fails(code, code))
    given = rows(local, 0, 2)
    np.testing.assert_array_equal(remote.decode(*given), local.decode(*given))
    assert server.asked == ["metadata", "describe", "decode", "decode", "decode"]


def test_server_that_stays_busy_is_given_up(local, server, remote):
    server.troubles.extend(fails(*3 * [grpc.StatusCode.UNAVAILABLE]))
    with pytest.raises(LofiError, match=r"grooves .*try again later \(asked 3 times\)"):
        remote.decode(*rows(local, 0, 2))
    assert len(server.asked) == 5


def test_too_many_requests_are_asked_again(local, server):
    remote = opened(server.address("http"))
    server.troubles.extend(fails(grpc.StatusCode.RESOURCE_EXHAUSTED))
    given = rows(local, 0, 2)
    np.testing.assert_array_equal(remote.decode(*given), local.decode(*given))


def test_answer_that_breaks_off_is_asked_for_again(local, server):
    remote = opened(server.address("http"))
    server.troubles.extend(fails(Drop()))
    given = rows(local, 0, 2)
    np.testing.assert_array_equal(remote.decode(*given), local.decode(*given))


def test_server_that_dies_is_said_to_be_away(local, server, remote):
    server.troubles.append(lambda _: server.die())
    with pytest.raises(LofiError, match="grooves cannot be reached: .*asked 3 times"):
        remote.decode(*rows(local, 0, 2))


def test_server_that_came_back_is_found_at_once(server, servable, local):
    before = opened(server.address("grpc"))
    server.stop()
    with pytest.raises(LofiError, match="cannot be reached"):
        before.decode(*rows(local, 0, 1))
    with Server(servable, NAME, grpc_port=server.grpc_port) as again:
        assert open_server(again.address("grpc"), 20.0, tries=1).config == local.config


def test_server_away_is_said_with_its_address(scheme):
    address = f"{scheme}://127.0.0.1:{free_port()}/{'' if scheme == 'grpc' else 'v1/models/'}beats"
    with pytest.raises(LofiError, match=f"{address} cannot be reached: .*refused.*3 times"):
        opened(address)


def test_slow_server_is_given_up(server, scheme):
    over = threading.Event()
    server.troubles.extend([lambda _: over.wait(30)] * 2)
    with pytest.raises(LofiError, match=r"grooves gave no answer in 0\.\d+ s \(asked"):
        opened(server.address(scheme), timeout=0.2)
    over.set()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda outputs: outputs[:1], r"shape \[1, 32, 27\], not \[2, 32, 27\]"),
        (lambda outputs: outputs[:, 0], r"shape \[2, 27\], not \[2, 32, 27\]"),
        (lambda outputs: outputs * np.float32("nan"), "not finite"),
        (lambda outputs: outputs + np.float32("inf"), "not finite"),
    ],
)
def test_unfit_answer_is_refused(local, server, remote, spoil, words):
    right = server.servable.predict
    server.servable.predict = lambda *given: {"outputs": spoil(right(*given)["outputs"])}
    with pytest.raises(LofiError, match=f"grooves answered decode with 'outputs'.* {words}"):
        remote.decode(*rows(local, 0, 2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>Welcome</html>", "does not answer as TensorFlow Serving does, but: <html>"),
        ('{"predictions": [1.0]}', "does not answer as TensorFlow Serving does"),
        ('{"outputs": [[1.0], [1.0, 2.0]]}', "no numbers 'outputs'"),
        ('{"outputs": "none"}', "no numbers 'outputs'"),
    ],
)
def test_answer_that_is_no_tensor_is_refused(local, server, monkeypatch, text, words):
    remote = opened(server.address("http"))
    monkeypatch.setattr(serving_json, "text_of", lambda *_: text)
    with pytest.raises(LofiError, match=words):
        remote.decode(*rows(local, 0, 2))


def test_floats_pass_through_json_unchanged():
    bits = np.random.default_rng(0).integers(0, 2**32, 20000, dtype=np.uint32)
    values = bits.view(np.float32)
    values = np.append(values[np.isfinite(values)], np.float32([0.1, 1.0, 2**24, 1e-45, -0.0]))
    text = serving_json.text_of({"outputs": values}, by_rows=False)
    back = np.asarray(json.loads(text)["outputs"], np.float32)
    np.testing.assert_array_equal(values.view(np.uint32), back.view(np.uint32))


def test_rows_and_columns_are_answered_alike(local, server):
    z, temperature, seeds = (array.tolist() for array in rows(local, 0, 2))
    columns = {"z": z, "temperature": temperature, "seed": seeds, "length": [32, 16]}
    by_row = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    answers = [
        requests.post(
            server.address("http", rest=":predict"),
            json={"signature_name": "decode", **given},
            timeout=20,
        ).json()
        for given in ({"inputs": columns}, {"instances": by_row})
    ]
    assert answers[0]["outputs"] == answers[1]["predictions"]
    assert not np.any(np.array(answers[0]["outputs"])[1, 16:])


def test_requests_of_the_page_are_answered(server):
    page = PAGE.read_text(encoding="utf-8")
    bodies = re.findall(r"-d '(\{[^']*\})' http", page)
    assert len(bodies) == 2
    for body in bodies:
        answer = requests.post(server.address("http", rest=":predict"), body, timeout=20)
        assert answer.status_code == 200, answer.text


def test_python_of_the_page_runs(server):
    page = PAGE.read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        code = code.replace("localhost:8500", f"127.0.0.1:{server.grpc_port}")
        found = {}
        exec(code.replace("groovae_4bar", NAME), found)
        assert len({str(one) for one in found.get("pieces", found.get("outputs"))}) == 5


def test_model_config_of_the_page_is_read():
    (text,) = re.findall(r"```\n(model_config_list.*?)```", PAGE.read_text(), re.DOTALL)
    found = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    first, second = found.model_config_list.config
    assert dict(first.version_labels) == {"stable": 1, "canary": 2}
    assert second.model_version_policy.latest.num_versions == 1
