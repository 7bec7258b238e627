"""SVG, element by element: every text and attribute is escaped, and numbers are short."""

from __future__ import annotations

from functools import cache
from html import escape

from markupsafe import Markup


def element(name: str, *content: str, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Its name.
        content: Elements (markup) and texts (escaped), in order.
        attributes: `class_` is `class`, `text_anchor` is `text-anchor`; one that is None is left out.
    """
    opening = [
        f' {_attribute(key)}="{_written(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    inside = [part if isinstance(part, Markup) else escape(part) for part in content]
    drawn = f"<{name}{''.join(opening)}>{''.join(inside)}</{name}>"
    return Markup(drawn)  # noqa: S704 - all of it is escaped


def image(width: float, height: float, label: str, *content: str, role: str = "img") -> Markup:
    """Return a drawing of that size in pixels.

    Args:
        width: Its width.
        height: Its height.
        label: What it shows, for those who do not see it.
        content: What is drawn, back to front.
        role: `img`; `group` if there are links in it.
    """
    return element(
        "svg",
        *content,
        width=width,
        height=height,
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        role=role,
        aria_label=label,
    )


def linked(path: str, title: str, *content: str) -> Markup:
    """Return `content` as a link that says `title` when it is pointed at or read out."""
    return element("a", element("title", title), *content, href=path)


@cache
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value) if isinstance(value, int) else escape(str(value))
