"""`python -m zos` is `zos`."""

from zos.cli import main

main()
