from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader, TemplateError, TemplateSyntaxError, UndefinedError

from zos.prompts.blocks import Trusted
from zos.prompts.sandbox import (
    MAX_OUTPUT_CHARACTERS,
    PromptEnvironment,
    TooMuchError,
    bounded,
    repetition_budget,
)


def render(source: str, *, others: dict[str, str] | None = None, **data: Any) -> str:
    environment = PromptEnvironment(DictLoader({"it": source, **(others or {})}))
    return bounded(environment.get_template("it").generate(**data, **repetition_budget()))


def test_it_prints_chooses_repeats_and_includes() -> None:
    source = "{% if a > 1 %}{% for x in xs %}{{ loop.index }}{{ x }} {% endfor %}{% endif %}{% include 'b' %}"
    assert render(source, others={"b": "end {{ a }}"}, a=2, xs=["p", "q"]) == "1p 2q end 2"


def test_plain_strings_become_one_harmless_line_and_trusted_ones_stay() -> None:
    assert render("{{ x }}", x="<b>\nc") == "‹b› c"
    assert render("{{ x }}", x=Trusted("<b>\nc")) == "<b>\nc"
    assert render("{{ xs|join(', ') }}", xs=[Trusted("<b>"), "c"]) == "‹b›, c"
    assert render("{{ xs }}", xs=["<b>"]) == "['‹b›']"


@pytest.mark.parametrize(
    "source",
    [
        "{{ x.upper() }}",
        "{{ range(3) }}",
        "{{ cycler }}",
        "{% set y = 1 %}",
        "{{ 1 + 1 }}",
        "{{ 'a' * 9 }}",
        "{{ 'a' ~ 'b' }}",
        "{{ 2 ** 9 }}",
        "{% macro f() %}{% endmacro %}",
        "{% import 'it' as it %}",
        "{% from 'it' import f %}",
        "{% for a in x recursive %}{% endfor %}",
        "{% call f() %}{% endcall %}",
        "{% filter upper %}{% endfilter %}",
        "{% with a = 1 %}{% endwith %}",
        "{% raw %}{{ x|center(9) }}{% endraw %}{{ x|center(9) }}",
        "{{ x|attr('upper') }}",
        "{{ x is sameas x }}",
        "{{ x[0:2] }}",
        "{{ x.__class__ }}",
        "{{ x['__class__'] }}",
        "{{ _repetitions }}",
        "{{ _counted }}",
        "{{ x|_counted }}",
        "{% include x %}",
        "{% include ['it', 'that'] %}",
        "{% extends x %}",
        "{% do x.append(1) %}",
    ],
)
def test_nothing_else_can_be_written(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, x="abc")


def test_a_mistake_names_its_line() -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        render("one\ntwo {{ x.y() }}")
    assert (caught.value.lineno, caught.value.message) == (2, "no call in a prompt")


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("{{ nobody }}")


def test_repetitions_are_bounded_however_they_nest() -> None:
    source = "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}"
    assert not render(source, x=range(20))
    with pytest.raises(TooMuchError, match="repeats"):
        render(source, x=range(100))


def test_repetitions_of_included_prompts_count_too() -> None:
    inner = "{% for b in x %}{% endfor %}"
    with pytest.raises(TooMuchError, match="repeats"):
        render("{% for a in x %}{% include 'b' %}{% endfor %}", others={"b": inner}, x=range(200))


def test_output_is_bounded() -> None:
    piece = Trusted("x" * 1_000)
    with pytest.raises(TooMuchError, match="prints"):
        render(
            "{% for a in x %}{{ p }}{% endfor %}",
            x=range(MAX_OUTPUT_CHARACTERS // 1_000 + 1),
            p=piece,
        )


def test_each_rendering_has_its_own_bounds() -> None:
    environment = PromptEnvironment(DictLoader({"it": "{% for a in x %}.{% endfor %}"}))
    for _ in range(3):
        pieces = environment.get_template("it").generate(x=range(15_000), **repetition_budget())
        assert len(bounded(pieces)) == 15_000
