"""Log lines say what, when and where; never a text; and a log that fails ends no run."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import logs
from pipeline.logs import JsonLines, Noted, RunLog, format_workers, now, told
from pipeline.receipts import Task
from tokenizer.errors import MalmoiError

TEXT = "홍길동의 전화는 010-1234-5678"


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def fails(error: Exception) -> Exception:
    secret = TEXT  # noqa: F841  a local variable of a frame
    try:
        raise error
    except Exception as raised:
        return raised


def test_times_are_utc() -> None:
    assert now().endswith("Z")
    assert abs(datetime.fromisoformat(now()) - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_error_is_told_by_type_and_place_its_message_only_if_it_is_ours() -> None:
    ours = told(fails(MalmoiError("clean/part-00001: gone; run it again")))
    assert ours["message"] == "clean/part-00001: gone; run it again"
    other = told(fails(ValueError(TEXT)))
    assert other["error"] == "ValueError" and "message" not in other
    assert other["where"][-1].startswith("pipeline/test_logs.py:") and "fails" in other["where"][-1]
    assert TEXT not in json.dumps([ours, other], ensure_ascii=False)


def test_records_become_lines_with_their_fields() -> None:
    record = logging.makeLogRecord(
        {
            "name": "pipeline.careful",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "left out after %d deaths",
            "args": (2,),
            "step": "clean",
            "unit": "part-00003",
            "document": "blog-17",
            "text": TEXT,
        }
    )
    made = json.loads(JsonLines().format(record))
    assert made.pop("time").endswith("Z")
    assert made == {
        "level": "warning",
        "event": "log",
        "logger": "pipeline.careful",
        "step": "clean",
        "unit": "part-00003",
        "document": "blog-17",
        "message": "left out after 2 deaths",
    }


def test_other_peoples_messages_lose_the_traceback_that_quotes_a_text() -> None:
    error = fails(ValueError(TEXT))
    record = logging.makeLogRecord(
        {
            "name": "apache_beam.runners.worker",
            "levelname": "ERROR",
            "msg": f"Error processing instruction 7. Original traceback is\nValueError: {TEXT}",
            "exc_info": (type(error), error, error.__traceback__),
        }
    )
    made = JsonLines().format(record)
    assert TEXT not in made and json.loads(made)["error"] == "ValueError"
    assert json.loads(made)["message"] == "Error processing instruction 7. Original traceback is"
    assert record.exc_info is None


def test_logging_of_the_process_goes_to_the_log_while_it_is_attached(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = RunLog(str(tmp_path))
    log.attach()
    try:
        log.event("begin", step="clean", units=3, nothing=None)
        logging.getLogger("apache_beam.x").warning("slow")
        logging.getLogger("apache_beam.x").info("chatter")
        logging.getLogger("pipeline.x").info("pass done", extra={"stage": "exact"})
    finally:
        log.detach()
    logging.getLogger("pipeline.x").warning("after")
    lines = lines_of(tmp_path / "logs" / "run.jsonl")
    assert [line.get("message") for line in lines] == [None, "slow", "pass done"]
    assert lines[0]["units"] == 3 and "nothing" not in lines[0] and lines[2]["stage"] == "exact"
    assert "slow" not in capfd.readouterr().err


def test_where_nothing_can_be_appended_to_a_command_has_a_file_of_its_own(tmp_path: Path) -> None:
    root = f"file://{tmp_path}"  # stands for a store: written as a whole, each time
    log = RunLog(root)
    log.event("command", command="curate")
    log.event("finished")
    assert not (tmp_path / "logs" / "run.jsonl").exists()
    (path,) = (tmp_path / "logs").glob("run-*.jsonl")
    assert [line["event"] for line in lines_of(path)] == ["command", "finished"]
    assert [line["event"] for line in logs.read(root)] == ["command", "finished"]


def test_a_log_that_cannot_be_written_is_told_once_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file stands in the way")
    log = RunLog(str(tmp_path))
    log.event("begin")
    log.event("end")
    assert capsys.readouterr().err.count("the log cannot be written") == 1


def test_a_line_cut_off_by_a_kill_is_passed_over(tmp_path: Path) -> None:
    log = RunLog(str(tmp_path))
    log.event("command", command="curate")
    with (tmp_path / "logs" / "run.jsonl").open("a") as file:
        file.write('{"time": "2026-01-01T00:00:00.000Z", "ev')
    assert [line["event"] for line in logs.read(str(tmp_path))] == ["command"]


def bad_unit(task: Task) -> None:
    raise ValueError(TEXT)


def test_a_worker_notes_the_unit_that_fails_and_no_text(tmp_path: Path) -> None:
    task = Task("part-00004", "key", str(tmp_path), "clean", None)
    with pytest.raises(ValueError, match="010"):
        Noted(bad_unit)(task)
    (noted,) = lines_of(tmp_path / "logs" / "units" / "clean-part-00004.jsonl")
    assert (noted["event"], noted["unit"], noted["error"]) == ("failed", "part-00004", "ValueError")
    assert TEXT not in json.dumps(noted, ensure_ascii=False) and noted["where"]
    assert Noted(len)([1, 2]) == 2


def test_workers_format_their_handlers_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        monkeypatch.delenv("MALMOI_LOG", raising=False)
        format_workers()
        assert handler.formatter is None
        monkeypatch.setenv("MALMOI_LOG", "json")
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        format_workers()
        assert isinstance(handler.formatter, JsonLines)
    finally:
        logging.getLogger().removeHandler(handler)


def test_a_command_that_fails_logs_its_error(malmoi, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "가"}\n', "utf-8")
    (tmp_path / "r.yaml").write_text('sources: [{name: a, paths: ["a.jsonl"]}]')
    malmoi("tokenizer", tmp_path / "r.yaml", "--out", tmp_path / "run", code=1)
    begun, failed = lines_of(tmp_path / "run" / "logs" / "run.jsonl")
    assert (begun["event"], begun["command"]) == ("command", "tokenizer")
    assert failed["event"] == "failed" and failed["level"] == "error"
    assert "step 'count' is not done here" in failed["message"]
    shown = malmoi("status", tmp_path / "run").stdout
    assert "malmoi tokenizer: failed" in shown and "step 'count' is not done here" in shown
    assert json.loads(malmoi("status", tmp_path / "run", "--json").stdout)["error"]["error"]
