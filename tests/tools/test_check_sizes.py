"""The size gate measures what it says and fails when it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tools.check_sizes import MAX_FILE_LINES, MAX_FUNCTION_LINES, Sized, main, percentile

if TYPE_CHECKING:
    from pathlib import Path


def function_of(lines: int, name: str = "f") -> str:
    """Source of a function that is exactly `lines` long."""
    return f"def {name}():\n" + "    x = 1\n" * (lines - 1)


def test_files_and_functions_at_the_limit_pass(tmp_path: Path) -> None:
    source = function_of(MAX_FUNCTION_LINES)
    filler = "x = 1\n" * (MAX_FILE_LINES - MAX_FUNCTION_LINES)
    (tmp_path / "fits.py").write_text(source + filler)

    assert main([str(tmp_path)]) == 0


def test_a_file_one_line_too_long_fails_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * (MAX_FILE_LINES + 1))

    assert main([str(tmp_path)]) == 1
    assert f"{path}: {MAX_FILE_LINES + 1} lines" in capsys.readouterr().out


@pytest.mark.parametrize("keyword", ["def", "async def"])
def test_a_function_one_line_too_long_fails_and_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keyword: str
) -> None:
    path = tmp_path / "long.py"
    source = function_of(MAX_FUNCTION_LINES + 1, "endless").replace("def", keyword, 1)
    path.write_text("\n\n" + source)

    assert main([str(path)]) == 1
    assert f"{path}:3 endless: {MAX_FUNCTION_LINES + 1} lines" in capsys.readouterr().out


def test_a_method_is_measured_like_a_function(tmp_path: Path) -> None:
    method = "".join(f"    {line}\n" for line in function_of(6).splitlines())
    (tmp_path / "a.py").write_text(f"class A:\n{method}")

    assert main([str(tmp_path), "--max-function-lines", "5"]) == 1
    assert main([str(tmp_path), "--max-function-lines", "6"]) == 0


def test_migrations_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "db" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_first.py").write_text(function_of(MAX_FILE_LINES + 1))

    assert main([str(tmp_path)]) == 0


def test_the_report_gives_median_and_p95(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 22):
        (tmp_path / f"m{number:02}.py").write_text("x = 1\n" * number)

    main([str(tmp_path)])

    report = capsys.readouterr().out.splitlines()
    assert report == [
        "21 files: median 11, p95 20, longest 21 lines",
        "0 functions: median 0, p95 0, longest 0 lines",
    ]


def test_a_percentile_is_one_of_the_lengths_whatever_the_order() -> None:
    sizes = [Sized(lines, "x") for lines in (9, 1, 5)]

    assert [percentile(sizes, share) for share in (0, 0.5, 1)] == [1, 5, 9]
