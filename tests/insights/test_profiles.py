"""The named ways to search."""

from __future__ import annotations

import pytest

from zos.core.errors import UsageError
from zos.insights.profiles import PROFILES, profile_named


def test_the_four_profiles_are_there_and_bounded() -> None:
    assert list(PROFILES) == ["recent", "balanced", "deep", "comprehensive"]
    for profile in PROFILES.values():
        assert 0 < profile.limit < profile.candidates <= 400


@pytest.mark.parametrize(
    ("name", "hint"), [("ballanced", "Did you mean 'balanced'?"), ("xyz", "Known: recent, ")]
)
def test_an_unknown_profile_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        profile_named(name)
    assert hint in str(error.value)
