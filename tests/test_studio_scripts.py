"""The page's scripts that need no page: node's own test runner runs each file of `tests/js`."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lofi_tf.music.drum_classes import DRUM_NAMES, REDUCED

ROOT = Path(__file__).parent.parent
NODE = shutil.which("node")
LEAST = 20  # the first whose test runner is stable
FILES = sorted(Path(__file__).with_name("js").glob("*.test.mjs"))


def missing() -> str | None:
    """What the machine lacks, or None."""
    if not NODE:
        return "needs node, 20 or newer (Debian: the package nodejs)"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout
    major = int(re.match(r"v(\d+)", version)[1])
    return None if major >= LEAST else f"needs node {LEAST} or newer; found {version.strip()}"


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_script_does_what_its_tests_say(path):
    command = [NODE, "--test", "--test-reporter=tap", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^# pass [1-9]", done.stdout, re.M), "no test in it"


def test_the_page_has_the_librarys_drums():
    rows = (ROOT / "lofi_tf/studio/page/js/roll/rows.js").as_uri()
    code = f"import {{ DRUMS }} from {rows!r}; console.log(JSON.stringify(DRUMS))"
    command = [NODE, "--input-type=module", "-e", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    drums = json.loads(done.stdout)
    assert tuple(drum["name"] for drum in drums) == DRUM_NAMES
    assert tuple(tuple(drum["pitches"]) for drum in drums) == REDUCED
