"""`lofi_studio` as a person starts and ends it."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from lofi_tf.cli import studio

COMMAND = (
    "import sys; from lofi_tf.cli.studio import main; code = main(sys.argv[1:]); {}sys.exit(code)"
)
TOLD = "print(sorted({'tensorflow', 'keras', 'note_seq', 'sklearn'} & set(sys.modules))); "


def started(folder, *flags, at_end=""):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(at_end), f"--session={folder}", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def asked(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}
    connection.request(method, path, body and json.dumps(body), headers)
    return json.loads(connection.getresponse().read())


def test_it_says_where_it_is_plays_without_tensorflow_and_ends_in_a_line(tmp_path):
    process = started(tmp_path, "--port=0", "--no_browser", at_end=TOLD)
    line = process.stdout.readline()
    port = int(re.fullmatch(r"lofi_studio is at http://127\.0\.0\.1:(\d+)/ \(.*\)\n", line)[1])
    job = asked(port, "POST", "/api/tools/generate", {"seed": 1})["job"]
    assert asked(port, "GET", f"/api/jobs/{job['id']}?wait=60")["state"] == "done"

    other = started(tmp_path, "--port=0", "--no_browser")
    taken = started(tmp_path / "other", f"--port={port}", "--no_browser")
    for second, words in ((other, "another lofi_studio"), (taken, f"port {port} is taken")):
        out, said = second.communicate(timeout=60)
        assert (second.returncode, out, said.count("\n")) == (2, "", 1) and words in said

    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said) == (130, "[]\n", "stopped\n")


def test_a_port_that_is_none_is_refused(capsys, tmp_path):
    assert studio.main(["--port=70000", f"--session={tmp_path / 'x'}"]) == 2
    assert "--port must be 0 to 65535" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_host_that_is_none_of_this_machine_is_refused(capsys, tmp_path):
    assert studio.main(["--host=no.such.host.invalid", f"--session={tmp_path / 'x'}"]) == 2
    assert "--host is no address of this machine" in capsys.readouterr().err


def test_the_browser_is_opened_unless_it_is_not_wanted(monkeypatch, tmp_path):
    from lofi_tf.studio import server

    opened = []
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    monkeypatch.setattr(
        server, "_beside", lambda work, given: work is not server._warm and work(given)
    )
    monkeypatch.setattr(server.Server, "run", lambda self, sockets: self._ready())
    for flags in (["--no_browser"], []):
        assert studio.main(["--port=0", f"--session={tmp_path}", *flags]) == 0
    (address,) = opened
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(address.split(":")[2][:-1])), 1)
