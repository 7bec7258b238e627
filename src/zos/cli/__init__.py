"""The command line: arguments in, a table or JSON out, and an exit code that means something."""


def main() -> None:
    """Run the command that the process was started with."""
    from zos.cli.app import cli

    cli(prog_name="zos")
