"""`tasker`: argv in, exit code out. What is asked most often, --version and --help, is answered here, at once.

Imports nothing before it knows that it has to: those answers take little longer than Python's own start. The texts in
prepared/ are what the parser would print; `packaging/prepare` writes them and a test compares.
"""

import sys

from tasker import __version__

HELP = ("--help", "-h")


def main(argv: list[str] | None = None) -> int:
    """Run one command line (that of the process by default) and return its exit code. Exit codes: exits.py."""
    words = sys.argv[1:] if argv is None else argv
    try:
        text = f"tasker {__version__}\n" if words == ["--version"] else _help(words)
        if text and sys.stdout is not None:
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # where there is no "…"
            sys.stdout.write(text)
            sys.stdout.flush()
            return 0
    except OSError as error:
        from tasker.cli import program

        return program.cut_off(error, words)
    import gc

    gc.disable()  # until the verb is imported (program.main): collecting there finds nothing and takes a tenth longer
    from tasker.cli import program

    return program.main(words)


def _help(words: list[str]) -> str:
    """The text, where nothing but help is asked for: --help, VERB --help, help VERB. Else ""."""
    if words[-1:] and words[-1] in HELP:
        names = words[:-1]
    elif words[:1] == ["help"]:
        names = words[1:]
    else:
        return ""
    name = "-".join(["tasker", *names])
    if len(names) > 2 or not name.replace("-", "").isalnum():
        return ""
    try:
        with open(f"{__file__.rpartition('/')[0]}/prepared/{name}.txt", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
