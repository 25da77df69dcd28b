"""One command at a time on a remote run directory: tickets, dead owners, lost holds."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline import lease, storage
from tokenizer.errors import MalmoiError


@pytest.fixture
def lock(tmp_path: Path) -> str:
    """A lock's place; a disk's listing shows every write before it, as an object store's does."""
    return f"file://{tmp_path}/.locks"


def tickets(lock: str) -> list[Path]:
    return sorted(Path(lock.removeprefix("file://")).glob("*.json"))


def lay_ticket(lock: str, age: float = 0.0, **owner: object) -> Path:
    """A ticket of another machine, `age` seconds old by the store's clock."""
    path = Path(lock.removeprefix("file://"), "other.json")
    path.parent.mkdir(exist_ok=True)
    known = {"machine": "elsewhere/b/n", "process": 7, "begun": "1", "since": "noon"}
    path.write_text(json.dumps({**known, **owner}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_the_second_is_refused_with_a_cure_and_leaves_no_ticket(lock: str) -> None:
    with lease.held(lock):
        mine = tickets(lock)
        told = r"another malmoi command.*wait for it.*\.json is del"
        with pytest.raises(MalmoiError, match=told), lease.held(lock):
            pass
        assert tickets(lock) == mine and len(mine) == 1
    assert not tickets(lock)
    with lease.held(lock):
        pass


def test_a_failure_in_the_block_gives_the_lock_back(lock: str) -> None:
    with pytest.raises(KeyError), lease.held(lock):
        raise KeyError
    assert not tickets(lock)


def test_never_two_at_a_time(lock: str) -> None:
    """Many at once: some get it, some are refused, and no two hold it together."""
    inside, most, held, refused = 0, 0, 0, 0
    count = threading.Lock()
    start = threading.Barrier(8)

    def work() -> None:
        nonlocal inside, most, held, refused
        start.wait()
        for _ in range(15):
            try:
                with lease.held(lock):
                    with count:
                        inside, held = inside + 1, held + 1
                        most = max(most, inside)
                    time.sleep(0.002)
                    with count:
                        inside -= 1
            except MalmoiError:
                refused += 1
                time.sleep(0.003)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and held and refused


def test_a_ticket_of_a_killed_command_of_this_machine_does_not_count(lock: str) -> None:
    code = f"import os\nfrom pipeline import lease\nwith lease.held({lock!r}): os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    left = tickets(lock)
    assert len(left) == 1
    with lease.held(lock):
        assert left[0] not in tickets(lock)


def test_a_process_of_the_same_number_that_began_later_is_another(lock: str) -> None:
    ours = lease.here(os.getpid())
    lay_ticket(lock, **ours)
    with pytest.raises(MalmoiError, match="another malmoi command"), lease.held(lock):
        pass
    lay_ticket(lock, **{**ours, "begun": "12"})
    with lease.held(lock):
        pass


def test_another_machine_is_believed_until_it_is_silent_for_long(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the clock of this machine says: the store's times are compared with each other."""
    day = 86_400
    for jump in (0, day, -day):
        other = lay_ticket(lock, age=lease.EXPIRY / 2)
        with monkeypatch.context() as patch:
            true = time.time
            patch.setattr(time, "time", lambda true=true, jump=jump: true() + jump)
            told = r"process 7 on elsewhere since noon.* 60 s ago"
            with pytest.raises(MalmoiError, match=told), lease.held(lock):
                pass
            assert other.exists()
    other = lay_ticket(lock, age=lease.EXPIRY * 2)
    with lease.held(lock):
        assert not other.exists()


def test_a_ticket_is_renewed_while_its_command_lives(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT", 0.01)
    with lease.held(lock):
        (mine,) = tickets(lock)
        first = mine.stat().st_mtime_ns
        while mine.stat().st_mtime_ns == first:
            time.sleep(0.005)


@pytest.mark.parametrize("cause", ["deleted", "store away"])
def test_who_has_lost_the_lock_is_stopped(
    lock: str, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT", 0.01)
    monkeypatch.setattr(lease, "EXPIRY", 0.5)
    told = r"was lost .*run the same command again"
    with pytest.raises(MalmoiError, match=told), lease.held(lock):
        if cause == "deleted":
            tickets(lock)[0].unlink()
        else:
            monkeypatch.setattr(storage, "exists", away)
        for _ in range(500):
            time.sleep(0.02)
        raise AssertionError("went on without the lock")


def away(uri: str) -> bool:
    raise OSError("no route to host")


def test_ctrl_c_stays_ctrl_c(lock: str) -> None:
    with pytest.raises(KeyboardInterrupt), lease.held(lock):
        raise KeyboardInterrupt
    assert not tickets(lock)
