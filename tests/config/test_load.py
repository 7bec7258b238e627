"""Loading a configuration: file and environment, origins, and every mistake with its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from zos.config import Config, LoadedConfig, load_config
from zos.config.load import leaves
from zos.config.shown import secrets, shown
from zos.core.errors import ConfigError
from zos.core.topics import BudgetGroup

Load = Callable[..., LoadedConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a configuration and load it."""

    def write_and_load(text: str = "", environ: Mapping[str, str] | None = None) -> LoadedConfig:
        path = tmp_path / "zos.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, environ or {})

    return write_and_load


def refusal(load: Load, text: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, environ)
    return str(caught.value)


# ------------------------------------------------------------------- where it is looked for


def test_without_a_file_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers").mkdir()
    loaded = load_config(None, {})
    assert loaded.path is None
    assert loaded.config.data_dir == tmp_path / "data"
    assert loaded.config.reflect.layers_dir is None
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.config.model_copy(update={"data_dir": Path("data")}) == Config()


def test_the_file_of_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zos.yaml").write_text("log: {level: debug}")
    loaded = load_config(None, {})
    assert loaded.config.log.level == "debug"
    assert loaded.config.data_dir == tmp_path / "data"


def test_a_variable_names_the_file_and_an_argument_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, level in (("zos.yaml", "info"), ("a.yaml", "debug"), ("b.yaml", "error")):
        (tmp_path / name).write_text(f"log: {{level: {level}}}")
    environ = {"ZOS_CONFIG": "a.yaml"}
    assert load_config(None, environ).config.log.level == "debug"
    assert load_config(Path("b.yaml"), environ).config.log.level == "error"


@pytest.mark.parametrize(
    ("name", "reason"), [("none.yaml", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_the_next_step(
    name: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=rf"cannot be read: {reason}.*`zos init` writes"
    ) as caught:
        load_config(tmp_path / name, {})
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zos.yaml"
    path.write_bytes("log: {level: dëbug}".encode("utf-16"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path, {})


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "zos.yaml"
    path.write_bytes(b"\xef\xbb\xbflog: {level: debug}")
    assert load_config(path, {}).config.log.level == "debug"


def test_a_huge_file_is_not_read_to_its_end(load: Load) -> None:
    assert "longer than 256 KiB" in refusal(load, "# padding\n" * 100_000)


# ------------------------------------------------------------------------- values and paths


def test_the_environment_goes_before_the_file_key_by_key(load: Load) -> None:
    loaded = load(
        "scheduler: {timezone: Europe/Berlin, concurrency: 2}\nobserve: {focus: {1: 2.0}}",
        {
            "ZOS_SCHEDULER__CONCURRENCY": "3",
            "ZOS_OBSERVE__ROLE_TOPICS": "[5, 6]",
            "ZOS_OBSERVE__FOCUS": "{1: 0.5, 2: 0.25}",
            "ZOS_MODELS__LIMITS__PER_DAY_USD": "null",
            "ZOS_API__TRUSTED_PROXY": "true",
        },
    )
    config = loaded.config
    assert config.scheduler.timezone == "Europe/Berlin"
    assert config.scheduler.concurrency == 3
    assert config.observe.role_topics == {5, 6}
    assert config.observe.focus == {1: 0.5, 2: 0.25}
    assert config.models.limits.per_day_usd is None
    assert config.api.trusted_proxy is True


def test_text_from_the_environment_is_taken_as_it_stands(load: Load) -> None:
    config = load(
        "",
        {
            "ZOS_DISCORD__TOKEN": "12345",
            "ZOS_API__HOST": "[::1]",
            "ZOS_MODELS__PROFILES__DEFAULT__MODEL": "null",
            "ZOS_PRIVACY__CONSENT": "opt_out",
            "ZOS_LOG__LEVEL": "error",
            "ZOS_DATA_DIR": "0",
        },
    ).config
    assert config.discord.token == SecretStr("12345")
    assert config.api.host == "[::1]"
    assert config.models.profiles["default"].model == "null"
    assert config.privacy.consent == "opt_out"
    assert config.log.level == "error"
    assert config.data_dir.name == "0"


def test_a_mapping_from_the_environment_fills_a_section_that_the_file_lacks(load: Load) -> None:
    environ = {
        "ZOS_DATABASE": "{pool_size: 3}",
        "ZOS_DATABASE__POOL_SIZE": "4",
        "ZOS_SALIENCE__BUDGET__GROUPS": "{social: 1.0}",
    }
    loaded = load("database:\n", environ)
    assert loaded.config.database.pool_size == 4
    assert loaded.config.salience.budget.groups == {BudgetGroup.SOCIAL: 1.0}
    assert loaded.origins["salience.budget.groups.social"] == "env ZOS_SALIENCE__BUDGET__GROUPS"


def test_any_setting_can_come_from_a_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    (tmp_path / "port").write_text("9000")
    environ = {
        "ZOS_DISCORD__TOKEN_FILE": str(tmp_path / "token"),
        "ZOS_API__PORT_FILE": str(tmp_path / "port"),
    }
    loaded = load("", environ)
    assert loaded.config.discord.token == SecretStr("s3cret")
    assert loaded.config.api.port == 9000
    origin = f"file {tmp_path / 'token'} (ZOS_DISCORD__TOKEN_FILE)"
    assert loaded.origins["discord.token"] == origin


def test_relative_paths_are_meant_from_the_files_folder(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "layers").mkdir()
    (tmp_path / "mine").mkdir()
    config = load(
        "data_dir: store\ndatabase: {url: 'sqlite:///x/y.db'}\n"
        "reflect: {prompts_dir: mine}\napi: {tls_key: key.pem}"
    ).config
    assert config.data_dir == tmp_path / "store"
    assert config.database.url == f"sqlite:///{tmp_path}/x/y.db"
    assert config.reflect.layers_dir == tmp_path / "layers"
    assert config.reflect.prompts_dir == tmp_path / "mine"
    assert config.api.tls_key == tmp_path / "key.pem"
    assert config.api.tls_certificate is None


def test_absolute_paths_and_servers_stay_as_they_are(load: Load, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    config = load(f"data_dir: {tmp_path}/a\ndatabase: {{url: 'sqlite:////b/c.db'}}").config
    assert config.data_dir == tmp_path / "a"
    assert config.database.url == "sqlite:////b/c.db"
    assert config.reflect.layers_dir is None
    assert config.reflect.prompts_dir == tmp_path / "prompts"
    for url in ("sqlite:///:memory:", "postgresql://zos@db/zos"):
        assert load(f"database: {{url: '{url}'}}").config.database.url == url


def test_headlines_without_content_are_empty_sections(load: Load) -> None:
    text = "database:\nsalience:\n  caps:\n  budget:\n    groups:\nmodels:\n  profiles:\n    default:\n"
    assert load(text).config == load().config
    assert load("models:\n  profiles:\n").config == load().config


# ---------------------------------------------------------------------------------- origins


def test_every_key_knows_where_it_is_from(load: Load) -> None:
    loaded = load(
        "log:\n  level: debug\nmodels:\n  profiles:\n    default:\n      max_tokens: 9\n"
        "observe:\n  focus:\n    1: 2.0\n  role_topics:\n    - 7\n",
        {"ZOS_LOG__FORMAT": "json"},
    )
    assert loaded.origins["log.level"] == "zos.yaml:2"
    assert loaded.origins["log.format"] == "env ZOS_LOG__FORMAT"
    assert loaded.origins["models.profiles.default.max_tokens"] == "zos.yaml:6"
    assert loaded.origins["models.profiles.default.model"] == "default"
    assert loaded.origins["observe.focus.1"] == "zos.yaml:9"
    assert loaded.origins["observe.role_topics"] == "zos.yaml:10"
    assert loaded.origins["api.port"] == "default"
    assert list(loaded.origins) == [key for key, _, _ in leaves(loaded.config)]


def test_what_is_shown_has_every_key_and_no_secret(load: Load) -> None:
    loaded = load(
        "models:\n  profiles:\n    default:\n      api_key: very-secret-1\n"
        "      base_url: http://me:very-secret-2@host/v1\n"
        "database: {url: 'postgresql://zos:very-secret-3@db/zos?sslpassword=very-secret-4&a=b'}\n"
        "privacy: {consent_roles: [9, 3]}\n",
        {"ZOS_DISCORD__TOKEN": "very-secret-5"},
    )
    rows = {key: (value, origin) for key, value, origin in shown(loaded)}
    assert "very-secret" not in str(rows)
    assert rows["discord.token"] == ("********", "env ZOS_DISCORD__TOKEN")
    assert rows["models.profiles.default.api_key"] == ("********", "zos.yaml:4")
    assert rows["models.profiles.default.base_url"] == ("http://me:********@host/v1", "zos.yaml:5")
    url = "postgresql://zos:********@db/zos?sslpassword=********&a=b"
    assert rows["database.url"] == (url, "zos.yaml:6")
    assert rows["privacy.consent_roles"] == ([3, 9], "zos.yaml:7")
    assert rows["privacy.consent"] == ("opt_in", "default")
    assert rows["reflect.target_concurrency"] == (8, "default")
    assert isinstance(rows["data_dir"][0], str)
    assert list(rows) == list(loaded.origins)


def test_the_secrets_are_known_to_whoever_must_hide_them(load: Load) -> None:
    text = "discord: {token: ''}\nmodels: {profiles: {default: {api_key: k}}}"
    assert secrets(load(text).config) == {"k"}


# --------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schedular: {}", "zos.yaml:1: unknown key 'schedular'; did you mean 'scheduler'?"),
        ("log:\n  levle: info", "zos.yaml:2: unknown key 'levle'; did you mean 'level'?"),
        ("log:\n  x: 1", "zos.yaml:2: unknown key 'x'; known: format, level."),
        ("api:\n  port: http", "zos.yaml:2: api.port: Input should be a valid integer"),
        ("\napi:\n  port: 70000", "zos.yaml:3: api.port: Input should be less than or equal to"),
        ("log: {level: loud}", "zos.yaml:1: log.level: Input should be 'debug', 'info'"),
        ("log: 3", "zos.yaml:1: log: Input should be a valid dictionary"),
        ("scheduler:\n  timezone: Mars", "zos.yaml:2: scheduler.timezone: 'Mars' is not a time"),
        ("scheduler:\n  max_instances: 2", "zos.yaml:2: scheduler.max_instances: it must be 1, as"),
        ("salience: {propagation: .nan}", "salience.propagation: Input should be a finite number"),
        ("models: {profiles: {default: {provider: openai}}}", "name the model to ask"),
        ("models:\n  profiles:\n    quick: {}", "zos.yaml:2: models.profiles: there must be a"),
        ("salience: {budget: {groups: {self: 1}}}", "'self' has no share"),
        ("salience: {budget: {groups: {social: 0.9, spaces: 0.2}}}", "at most 1 together"),
        ("salience: {budget: {groups: {social: -0.1}}}", "0 or more each"),
        ("salience: {budget: {groups: {socail: 0.1}}}", "Input should be 'social', 'global'"),
        ("observe: {role_topics: [x]}", "observe.role_topics.0: Input should be a valid integer"),
        ("data_dir:", "zos.yaml:1: data_dir: Input is not a valid path"),
        ("log: {level: info}\nlog: {}", "zos.yaml:2: 'log' stands here twice."),
        ("log:\n  level: info\n  level: info", "zos.yaml:3: 'level' stands here twice."),
        ("a: b: c", "zos.yaml:1: it is no YAML: mapping values are not allowed here."),
        ("log: [", "it is no YAML"),
        ("- a", "it is no mapping"),
        ("just words", "it is no mapping"),
        ("a: !!python/object/apply:os.system ['true']", "it is no YAML"),
        ("a: &x 1\nb: *x", "zos.yaml:2: aliases"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(text: str, expected: str, load: Load) -> None:
    said = refusal(load, text)
    assert expected in said
    assert "\n" not in said
    assert said.endswith((".", "?"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ZOS_API__PROT", "1", "ZOS_API__PROT: unknown setting; did you mean ZOS_API__PORT?"),
        ("ZOS_QQQQ", "1", "ZOS_QQQQ: unknown setting; `zos config show` lists them all."),
        ("ZOS_API__PORT__X", "1", "ZOS_API__PORT__X: unknown setting"),
        ("ZOS_NOPE_FILE", "x", "ZOS_NOPE_FILE: unknown setting"),
        ("ZOS_API__PORT", "x", "env ZOS_API__PORT: api.port: Input should be a valid integer"),
        ("ZOS_API__PORT", "[", "env ZOS_API__PORT: api.port: Input should be a valid integer"),
        ("ZOS_LOG", "x", "env ZOS_LOG: log: Input should be a valid dictionary"),
        ("ZOS_LOG", "{levle: x}", "env ZOS_LOG: unknown key 'levle'; did you mean 'level'?"),
        ("ZOS_LOG__LEVEL_FILE", "/no/such", "the file /no/such cannot be read: No such file"),
        ("ZOS_LOG__LEVEL_FILE", "/dev/null", "ZOS_LOG__LEVEL_FILE: the file /dev/null is empty."),
    ],
)
def test_a_mistake_in_the_environment_is_named_with_its_variable(
    name: str, value: str, expected: str, load: Load
) -> None:
    assert expected in refusal(load, "", **{name: value})


@pytest.mark.parametrize(
    "name", ["ZOS_MODELS__PROFILES__QUICK__MODEL", "ZOS_MODELS__PROFILES__DEFAULT__PRICE"]
)
def test_what_a_variable_lacks_is_said_of_the_variable(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {name: "{input_per_million_usd: 1}", "ZOS_API__PORT": "1"}
    with pytest.raises(ConfigError, match=rf"^env {name}: .*(named 'default'|is missing)\.$"):
        load_config(None, environ)


def test_a_file_of_bytes_is_no_setting(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    said = refusal(load, "", ZOS_DISCORD__TOKEN_FILE=str(tmp_path / "token"))
    assert "is not UTF-8 text" in said


def test_a_setting_and_its_file_cannot_both_be_there(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    said = refusal(
        load, "", ZOS_DISCORD__TOKEN="y", ZOS_DISCORD__TOKEN_FILE=str(tmp_path / "token")
    )
    assert said == ("ZOS_DISCORD__TOKEN_FILE and ZOS_DISCORD__TOKEN are both set; keep one.")


def test_all_problems_are_listed_at_once(load: Load, tmp_path: Path) -> None:
    said = refusal(
        load,
        "log:\n  level: loud\napi:\n  prot: 1\n",
        ZOS_DATABASE__POOL_SIZE="1",
        ZOS_DATABASE__POOLSIZE="1",
    )
    assert said.splitlines() == [
        "The configuration has 4 problems:",
        "  ZOS_DATABASE__POOLSIZE: unknown setting; did you mean ZOS_DATABASE__POOL_SIZE?",
        "  env ZOS_DATABASE__POOL_SIZE: database.pool_size: Input should be greater than or equal to 2",
        f"  {tmp_path}/zos.yaml:2: log.level: Input should be 'debug', 'info', 'warning' or 'error'",
        f"  {tmp_path}/zos.yaml:4: unknown key 'prot'; did you mean 'port'?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "discord: {token: [top-secret]}",
        "discord: {tokn: top-secret}",
        "models: {profiles: {default: {api_key: {a: top-secret}}}}",
    ],
)
def test_a_mistake_does_not_show_a_secret(text: str, load: Load) -> None:
    assert "top-secret" not in refusal(load, text)


def test_what_an_orchestrator_adds_to_the_environment_is_passed_over(load: Load) -> None:
    environ = {
        "ZOS_PORT": "tcp://10.0.0.1:80",
        "ZOS_SERVICE_HOST": "10.0.0.1",
        "ZOS_SERVICE_PORT_HTTP": "80",
        "ZOS_PORT_80_TCP_ADDR": "10.0.0.1",
        "ZOSTER": "x",
        "PATH": "/bin",
    }
    assert load("", environ).config == load().config


def test_a_configuration_cannot_be_changed(load: Load) -> None:
    loaded = load()
    with pytest.raises(ValueError, match="frozen"):
        loaded.config.log.level = "debug"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        loaded.path = None  # type: ignore[misc]
    with pytest.raises(TypeError):
        loaded.origins["x"] = "y"  # type: ignore[index]


def test_one_instance_may_be_asked_for(load: Load) -> None:
    text = "scheduler: {misfire_grace_time: 3600, coalesce: true, max_instances: 1}"
    assert load(text).config == load().config


def test_the_shares_of_the_budget_add_up(load: Load) -> None:
    assert math.isclose(sum(load().config.salience.budget.groups.values()), 1.0)
