from __future__ import annotations

import pytest

from zos.access.problems import as_error, problem, status_of
from zos.core.errors import (
    ConfigError,
    DatabaseError,
    LayerError,
    LayerNotFoundError,
    MigrationError,
    ModelError,
    NotFoundError,
    ServiceError,
    StillRunningError,
    ZosError,
)


def test_a_problem_says_what_is_wrong_and_what_to_do_next() -> None:
    error = LayerNotFoundError("There is no layer nigthly.", hint="Did you mean nightly?")
    assert problem(error) == {
        "type": "urn:zos:problem:layer-not-found",
        "title": "There is no layer of that name",
        "status": 404,
        "detail": "There is no layer nigthly.",
        "hint": "Did you mean nightly?",
    }


def test_a_problem_without_a_next_step_has_none() -> None:
    assert "hint" not in problem(StillRunningError())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError(), 404),
        (LayerNotFoundError(), 404),
        (StillRunningError(), 409),
        (LayerError(), 422),
        (DatabaseError(), 503),
        (MigrationError(), 503),
        (ModelError(), 502),
        (ZosError(), 500),
    ],
)
def test_every_error_has_the_status_that_fits_it(error: ZosError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize("kind", [LayerNotFoundError, ConfigError, MigrationError, ZosError])
def test_an_error_crosses_the_wire_whole(kind: type[ZosError]) -> None:
    sent = kind("What is wrong.", hint="What to do.")
    received = as_error(problem(sent))
    assert type(received) is kind
    assert (str(received), received.exit_code) == (str(sent), sent.exit_code)


@pytest.mark.parametrize("content", [{}, {"type": "about:blank"}, {"type": 7}])
def test_an_unknown_problem_is_the_services(content: dict[str, object]) -> None:
    assert isinstance(as_error(content), ServiceError)
    assert str(as_error({**content, "title": "Teapot"})) == "Teapot"
