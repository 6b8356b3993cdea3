"""The API as schemathesis tries it: whatever is sent, nothing breaks, and answers are as told."""

import importlib.util
import subprocess
import sys

import pytest

from tests.studio_server import client  # noqa: F401 - a fixture

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
)  # fmt: skip
REASON = "needs schemathesis (pip install schemathesis)"


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("schemathesis"), reason=REASON)
def test_nothing_that_schemathesis_sends_breaks_it(client):  # noqa: F811
    client.run("generate")
    address = f"http://127.0.0.1:{client.port}/api/openapi.json"
    flags = ["--max-examples=8", f"--checks={','.join(CHECKS)}", "--generation-deterministic"]
    flags += ["--exclude-path=/api/events", "--exclude-path=/api/tools/compose"]  # take long
    command = [sys.executable, "-m", "schemathesis.cli", "run", address, *flags]
    done = subprocess.run([*command, "--suppress-health-check=all"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
