from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from zos.config.yaml_document import YamlProblemsError
from zos.core.errors import LayerError, LayerNotFoundError
from zos.core.topics import BudgetGroup, TopicCategory
from zos.prompts.library import PromptLibrary
from zos.reflect.loader import LayerLoader

GOOD = """\
name: {name}
category: channel
schedule: "0 3 * * *"
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: reflect/channel.md.j2
  - type: store_insight
"""
BUILT_IN = {
    "nightly-channel-reflection": "0 3 * * *",
    "nightly-user-reflection": "0 3 * * *",
    "nightly-dyad-reflection": "0 3 * * *",
    "nightly-emoji-reflection": "0 3 * * *",
    "nightly-subject-reflection": "0 4 * * *",
    "user-synthesis": "30 3 * * *",
    "dyad-synthesis": "30 3 * * *",
    "weekly-self-reflection": "0 4 * * 0",
}


def write(folder: Path, file: str, text: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def problems(loader: LayerLoader) -> list[str]:
    return [str(one) for one in loader.problems]


# ---------------------------------------------------------------------------- built in


def test_the_built_in_layers_are_there_with_their_schedules() -> None:
    loader = LayerLoader(None)
    layers = loader.load_all()
    assert {name: layer.schedule for name, layer in layers.items()} == BUILT_IN
    assert list(layers) == sorted(layers)
    assert not loader.problems
    assert all(layer.description and layer.goal and layer.enabled for layer in layers.values())
    assert all(source.is_shipped for source in loader.sources.values())


def test_built_in_layers_make_up_for_missed_nights() -> None:
    grace = {name: layer.misfire_grace_time for name, layer in LayerLoader(None).load_all().items()}
    assert grace.pop("weekly-self-reflection") == 48 * 3600
    assert set(grace.values()) == {6 * 3600}


def test_the_built_in_layers_serve_every_budget_group() -> None:
    layers = LayerLoader(None).load_all().values()
    assert frozenset().union(*(layer.groups for layer in layers)) == set(BudgetGroup)


def test_the_self_reflection_is_on_sundays_or_after_ten_insights() -> None:
    layer = LayerLoader(None).require("weekly-self-reflection")
    assert layer.trigger_threshold == 10
    assert layer.targets == {TopicCategory.SELF}
    assert layer.cron is not None
    start = datetime(2026, 11, 23, tzinfo=UTC)
    fires = list(islice(layer.cron.fires_after(start, ZoneInfo("UTC")), 5))
    assert {fire.isoweekday() for fire in fires} == {7}


# ------------------------------------------------------------------------- an operator's


def test_an_operators_layer_replaces_the_built_in_one_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, "deep/mine.yml", GOOD.format(name="nightly-channel-reflection"))
    write(tmp_path, "own.yaml", GOOD.format(name="own"))
    write(tmp_path, "readme.md", "no layer")
    write(tmp_path, ".own.yaml.swp.yaml", "no layer")
    loader = LayerLoader(tmp_path)
    layers = loader.load_all()
    assert not loader.problems
    assert set(layers) == {*BUILT_IN, "own"}
    assert loader.sources["nightly-channel-reflection"].path == "deep/mine.yml"
    assert not loader.sources["nightly-channel-reflection"].is_shipped
    assert loader.sources["own"].text == GOOD.format(name="own")


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("schedule:", "shedule:"), 3, "unknown key 'shedule'; did you mean 'schedule'?"),
        (
            ("  - type: llm_call", "  - type: llm_call\n    promt: b"),
            7,
            "unknown key 'promt'; did you mean 'prompt'?",
        ),
        (("category: channel\n", ""), 1, "the key 'category' is missing"),
        (("category: channel", "category: chanel"), 2, "category: Input should be 'user'"),
        (
            ("fetch_messages", "fetch_mesages"),
            5,
            "unknown type 'fetch_mesages'; did you mean 'fetch_messages'?",
        ),
        (("name: own", "name: My layer"), 1, "name does not fit: small letters, digits"),
        (("0 3 * * *", "0 0 3 * * *"), 3, "schedule: Schedule '0 0 3 * * *' has 6 fields"),
        (("channel.md", "chanel.md"), 7, "there is no prompt 'reflect/chanel.md.j2'; did you mean"),
        (("  - type: store_insight\n", ""), 1, "no node leaves anything behind"),
        (("category: channel", "category: [channel"), 3, "it is no YAML: "),
        (("nodes:", "name: again\nnodes:"), 4, "'name' stands here twice"),
        (("name: own", "name: &a own\ndescription: *a"), 2, "aliases (*name) are not supported"),
        (
            ("name: own", "name: !!python/object:os.system own"),
            1,
            "it is no YAML: could not determine",
        ),
    ],
)
def test_a_mistake_is_told_with_file_line_and_the_nearest_name(
    tmp_path: Path, change: tuple[str, str], line: int, message: str
) -> None:
    write(tmp_path, "own.yaml", GOOD.format(name="own").replace(*change))
    loader = LayerLoader(tmp_path)
    assert set(loader.load_all()) == set(BUILT_IN)
    assert len(loader.problems) == 1
    assert problems(loader)[0].startswith(f"own.yaml:{line}: {message}")


def test_every_mistake_is_told(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", "name: Own\nschedul: x\nnodes:\n  - type: output\n    to: log\n")
    loader = LayerLoader(tmp_path)
    loader.load_all()
    assert [one.line for one in loader.problems] == [1, 1, 2, 4, 5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"- a\n- b\n", "it is no mapping"),
        (b"", "the key 'name' is missing"),
        (b"[" * 10_000, "it is nested too deeply"),
        (b"name: x\n" + b"#" * 2_000_000, "it is longer than 256 KiB"),
    ],
)
def test_a_file_that_is_no_layer_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "own.yaml").write_bytes(content)
    loader = LayerLoader(tmp_path)
    loader.load_all()
    assert any(one.message.startswith(message) for one in loader.problems)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").symlink_to(tmp_path / "gone")
    loader = LayerLoader(tmp_path)
    loader.load_all()
    assert problems(loader)[0].startswith("own.yaml:1: it cannot be read: No such file")


def test_of_two_files_with_one_name_the_first_counts_and_the_second_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", GOOD.format(name="own"))
    write(tmp_path, "b.yaml", GOOD.format(name="own"))
    loader = LayerLoader(tmp_path)
    loader.load_all()
    assert loader.sources["own"].path == "a.yaml"
    assert problems(loader) == ["b.yaml:1: a.yaml defines 'own' already"]


def test_a_system_prompt_must_be_the_same_for_all_topics(tmp_path: Path) -> None:
    text = GOOD.format(name="own").replace(
        "    prompt:", "    system: reflect/answer.md.j2\n    prompt:"
    )
    write(tmp_path, "own.yaml", text)
    loader = LayerLoader(tmp_path)
    loader.load_all()
    assert problems(loader)[0].startswith(
        "own.yaml:7: the system prompt 'reflect/answer.md.j2' uses 'subjects'"
    )


def test_a_layers_folder_that_does_not_exist_means_built_in_layers(tmp_path: Path) -> None:
    assert set(LayerLoader(tmp_path / "none").load_all()) == set(BUILT_IN)


def test_a_single_file_may_stand_for_the_folder(tmp_path: Path) -> None:
    loader = LayerLoader(write(tmp_path, "own.yaml", GOOD.format(name="own")))
    assert set(loader.load_all()) == {*BUILT_IN, "own"}


class Unlistable(type(Path())):  # type: ignore[misc]
    """A folder that exists and may not be read, also for the superuser."""

    def iterdir(self) -> object:
        raise PermissionError(13, "Permission denied")


def test_a_layers_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"cannot be read: Permission denied"):
        LayerLoader(Unlistable(tmp_path)).load_all()


# ------------------------------------------------------------------------------ reload


def test_a_file_that_breaks_keeps_its_last_good_layer(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", GOOD.format(name="own"))
    loader = LayerLoader(tmp_path)
    good = loader.load_all()["own"]
    path.write_text("name: own\nbroken: [", "utf-8")
    assert loader.load_all()["own"].hash == good.hash
    assert problems(loader)[0].endswith("(its last good version of own stays in force)")
    path.unlink()
    assert "own" not in loader.load_all()
    assert not loader.problems


def test_the_last_good_layer_survives_a_restart_if_it_is_given(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", "broken: [")
    loader = LayerLoader(tmp_path, last_good={"own.yaml": GOOD.format(name="own")})
    assert "own" in loader.load_all()
    assert (
        "own"
        not in LayerLoader(tmp_path, last_good={"other.yaml": GOOD.format(name="own")}).load_all()
    )


def test_a_last_good_layer_that_is_good_no_longer_is_not_used(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", "broken: [")
    assert "own" not in LayerLoader(tmp_path, last_good={"own.yaml": "name: own"}).load_all()


def test_a_changed_file_or_prompt_is_another_version(tmp_path: Path) -> None:
    layers, prompts = tmp_path / "layers", tmp_path / "prompts"
    path = write(layers, "own.yaml", GOOD.format(name="own"))
    prompt = write(prompts, "reflect/channel.md.j2", "{% include 'part.j2' %}{{ messages }}")
    part = write(prompts, "part.j2", "one")
    loader = LayerLoader(layers, prompts=PromptLibrary(prompts))
    versions = [loader.load_all()["own"].hash]
    path.write_text(GOOD.format(name="own") + "goal: more\n", "utf-8")
    versions.append(loader.load_all()["own"].hash)
    prompt.write_text("{% include 'part.j2' %} changed {{ messages }}", "utf-8")
    versions.append(loader.load_all()["own"].hash)
    part.write_text("two", "utf-8")
    versions.append(loader.load_all()["own"].hash)
    assert len(set(versions)) == 4


def test_only_what_has_changed_is_parsed_again(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    write(prompts, "reflect/channel.md.j2", "Look at {{ messages }}.")
    layers = tmp_path / "layers"
    write(layers, "a.yaml", GOOD.format(name="a"))
    write(layers, "b.yaml", GOOD.format(name="b"))
    loader = LayerLoader(layers, prompts=PromptLibrary(prompts))
    first = loader.load_all()
    write(layers, "b.yaml", GOOD.format(name="b").replace("0 3", "0 5"))
    second = loader.load_all()
    assert second["a"] is first["a"]
    assert second["b"].schedule == "0 5 * * *"
    write(prompts, "reflect/channel.md.j2", "Look again at {{ messages }}.")
    assert loader.load_all()["a"].hash != first["a"].hash


def test_a_comment_in_the_file_is_no_other_version(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", GOOD.format(name="own"))
    loader = LayerLoader(tmp_path)
    before = loader.load_all()["own"].hash
    path.write_text("# a comment\n" + GOOD.format(name="own"), "utf-8")
    assert loader.load_all()["own"].hash == before


def test_problems_of_prompts_are_told_with_those_of_layers(tmp_path: Path) -> None:
    write(tmp_path, "reflect/channel.md.j2", "{{ mesages }}")
    loader = LayerLoader(None, prompts=PromptLibrary(tmp_path))
    assert set(loader.load_all()) == set(BUILT_IN)
    assert problems(loader)[0].startswith("prompts/reflect/channel.md.j2:1: unknown name 'mesages'")


# ------------------------------------------------------------------------------ by name


def test_layers_are_found_by_name_without_reading_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", GOOD.format(name="own"))
    loader = LayerLoader(tmp_path)
    first = loader.get_layer("own")
    path.unlink()
    assert loader.get_layer("own") is first
    assert loader.get_layer("nobody") is None


def test_an_unknown_layer_is_an_error_with_the_nearest_name() -> None:
    loader = LayerLoader(None)
    with pytest.raises(LayerNotFoundError, match="Did you mean 'user-synthesis'"):
        loader.require("user-synthesys")
    with pytest.raises(LayerNotFoundError, match="See `zos layer list`"):
        loader.require("xyzzy")


def test_a_text_can_be_read_as_a_layer_without_a_file() -> None:
    loader = LayerLoader(None)
    recorded = loader.sources["user-synthesis"]
    assert loader.parse(recorded.text).hash == recorded.layer.hash
    with pytest.raises(YamlProblemsError, match="line 1: the key 'category' is missing"):
        loader.parse("name: x")
