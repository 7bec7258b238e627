"""Every error has a sentence, an exit code and a retry decision."""

from __future__ import annotations

import pytest

from zos.core import errors

ALL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ZosError)
]


@pytest.mark.parametrize("kind", ALL)
def test_without_a_message_an_error_says_what_its_class_says(kind: type[errors.ZosError]) -> None:
    assert kind().message == (kind.__doc__ or "").splitlines()[0]
    assert str(kind()).endswith(".")


def test_an_error_says_its_message_and_then_the_next_step() -> None:
    error = errors.ZosError("It broke.", hint="Mend it.")
    assert str(error) == "It broke. Mend it."
    assert (error.message, error.hint) == ("It broke.", "Mend it.")


@pytest.mark.parametrize("kind", ALL)
def test_only_a_wrong_request_exits_with_2(kind: type[errors.ZosError]) -> None:
    assert kind.exit_code == (2 if issubclass(kind, errors.UsageError) else 1)


def test_only_what_may_pass_is_tried_again() -> None:
    passing = {kind for kind in ALL if kind.retryable}
    assert passing == {
        errors.DatabaseError,
        errors.LaterDeliveryError,
        errors.ModelUnavailableError,
    }
