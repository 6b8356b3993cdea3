"""A stand-in for TensorFlow Serving: a SavedModel in a TF1 session behind its gRPC and REST APIs.

Formats, codes and texts are those of tensorflow/serving (http_rest_api_handler, json_tensor,
predict_util, batching_session). `python -m tests.serving_standin FOLDER NAME` serves until stopped;
the folder is a version's, or that of a model's versions, of which the latest is taken.
"""

import collections
import contextlib
import json
import re
import socket
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_log_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc as service

from lofi_tf.data.storage.tfrecord import read_records
from lofi_tf.saving.export import WARMUP
from lofi_tf.saving.hub import export_in
from tests import serving_json
from tests.serving_json import Fault

HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
PATH = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?(:predict|/metadata)?", re.IGNORECASE
)
VERSION = 1


class Drop(Exception):
    """Makes the REST server break off in the middle of an answer."""


class Servable:
    """A loaded and warmed SavedModel.

    Attributes:
        merge: 0 where each request runs by itself; otherwise so many of a signature run as one
            batch, by the rules of `--enable_batching`.
    """

    def __init__(self, folder, merge=0):
        self.merge, graph = merge, tf.Graph()
        with graph.as_default():
            self.session = tf.compat.v1.Session(graph=graph)
            meta = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
        self.signatures = dict(meta.signature_def)
        self._lock, self._waiting = threading.Lock(), collections.defaultdict(list)
        for record in read_records(Path(folder) / "assets.extra" / WARMUP):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            self.answer(request)  # a model whose warm-up fails is not served

    def answer(self, request):
        """Returns the outputs that a PredictRequest asks for."""
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures:
            code = grpc.StatusCode.FAILED_PRECONDITION
            raise Fault(f'Serving signature key "{name}" not found.', code)
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        return self.predict(name, inputs, request.output_filter)

    def predict(self, name, inputs, wanted=()):
        """Returns the outputs of a signature by name."""
        signature = self.signatures[name]
        if set(inputs) != set(signature.inputs):
            raise Fault(
                f"input size does not match signature: {len(inputs)}!={len(signature.inputs)} "
                f"len({{{','.join(sorted(inputs))}}}) != len({{{','.join(signature.inputs)}}})."
            )
        outputs = list(wanted) or list(signature.outputs)
        for output in outputs:
            if output not in signature.outputs:
                raise Fault(f"output tensor alias not found in signature: {output}")
        if not self.merge or wanted:  # other outputs than the signature's bypass the batches
            return self._run(signature, inputs, outputs)
        return self._merged(name, signature, inputs, outputs)

    def _run(self, signature, inputs, outputs):
        # As C++ feeds them: Session.run would check shapes first, and TensorFlow Serving does not.
        options = config_pb2.CallableOptions()
        options.feed.extend(signature.inputs[name].name for name in inputs)
        options.fetch.extend(signature.outputs[name].name for name in outputs)
        try:
            found = self.session._make_callable_from_options(options)(*inputs.values())
        except tf.errors.InvalidArgumentError as error:
            raise Fault(error.message) from error
        return dict(zip(outputs, found, strict=True))

    def _merged(self, name, signature, inputs, outputs):
        sizes = {len(value) if value.ndim else None for value in inputs.values()}
        if None in sizes:
            raise Fault("Batching Run() input tensors must have at least one dimension")
        if len(sizes) > 1:
            raise Fault("Batching Run() input tensors must have equal 0th-dimension size")
        answer = futures.Future()
        with self._lock:
            waiting = self._waiting[name]
            waiting.append((inputs, answer))
            batch = self._waiting.pop(name) if len(waiting) == self.merge else []
        if batch:
            self._run_batch(signature, batch, outputs)
        return answer.result(timeout=30)

    def _run_batch(self, signature, batch, outputs):
        joined = {n: np.concatenate([inputs[n] for inputs, _ in batch]) for n in signature.inputs}
        found = self._run(signature, joined, outputs)
        ends = np.cumsum([len(next(iter(inputs.values()))) for inputs, _ in batch])[:-1]
        parts = {n: np.split(value, ends) for n, value in found.items()}
        for number, (_, answer) in enumerate(batch):
            answer.set_result({n: part[number] for n, part in parts.items()})


class Server:
    """A server of one model; use it in `with`.

    Attributes:
        troubles: functions called with the request's signature, one for each request to come; they
            may wait, raise `Fault` or `Drop`, or stop the server.
        asked: signatures of the requests that came.
    """

    def __init__(self, servable, name, labels=(), grpc_port=0):
        self.servable, self.name, self.labels = servable, name, set(labels)
        self.troubles, self.asked = collections.deque(), []
        self.rest = _Http(("127.0.0.1", 0), _handler(self))
        lifted = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.grpc = grpc.server(futures.ThreadPoolExecutor(8), options=lifted)
        service.add_PredictionServiceServicer_to_server(_Service(self), self.grpc)
        self.grpc_port = self.grpc.add_insecure_port(f"127.0.0.1:{grpc_port}")

    def __enter__(self):
        threading.Thread(target=self.rest.serve_forever, args=[0.01], daemon=True).start()
        self.grpc.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.rest.shutdown()
        self.rest.server_close()
        self.grpc.stop(None).wait()

    def die(self):
        """Ends the server in the middle of a request; to be called by a trouble."""
        self.rest.shutdown()
        self.rest.server_close()
        self.grpc.stop(None)
        raise Drop

    def address(self, scheme, name=None, rest=""):
        name = self.name if name is None else name
        if scheme == "grpc":
            return f"grpc://127.0.0.1:{self.grpc_port}/{name}{rest}"
        return f"http://127.0.0.1:{self.rest.server_address[1]}/v1/models/{name}{rest}"

    def find(self, name, version, label):
        """Returns the servable of a model's name, version and label."""
        if label and label not in self.labels:
            raise Fault(f"Unrecognized servable version label: {label}")
        if name != self.name or version not in (None, VERSION):
            which = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise Fault(f"Servable not found for request: {which}", grpc.StatusCode.NOT_FOUND)
        return self.servable

    def trouble(self, signature):
        self.asked.append(signature)
        with contextlib.suppress(IndexError):
            self.troubles.popleft()(signature)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a client that went away meanwhile
        pass


class _Service(service.PredictionServiceServicer):
    def __init__(self, server):
        self.server = server

    def Predict(self, request, context):  # noqa: N802
        spec = request.model_spec
        response = predict_pb2.PredictResponse(model_spec=spec)
        with _aborting(context):
            self.server.trouble(spec.signature_name)
            for key, value in self._find(spec).answer(request).items():
                response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
        response.model_spec.version.value = VERSION
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with _aborting(context):
            self.server.trouble("metadata")
            servable = self._find(request.model_spec)
            response.metadata["signature_def"].Pack(_signature_map(servable))
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = VERSION
        return response

    def _find(self, spec):
        version = spec.version.value if spec.HasField("version") else None
        return self.server.find(spec.name, version, spec.version_label)


@contextlib.contextmanager
def _aborting(context):
    try:
        yield
    except Fault as fault:
        context.abort(fault.code, str(fault))


def _signature_map(servable):
    return get_model_metadata_pb2.SignatureDefMap(signature_def=servable.signatures)


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(lambda found: self._predict(found, body), ":predict")

        def do_GET(self):  # noqa: N802
            self._answer(self._about, "/metadata", None)

        def _answer(self, act, *allowed):
            found = PATH.fullmatch(self.path)
            try:
                if found is None or found[4] not in allowed:
                    raise Fault(f"Malformed request: {self.command} {self.path}")
                status, text = 200, act(found)
            except Fault as fault:
                status, text = HTTP[fault.code], json.dumps({"error": str(fault)}, indent=4)
            except Drop:
                status, text = None, '{"outputs": [['
            self._send(status, text.encode())

        def _send(self, status, content):
            self.send_response(status or 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content) + 1000 * (status is None)))
            self.end_headers()
            self.wfile.write(content)
            if status is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

        def _predict(self, found, body):
            request = serving_json.parse(body)
            name = request.get("signature_name", "serving_default")
            server.trouble(name)
            servable = self._servable(found)
            if name not in servable.signatures:
                raise Fault(f'Serving signature name: "{name}" not found in signature def')
            inputs, by_rows = serving_json.inputs_of(request, servable.signatures[name].inputs)
            return serving_json.text_of(servable.predict(name, inputs), by_rows)

        def _about(self, found):
            server.trouble("metadata")
            servable = self._servable(found)
            if found[4] is None:
                state = {"version": str(VERSION), "state": "AVAILABLE"}
                state["status"] = {"error_code": "OK", "error_message": ""}
                return json.dumps({"model_version_status": [state]})
            spec = {"name": found[1], "signature_name": "", "version": str(VERSION)}
            signatures = json_format.MessageToDict(
                _signature_map(servable), preserving_proto_field_name=True
            )
            return json.dumps({"model_spec": spec, "metadata": {"signature_def": signatures}})

        def _servable(self, found):
            return server.find(found[1], found[2] and int(found[2]), found[3])

    return Handler


if __name__ == "__main__":
    if len(sys.argv) != 3 or not (version := export_in(Path(sys.argv[1]))):
        sys.exit("usage: python -m tests.serving_standin FOLDER NAME, of what lofi_export wrote")
    with Server(Servable(version), sys.argv[2]) as running:
        print(running.address("http"), running.address("grpc"), flush=True)
        threading.Event().wait()
