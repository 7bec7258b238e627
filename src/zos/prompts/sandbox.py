"""The sandbox of templates: they print, choose and repeat, and can do nothing else.

A template is data from a folder. Its syntax tree may hold only the node types and filters named
here; there is no call, no assignment and no arithmetic, so that nothing can be run, grown or
looked up that was not handed over. Repetitions are counted, output is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from zos.prompts.blocks import Trusted, inline

MAX_REPETITIONS = 20_000
MAX_OUTPUT_CHARACTERS = 1_000_000

_COUNTED = "_counted"
_BUDGET = "_repetitions"
_FILTERS = frozenset(
    {"count", "default", "first", "join", "last", "length", "lower", "round", "upper"}
)
_TESTS = frozenset(
    {
        "defined",
        "divisibleby",
        "eq",
        "even",
        "ge",
        "gt",
        "in",
        "le",
        "lt",
        "ne",
        "none",
        "odd",
        "undefined",
    }
)
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Include,
    nodes.Extends,
    nodes.Block,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.List,
    nodes.Tuple,
    nodes.Keyword,
)


class TooMuchError(Exception):
    """The template repeats or prints more than a prompt can need."""


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The Jinja environment of all prompts.

    Args:
        loader: Where the templates are.
    """

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            finalize=_printed,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=200,
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS} | {_COUNTED: _counted}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _check(tree, name)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
        return tree


def bounded(pieces: Iterable[str]) -> str:
    """Return the joined output of a template.

    Raises:
        TooMuchError: If it grows past a million characters.
    """
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT_CHARACTERS:
            raise TooMuchError(f"it prints more than {MAX_OUTPUT_CHARACTERS:,} characters")
        kept.append(piece)
    return "".join(kept)


def repetition_budget() -> dict[str, Any]:
    """Return the variable that counts the repetitions of one rendering."""
    return {_BUDGET: [MAX_REPETITIONS]}


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    budget = context[_BUDGET]
    for item in items:
        budget[0] -= 1
        if budget[0] < 0:
            raise TooMuchError(f"it repeats more than {MAX_REPETITIONS:,} times")
        yield item


def _check(tree: nodes.Template, name: str | None) -> None:
    for node in _walk(tree):
        refusal = _refusal(node)
        if refusal:
            raise TemplateSyntaxError(f"{refusal} in a prompt", node.lineno, name)


def _refusal(node: nodes.Node) -> str:
    if not isinstance(node, _NODES):
        return f"no {type(node).__name__.lower()}"
    if isinstance(node, nodes.For) and node.recursive:
        return "no recursive loop"
    if isinstance(node, (nodes.Include, nodes.Extends)) and not isinstance(
        node.template, nodes.Const
    ):
        return "no computed name of a prompt"
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        return f"no filter {node.name!r}"
    if isinstance(node, nodes.Name) and node.name.startswith("_"):
        return f"no name {node.name!r}"
    return ""


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _printed(value: object) -> object:
    """Print numbers and trusted text as they are, and make every other value one harmless line."""
    if isinstance(value, (Trusted, int, float)):
        return value
    return inline(str(value))
