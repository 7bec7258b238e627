"""The whole error tree of Zos, in one place.

Every error carries one clear sentence and, where there is one, the next step for the person who
reads it. `exit_code` is what the command line returns; `retryable` is the retry decision, made
where the error is raised and not by matching strings later.
"""

from __future__ import annotations


class ZosError(Exception):
    """Zos could not do what was asked.

    Args:
        message: One sentence, without a trailing hint. Defaults to the class docstring's first line.
        hint: What to do next, as one sentence; empty when there is nothing to do.
    """

    exit_code = 1
    retryable = False

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(ZosError):
    """The request itself is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration is not valid."""


class TopicKeyError(UsageError):
    """The topic key is not valid."""


class FilterError(UsageError):
    """The target filter is not valid."""


class LayerError(UsageError):
    """The layer is not valid."""


class LayerNotFoundError(LayerError):
    """There is no layer of that name."""


class NotFoundError(UsageError):
    """There is nothing of that name or id."""


class ScheduleError(UsageError):
    """The schedule is not valid."""


class PromptError(ZosError):
    """The prompt template could not be rendered."""


class ImportFileError(UsageError):
    """The archive file could not be read."""


class DatabaseError(ZosError):
    """The database could not be used."""

    retryable = True


class MigrationError(DatabaseError):
    """The database's schema does not fit this version of Zos."""

    retryable = False


class StillRunningError(ZosError):
    """Something that must not run twice is running already."""


class EndedError(UsageError):
    """What should be ended has ended already."""


class ModelError(ZosError):
    """The language model did not give a usable answer."""


class ModelUnavailableError(ModelError):
    """The language model could not be reached or is overloaded."""

    retryable = True


class ModelOutputError(ModelError):
    """The language model answered in a form that fails validation."""


class ModelRefusedError(ModelError):
    """The language model refused to answer."""


class PriceUnknownError(ModelError):
    """The model has no known price."""


class BudgetError(ModelError):
    """A spending limit was reached."""


class InsightError(ZosError):
    """The insight is not valid."""


class ReplayError(UsageError):
    """The range cannot be replayed."""


class ServiceError(ZosError):
    """The running service could not be asked."""


class DiscordError(ZosError):
    """Discord could not be asked."""


class DeliveryError(ZosError):
    """The text was not delivered."""


class LaterDeliveryError(DeliveryError):
    """The text was not delivered this time."""

    retryable = True


class ConsentError(UsageError):
    """The member has not consented."""


class ForbiddenError(ZosError):
    """Whoever asks may not do this."""
