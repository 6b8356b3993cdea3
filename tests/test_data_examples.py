"""Records to examples in several processes."""

import subprocess
import sys

from lofi_tf.data.storage.examples import PARALLEL_FROM, examples_of_records
from tests.grooves import groove_records

SCRIPT = f"""
from lofi_tf.data.storage.examples import examples_of_records
from tests.grooves import groove_records

print("begun")
records = groove_records()[:1] * {PARALLEL_FROM}
converter = {{"kind": "groove", "split_bars": 2}}
print(len(examples_of_records(records, converter, num_workers=2)))
"""


def test_a_script_needs_no_guard_for_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True)
    one = examples_of_records(groove_records()[:1], {"kind": "groove", "split_bars": 2})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"begun\n{PARALLEL_FROM * len(one)}\n"
