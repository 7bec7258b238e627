"""Log lines: for people or as JSON, from structlog and the standard library alike, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from zos.config.logging import configure_logging
from zos.config.model import LogConfig

TOKEN = 'to"ken-ü-123'


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields(stream: io.StringIO) -> None:
    configure_logging(LogConfig(format="json"), stream=stream)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    structlog.get_logger("zos.scheduler").info("layer_scheduled", layer="nightly ü", at=at)
    [event] = lines(stream)
    assert datetime.fromisoformat(event.pop("timestamp")).tzinfo is not None
    assert event == {
        "event": "layer_scheduled",
        "level": "info",
        "logger": "zos.scheduler",
        "layer": "nightly ü",
        "at": "2026-03-02 00:00:00+00:00",
    }


def test_the_standard_librarys_lines_look_the_same(stream: io.StringIO) -> None:
    configure_logging(LogConfig(format="json"), stream=stream)
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # another test's server sets it
    logging.getLogger("uvicorn.error").info("listening on %s", "127.0.0.1", extra={"port": 1})
    [event] = lines(stream)
    assert (event["event"], event["level"]) == ("listening on 127.0.0.1", "info")
    assert (event["logger"], event["port"]) == ("uvicorn.error", 1)


def test_people_get_readable_lines_that_cannot_steer_their_terminal(stream: io.StringIO) -> None:
    configure_logging(LogConfig(), stream=stream)
    structlog.get_logger("zos.observe").warning("channel_seen", name="a\x1b[31mb", count=3)
    assert "channel_seen" in stream.getvalue()
    assert "count=3" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_blanked_out_wherever_it_turns_up(form: str, stream: io.StringIO) -> None:
    log = LogConfig.model_validate({"format": form})
    configure_logging(log, [TOKEN, "abc", ""], stream=stream)
    logger = structlog.get_logger("zos.bot")
    event = f"with {TOKEN}"
    logger.info(event, url=f"https://x/{TOKEN}/y", inner={"a": [TOKEN]}, word="abc")
    try:
        raise ValueError(f"refused {TOKEN}")
    except ValueError:
        logger.exception("login_failed")
    logging.getLogger("discord").warning("token %s", TOKEN)
    written = stream.getvalue()
    assert "ken-ü-123" not in written
    assert written.count("********") >= 5
    assert "abc" in written


def test_a_traceback_does_not_show_local_variables(stream: io.StringIO) -> None:
    configure_logging(LogConfig(), stream=stream)

    def fail() -> None:
        password = "local-" + "value"
        raise ValueError(len(password))

    try:
        fail()
    except ValueError:
        structlog.get_logger("zos").exception("failed")
    assert "ValueError: 11" in stream.getvalue()
    assert "local-value" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", {"zos debug", "zos info", "uvicorn info", "zos error", "alembic warning"}),
        ("info", {"zos info", "uvicorn info", "zos error", "alembic warning"}),
        ("warning", {"zos error", "alembic warning"}),
        ("error", {"zos error"}),
    ],
)
def test_libraries_that_would_log_what_people_wrote_are_heard_only_when_they_warn(
    level: str, heard: set[str], stream: io.StringIO
) -> None:
    configure_logging(LogConfig(format="json"), level=level, stream=stream)
    structlog.get_logger("zos.x").debug("zos debug")
    structlog.get_logger("zos.x").info("zos info")
    structlog.get_logger("zos.x").error("zos error")
    logging.getLogger("uvicorn").info("uvicorn info")
    logging.getLogger("discord").debug("discord debug")
    logging.getLogger("alembic").warning("alembic warning")
    for library in ("alembic", "aiosqlite", "httpx", "openai", "sqlalchemy.engine"):
        logging.getLogger(library).info("content")
        logging.getLogger(library).debug("content")
    assert {event["event"] for event in lines(stream)} == heard


def test_the_configured_level_counts_unless_another_is_asked_for(stream: io.StringIO) -> None:
    configure_logging(LogConfig(level="error"), stream=stream)
    structlog.get_logger("zos").warning("unheard")
    configure_logging(LogConfig(level="error"), level="warning", stream=stream)
    structlog.get_logger("zos").warning("heard")
    assert stream.getvalue().count("heard") == 1


def test_context_of_the_task_goes_along(stream: io.StringIO) -> None:
    configure_logging(LogConfig(format="json"), stream=stream)
    with structlog.contextvars.bound_contextvars(run_id="r1"):
        structlog.get_logger("zos").info("layer_triggered")
    assert lines(stream)[0]["run_id"] == "r1"


def test_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig())
    structlog.get_logger("zos").info("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err
