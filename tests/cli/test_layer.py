from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Zos

OWN = """\
name: own
category: channel
schedule: "0 3 * * *"
timezone: Europe/Berlin
enabled: {enabled}
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: {prompt}
  - type: store_insight
"""


def write(
    folder: Path, name: str, *, enabled: str = "true", prompt: str = "reflect/channel.md.j2"
) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OWN.format(enabled=enabled, prompt=prompt), "utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "zos.yaml").write_text("scheduler: {timezone: America/New_York}\n", "utf-8")
    return tmp_path


def test_the_self_reflection_next_fires_on_five_sundays(zos: Zos) -> None:
    shown = json.loads(zos("layer", "show", "weekly-self-reflection", "--json").stdout)
    fires = [datetime.fromisoformat(one) for one in shown["next_fires"]]
    assert len(fires) == 5
    assert {fire.isoweekday() for fire in fires} == {7}
    assert {(fire.hour, fire.minute, fire.utcoffset()) for fire in fires} == {(4, 0, timedelta(0))}
    assert shown["schedule_in_words"] == "At 04:00 on Sunday"
    assert shown["path"] == "builtin:weekly-self-reflection.yaml"


def test_fires_are_in_the_layers_own_zone(zos: Zos, project: Path) -> None:
    write(project / "layers", "own.yaml")
    own = json.loads(zos("layer", "show", "own", "--json").stdout)
    assert own["timezone"] == "Europe/Berlin"
    assert own["next_fires"][0][-6:] in {"+01:00", "+02:00"}
    other = json.loads(zos("layer", "show", "user-synthesis", "--json").stdout)
    assert other["timezone"] == "America/New_York"
    assert other["next_fires"][0][-6:] in {"-05:00", "-04:00"}


def test_a_layer_is_shown_with_its_words(zos: Zos, project: Path) -> None:
    write(project / "layers", "own.yaml")
    shown = zos("layer", "show", "own").stdout
    assert shown.startswith("# own.yaml, version ")
    assert "# At 03:00 every day (Europe/Berlin)\n" in shown
    assert shown.count("#   ") == 5
    assert shown.endswith("  - type: store_insight\n")


def test_a_disabled_layer_says_so_and_never_fires(zos: Zos, project: Path) -> None:
    write(project / "layers", "own.yaml", enabled="false")
    shown = zos("layer", "show", "own").stdout
    assert "(Europe/Berlin), but it is disabled\n" in shown
    assert "#   " not in shown


def test_all_layers_are_listed(zos: Zos, project: Path) -> None:
    write(project / "layers", "own.yaml")
    result = zos("layer", "list")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 10
    assert "built in" in result.stdout
    listed = json.loads(zos("layer", "list", "--json").stdout)
    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    assert next(one for one in listed if one["name"] == "own")["targets"] == ["channel"]


def test_a_broken_file_does_not_keep_the_others_from_being_listed(zos: Zos, project: Path) -> None:
    write(project / "layers", "own.yaml", prompt="nothing.j2")
    result = zos("layer", "list", "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 8
    assert result.stderr.startswith("Warning: own.yaml:9: there is no prompt 'nothing.j2'")


def test_an_unknown_layer_is_a_usage_error_with_the_nearest_name(zos: Zos) -> None:
    result = zos("layer", "show", "weekly-self-reflektion")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: There is no layer 'weekly-self-reflektion'. Did you mean 'weekly-self-reflection'?\n"
    )


def test_sound_layers_are_valid(zos: Zos, project: Path) -> None:
    path = write(project / "elsewhere", "own.yaml")
    for arguments in ([], [path], [path.parent]):
        result = zos("layer", "validate", *arguments)
        assert (result.exit_code, result.stdout) == (0, "All layers are valid.\n")
    told = json.loads(zos("layer", "validate", "--json").stdout)
    assert told == {"valid": True, "problems": [], "withheld": []}


def test_what_would_not_leave_is_told_with_the_key_that_lets_it(zos: Zos, project: Path) -> None:
    path = write(project / "layers", "own.yaml")
    path.write_text(path.read_text() + "  - {type: output, destination: log}\n")
    result = zos("layer", "validate")
    reason = "Zos may not write notes into its log. Set output.log if it should."
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [f"own: what it sends is withheld. {reason}", "All layers are valid."],
    )
    told = json.loads(zos("layer", "validate", "--json").stdout)
    assert told["withheld"] == [{"layer": "own", "message": reason}]
    (project / "zos.yaml").write_text("output: {log: true}\n")
    assert zos("layer", "validate").stdout == "All layers are valid.\n"


def test_every_problem_is_a_line_and_the_exit_code_tells(zos: Zos, project: Path) -> None:
    broken = write(project / "layers", "own.yaml", prompt="nothing.j2")
    (project / "prompts").mkdir()
    (project / "prompts" / "bad.md.j2").write_text("{{ mesages }}", "utf-8")
    for arguments in ([], [broken], [broken.parent]):
        result = zos("layer", "validate", *arguments)
        assert result.exit_code == 2
        lines = result.stdout.splitlines()
        assert lines[0].startswith("prompts/bad.md.j2:1: unknown name 'mesages'")
        assert lines[1].startswith("own.yaml:9: there is no prompt 'nothing.j2'")
        assert lines[2] == "Problems: 2."
    told = json.loads(zos("layer", "validate", "--json").stdout)
    assert told["valid"] is False
    assert told["problems"][1]["line"] == 9


def test_a_missing_path_is_a_usage_error(zos: Zos) -> None:
    result = zos("layer", "validate", "nothing.yaml")
    assert result.exit_code == 2
    assert "nothing.yaml" in result.stderr
