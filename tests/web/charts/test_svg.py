"""SVG is put together escaped."""

from __future__ import annotations

from zos.web.charts.svg import element, image, linked


def test_texts_and_attributes_are_escaped_and_elements_are_not() -> None:
    drawn = element("g", element("text", "<script>"), class_='a"b', text_anchor="end", x=None)
    assert drawn == '<g class="a&quot;b" text-anchor="end"><text>&lt;script&gt;</text></g>'


def test_numbers_have_one_decimal_at_most() -> None:
    assert element("rect", x=1.0, y=2.26, width=3) == '<rect x="1" y="2.3" width="3"></rect>'


def test_a_drawing_says_what_it_shows() -> None:
    drawn = image(10, 20.5, "Runs & fires", linked("/runs?a=1&b=2", "a < b"))
    assert 'viewBox="0 0 10 20.5"' in drawn
    assert 'aria-label="Runs &amp; fires"' in drawn
    assert '<a href="/runs?a=1&amp;b=2"><title>a &lt; b</title></a>' in drawn
