"""What the peers' scripts hand back: removals, a kept witness for each, pinned environments."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dedup_peers import PEERS, SCRIPTS, Peer, check, run, size
from benchmarks.peers.dedup_result import clusters_to_witnesses, shingles

CHECKED = next(peer for peer in PEERS if peer.name == "datasketch-checked")
UNCHECKED = next(peer for peer in PEERS if peer.name == "datasketch")
TEXT = (
    "말모이는 우리말 사전을 엮으려고 모은 낱말의 묶음이고, 주시경과 그 제자들이 원고를 썼다. " * 2
)
DOCUMENTS = {
    "a": TEXT,
    "other": "서울의 오늘 아침 기온은 영상 삼 도이고 낮에는 구름이 많다가 저녁에 눈이 오겠습니다.",
    "a-copy": TEXT,
    "a-near": TEXT.replace("제자들이", "벗들이", 1),
    "short": "네",
    "short-copy": "네",
}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "documents.jsonl"
    lines = (json.dumps({"id": key, "text": text}) for key, text in DOCUMENTS.items())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("peer", [UNCHECKED, CHECKED], ids=lambda peer: peer.name)
def test_a_peer_removes_copies_and_names_the_kept_one(
    peer: Peer, documents: Path, tmp_path: Path
) -> None:
    found = run(Path(sys.executable), peer, documents, tmp_path)
    assert found["witness"] == {"a-copy": "a", "a-near": "a", "short-copy": "short"}
    assert found["removed"] == ["a-copy", "a-near", "short-copy"]
    assert found["version"].startswith("datasketch 2.")
    assert found["cpu_seconds"] > 0
    assert found["peak_mb"] > 10
    assert found == json.loads((tmp_path / f"{peer.name}.json").read_text(encoding="utf-8"))


def test_the_check_keeps_what_the_index_would_remove(documents: Path, tmp_path: Path) -> None:
    strict = Peer("strict", CHECKED.script, {**CHECKED.settings, "jaccard": 0.99})
    found = run(Path(sys.executable), strict, documents, tmp_path)
    assert found["removed"] == ["a-copy", "short-copy"]


@pytest.mark.parametrize(
    "witness", [{"b": "c"}, {"b": "a", "d": "a"}], ids=["witness removed", "of a kept one"]
)
def test_witnesses_that_contradict_the_removals_are_an_error(witness: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="disagree"):
        check({"name": "peer", "removed": ["b", "c"], "witness": witness})


@given(st.dictionaries(st.text(), st.tuples(st.integers(0, 9), st.booleans())))
def test_the_kept_member_of_a_cluster_stands_for_the_others(
    members: dict[str, tuple[int, bool]],
) -> None:
    """At most one of a cluster is kept; clusters of which none is have no witness."""
    leaders = {cluster: key for key, (cluster, may_stay) in members.items() if may_stay}
    kept = set(leaders.values())
    witness = clusters_to_witnesses(((key, c) for key, (c, _) in members.items()), kept)
    expected = {key: leaders.get(c) for key, (c, _) in members.items() if key not in kept}
    assert witness == {key: leader for key, leader in expected.items() if leader is not None}


@given(st.text(), st.integers(1, 8))
def test_shingles_overlap_to_the_whole_text(text: str, length: int) -> None:
    parts = shingles(text, length)
    assert parts[0] + "".join(part[-1] for part in parts[1:]) == text
    assert {len(part) for part in parts} == {min(length, len(text))}


def test_size_counts_bytes_of_text(documents: Path) -> None:
    expected = sum(len(text.encode()) for text in DOCUMENTS.values())
    assert size(documents) == (len(DOCUMENTS), pytest.approx(expected / 1e6))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_settings_are_arguments_of_the_script(peer: Peer) -> None:
    tree = ast.parse((SCRIPTS / f"{peer.script}.py").read_text(encoding="utf-8"))
    remove = next(node for node in ast.walk(tree) if getattr(node, "name", "") == "remove")
    assert isinstance(remove, ast.FunctionDef)
    names = [argument.arg for argument in remove.args.args][1:]
    required = names[: len(names) - len(remove.args.defaults)]
    assert set(required) <= set(peer.settings) <= set(names)


@pytest.mark.parametrize("script", sorted({peer.script for peer in PEERS}))
def test_every_package_of_a_peer_is_pinned(script: str) -> None:
    lines = (SCRIPTS / f"{script}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)
