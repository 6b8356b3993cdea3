"""Records to examples in several processes."""

import subprocess
import sys

from lofi_tf.data.storage.examples import PARALLEL_FROM, examples_of_records
from tests.grooves import groove_records

SCRIPT = f"""
import sys
from pathlib import Path

from lofi_tf.data.storage.examples import examples_of_records

print("begun")
records = [Path(sys.argv[1]).read_bytes()] * {PARALLEL_FROM}
converter = {{"kind": "groove", "split_bars": 2}}
print(len(examples_of_records(records, converter, num_workers=2)))
"""


def test_a_script_needs_no_guard_for_its_workers(tmp_path):
    script, record = tmp_path / "script.py", tmp_path / "record"
    script.write_text(SCRIPT)
    record.write_bytes(groove_records()[0])
    ran = subprocess.run([sys.executable, script, record], capture_output=True, text=True)
    one = examples_of_records(groove_records()[:1], {"kind": "groove", "split_bars": 2})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"begun\n{PARALLEL_FROM * len(one)}\n"
