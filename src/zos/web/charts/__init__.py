"""Charts: pure functions from rows to SVG. Classes, no styles: how they look stands in `zos.css`."""
