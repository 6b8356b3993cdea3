"""Showing a value in a notebook, once in a cell: when it is made, or as the cell's last value."""

import sys
from typing import Any

_shown: dict[int, list[Any]] = {}  # of the cell that ran last; holding them keeps identities apart


def displayed(value: Any, data: dict[str, str]) -> bool:
    """Shows a value, by MIME type, in the cell that runs, unless it is there; says if it can."""
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return False
    if shell.execution_count not in _shown:
        _shown.clear()
    before = _shown.setdefault(shell.execution_count, [])
    if not any(value is other for other in before):
        before.append(value)
        ipython.display.display(data, raw=True)
    return True
