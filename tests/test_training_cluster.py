"""TF_CONFIG: who trains together, and what is refused."""

import json

import pytest

from lofi_tf.errors import LofiError
from lofi_tf.training.cluster import read_cluster

TWO = {"worker": ["a:1", "b:2"]}


def read(cluster, kind="worker", index=0):
    task = {"type": kind, "index": index}
    return read_cluster({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})})


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "number"),
    [
        (TWO, "worker", 0, 0),
        (TWO, "worker", 1, 1),
        ({"worker": ["b:2"], "chief": ["a:1"]}, "chief", 0, 0),
        ({"worker": ["b:2"], "chief": ["a:1"]}, "worker", 0, 1),
    ],
)
def test_machines_stand_with_the_chief_first(cluster, kind, index, number):
    found = read(cluster, kind, index)
    assert found == (("a:1", "b:2"), number)
    assert found.is_chief == (number == 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "needs TF_CONFIG"),
        ("{", "no JSON"),
        ("[]", "must list the addresses"),
        ('{"cluster": {"worker": []}}', "must list the addresses"),
        ('{"cluster": {"worker": ["a:1"]}}', "task must have a type"),
    ],
)
def test_what_says_no_cluster_is_refused(text, reason):
    with pytest.raises(LofiError, match=reason) as found:
        read_cluster({} if text is None else {"TF_CONFIG": text})
    assert "host1:2222" in str(found.value)


@pytest.mark.parametrize(
    ("cluster", "index", "reason"),
    [
        (TWO, 2, "from 0 to 1. Received: 2"),
        (TWO, True, "Received: True"),
        ({"worker": ["a"]}, 0, "host:port"),
        ({"worker": ["a:0"]}, 0, "host:port"),
        ({"worker": "a:1"}, 0, "host:port"),
        ({"worker": ["a:1", "a:1"]}, 0, "twice"),
        ({"worker": ["a:1"], "ps": ["b:1"]}, 0, "Received: ps"),
        ({"worker": ["a:1"], "chief": ["b:1", "c:1"]}, 0, "one chief. Received: 2"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(cluster, index, reason):
    with pytest.raises(LofiError, match=reason):
        read(cluster, index=index)
