from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from zos.core.errors import ScheduleError
from zos.reflect.schedule import Schedule, parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def fires(text: str, start: datetime, count: int, zone: ZoneInfo = ZONES[0]) -> list[str]:
    moments = islice(parse_schedule(text).fires_after(start, zone), count)
    return [moment.astimezone(zone).isoformat(timespec="minutes") for moment in moments]


@pytest.mark.parametrize("day", ["0", "7", "sun", "SUN"])
def test_zero_and_seven_are_both_sunday(day: str) -> None:
    assert fires(f"0 0 * * {day}", NEW_YEAR, 2) == [
        "2026-01-04T00:00+00:00",
        "2026-01-11T00:00+00:00",
    ]


def test_a_range_of_days_may_end_in_seven() -> None:
    days = [datetime.fromisoformat(moment).day for moment in fires("0 0 * * 5-7", NEW_YEAR, 4)]
    assert days == [2, 3, 4, 9]


def test_a_step_starts_at_the_fields_first_value() -> None:
    assert fires("*/25 * * * *", NEW_YEAR, 3) == [
        "2026-01-01T00:25+00:00",
        "2026-01-01T00:50+00:00",
        "2026-01-01T01:00+00:00",
    ]


def test_day_of_month_or_day_of_week_suffices_when_both_are_given() -> None:
    days = [datetime.fromisoformat(moment).day for moment in fires("0 0 13 * fri", NEW_YEAR, 4)]
    assert days == [2, 9, 13, 16]


def test_a_star_in_one_of_the_days_means_both_must_fit() -> None:
    assert fires("0 0 */13 * fri", NEW_YEAR, 2) == [
        "2026-02-27T00:00+00:00",
        "2026-03-27T00:00+00:00",
    ]


def test_the_second_friday_is_not_every_friday() -> None:
    assert fires("0 0 * * fri#2", NEW_YEAR, 2) == [
        "2026-01-09T00:00+00:00",
        "2026-02-13T00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 0 L * *", "2026-01-31T00:00+00:00"),
        ("0 0 LW * *", "2026-01-30T00:00+00:00"),
        ("0 0 * * 5L", "2026-01-30T00:00+00:00"),
    ],
)
def test_last_days_are_known(text: str, first: str) -> None:
    assert fires(text, NEW_YEAR, 1) == [first]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("@hourly", "2026-01-01T01:00+00:00"),
        ("@daily", "2026-01-02T00:00+00:00"),
        ("@midnight", "2026-01-02T00:00+00:00"),
        ("@weekly", "2026-01-04T00:00+00:00"),
        ("@Monthly", "2026-02-01T00:00+00:00"),
        ("@yearly", "2027-01-01T00:00+00:00"),
        ("@annually", "2027-01-01T00:00+00:00"),
    ],
)
def test_names_stand_for_expressions(name: str, first: str) -> None:
    assert fires(name, NEW_YEAR, 1) == [first]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "has 0 fields"),
        ("0 3 * *", "has 4 fields"),
        ("0 0 3 * * *", "has 6 fields"),
        ("@reboot", "is no time"),
        ("@fortnightly", "is not known"),
        ("5-5/2 * * * *", "a step through a range of one value"),
        ("0 0 * * mon-1/2", "a step through a range of one value"),
        ("0 0 * jan-1/2 *", "a step through a range of one value"),
        ("0 0 * * fri-mon", "goes backwards"),
        ("0 22-4 * * *", "goes backwards"),
        ("0 0 * nov-feb *", "goes backwards"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 2,4,6 *", "never fires"),
        ("0 24 * * *", "'24' as its hour"),
        ("60 * * * *", "'60' as its minute"),
        ("0 0 ? * *", "'?' as its day of month"),
        ("0 0 * foo-bar *", "as its month"),
        ("0 0 * * fri#6", "as its day of week"),
        ("*/0 * * * *", "as its minute"),
        ("0 0 L/2 * *", "a step in 'l/2'"),
        ("0 0 * * *" + ",1" * 200, "at most 200 characters"),
    ],
)
def test_what_cron_would_not_do_is_refused_in_one_sentence(text: str, part: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert part in caught.value.message
    assert caught.value.message.count(". ") == 0


def test_a_range_with_a_step_is_read() -> None:
    assert fires("1-7/3 0 * * *", NEW_YEAR, 3)[0] == "2026-01-01T00:01+00:00"


def test_white_space_does_not_matter() -> None:
    assert parse_schedule(" 0\t4  * * 0 ") == Schedule("0 4 * * 0", "0 4 * * 0")
    assert str(parse_schedule("@daily")) == "@daily"


def test_it_explains_itself() -> None:
    assert parse_schedule("0 4 * * 0").explain() == "At 04:00 on Sunday"


def test_a_fixed_time_that_the_clock_skips_fires_when_the_clock_goes_on() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert fires("30 2 * * *", start, 2, BERLIN) == [
        "2026-03-29T03:00+02:00",
        "2026-03-30T02:30+02:00",
    ]


def test_a_fixed_time_that_comes_twice_fires_once() -> None:
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert fires("30 2 * * *", start, 2, BERLIN) == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]


def test_asked_within_the_second_pass_it_does_not_go_back() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 again
    fire = parse_schedule("30 2 * * *").next_after(second_pass, BERLIN)
    assert fire == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_an_hourly_schedule_follows_real_time_through_both_changes() -> None:
    for start in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        moments = list(islice(parse_schedule("0 * * * *").fires_after(start, BERLIN), 48))
        assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(hours=1)}


def test_a_moment_is_never_its_own_next_fire() -> None:
    schedule = parse_schedule("0 0 * * *")
    assert schedule.next_after(NEW_YEAR, ZONES[0]) == NEW_YEAR + timedelta(days=1)
    assert schedule.next_after(NEW_YEAR - timedelta(microseconds=1), ZONES[0]) == NEW_YEAR


# ------------------------------------------------------------------ against brute force

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@st.composite
def a_term(draw: st.DrawFn, low: int, high: int) -> tuple[str, set[int]]:
    first = draw(st.integers(low, high - 1))
    last = draw(st.integers(first + 1, high))
    step = draw(st.integers(1, 12))
    return draw(
        st.sampled_from(
            [
                ("*", set(range(low, high + 1))),
                (f"*/{step}", set(range(low, high + 1, step))),
                (f"{first}-{last}/{step}", set(range(first, last + 1, step))),
                (f"{first}-{last}", set(range(first, last + 1))),
                (str(first), {first}),
                (f"{first},{last}", {first, last}),
            ]
        )
    )


@st.composite
def an_expression(draw: st.DrawFn) -> tuple[str, list[set[int]]]:
    terms = [draw(a_term(low, high)) for low, high in _BOUNDS]
    return " ".join(text for text, _ in terms), [values for _, values in terms]


def fits(moment: datetime, text: str, values: list[set[int]]) -> bool:
    _, _, day, _, weekday = text.split()
    by_date = moment.day in values[2]
    by_weekday = bool({moment.isoweekday(), moment.isoweekday() % 7} & values[4])
    both = day.startswith("*") or weekday.startswith("*")
    return (
        moment.minute in values[0]
        and moment.hour in values[1]
        and moment.month in values[3]
        and ((by_date and by_weekday) if both else (by_date or by_weekday))
    )


@given(an_expression(), st.integers(0, 525_000))
def test_in_utc_it_is_the_first_minute_that_fits(
    expression: tuple[str, list[set[int]]], minute: int
) -> None:
    text, values = expression
    try:
        schedule = parse_schedule(text)
    except ScheduleError:
        reject()  # it never fires
    start = NEW_YEAR + timedelta(minutes=minute)
    fire = schedule.next_after(start, ZONES[0])
    candidates = (start + timedelta(minutes=n) for n in range(1, 3 * 24 * 60))
    expected = next((moment for moment in candidates if fits(moment, text, values)), None)
    assert fits(fire, text, values)
    assert fire == expected or (
        expected is None and fire > start + timedelta(days=3) - timedelta(minutes=1)
    )


@given(
    an_expression(),
    st.integers(0, 525_000 * 60),
    st.sampled_from(ZONES),
)
def test_fires_ascend_and_do_not_depend_on_where_one_starts(
    expression: tuple[str, list[set[int]]], second: int, zone: ZoneInfo
) -> None:
    try:
        schedule = parse_schedule(expression[0])
    except ScheduleError:
        reject()
    start = NEW_YEAR + timedelta(seconds=second)
    run = list(islice(schedule.fires_after(start, zone), 5))
    assert all(earlier < later for earlier, later in pairwise([start, *run]))
    assert [schedule.next_after(moment, zone) for moment in run[:-1]] == run[1:]
