"""SVG, element by element: every text and attribute is escaped, and numbers are short."""

from __future__ import annotations

from markupsafe import Markup, escape


def element(name: str, *content: str, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Its name.
        content: Elements (markup) and texts (escaped), in order.
        attributes: `class_` is `class`, `text_anchor` is `text-anchor`; one that is None is left out.
    """
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(content)
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup(opening), inside)  # noqa: S704 - escaped


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
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        role=role,
        aria_label=label,
    )


def linked(path: str, title: str, *content: str) -> Markup:
    """Return `content` as a link that says `title` when it is pointed at or read out."""
    return element("a", element("title", title), *content, href=path)


def _short(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
