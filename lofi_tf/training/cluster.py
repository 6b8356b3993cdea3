"""TF_CONFIG: which machines train together, and which of them this one is."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lofi_tf.errors import LofiError

VARIABLE = "TF_CONFIG"
EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_KINDS = ("chief", "worker")


class Cluster(NamedTuple):
    """The machines that train together.

    Attributes:
        addresses: `host:port` of each, the chief first.
        number: the place of this one among them.
    """

    addresses: tuple[str, ...]
    number: int

    @property
    def is_chief(self) -> bool:
        """Whether this machine writes the run folder."""
        return self.number == 0


def read_cluster(environment: Mapping[str, str]) -> Cluster:
    """Returns what TF_CONFIG says, in TensorFlow's own form.

    Args:
        environment: the variables of the process.

    Raises:
        LofiError: TF_CONFIG is not there or does not say it.
    """
    text = environment.get(VARIABLE)
    if not text:
        raise LofiError(f"--strategy=multiworker needs {VARIABLE} in the environment: {EXAMPLE}")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _refused(f"it is no JSON ({error})") from error
    addresses = _addresses(found)
    task = found.get("task")
    if not isinstance(task, dict) or task.get("type") not in addresses:
        raise _refused(f"task must have a type, {' or '.join(addresses)}. Received: {task!r:.80}")
    kind, index = task["type"], task.get("index")
    if type(index) is not int or not 0 <= index < len(addresses[kind]):
        last = len(addresses[kind]) - 1
        raise _refused(f"the index of a {kind} must be from 0 to {last}. Received: {index!r:.80}")
    everyone = tuple(address for kind in addresses for address in addresses[kind])
    if len(set(everyone)) < len(everyone):
        raise _refused(f"an address stands there twice. Received: {', '.join(everyone)}")
    return Cluster(everyone, everyone.index(addresses[kind][index]))


def _addresses(found: Any) -> dict[str, list[str]]:
    """Returns the addresses of each kind of machine, the chief's first."""
    cluster = found.get("cluster") if isinstance(found, dict) else None
    if not isinstance(cluster, dict) or not cluster.get("worker"):
        raise _refused("cluster must list the addresses of each worker")
    others = sorted(cluster.keys() - set(_KINDS))
    if others:
        raise _refused(f"cluster may hold chief and worker. Received: {', '.join(others)}")
    for kind, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(map(_is_address, addresses)):
            raise _refused(f"{kind} must be a list of host:port. Received: {addresses!r:.80}")
    if len(cluster.get("chief", ["one"])) != 1:
        raise _refused(f"there must be one chief. Received: {len(cluster['chief'])}")
    return {kind: cluster[kind] for kind in _KINDS if kind in cluster}


def _is_address(value: Any) -> bool:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


def _refused(reason: str) -> LofiError:
    return LofiError(f"{VARIABLE}: {reason}. Expected, for instance: {EXAMPLE}")
