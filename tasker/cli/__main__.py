"""`tasker`: runs a command line and returns its exit code. Answers --version and --help itself.

Modules are imported only when needed, so these answers take little longer than the start of Python. The help texts in
prepared/ are generated from the parser by `packaging/prepare`; a test compares them.
"""

import sys

from tasker import __version__

HELP = ("--help", "-h")


def main(argv: list[str] | None = None) -> int:
    """Runs a command line (by default that of the process) and returns its exit code. Exit codes: exits.py."""
    words = sys.argv[1:] if argv is None else argv
    try:
        text = f"tasker {__version__}\n" if words == ["--version"] else _help(words)
        if text and sys.stdout is not None:
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # for locales without "…"
            sys.stdout.write(text)
            sys.stdout.flush()
            return 0
    except OSError as error:
        from tasker.cli import program

        return program.cut_off(error, words)
    import gc

    gc.disable()  # until the verb is imported (program.main): a collection would free nothing and take 10 % of the time
    from tasker.cli import program

    return program.main(words)


def _help(words: list[str]) -> str:
    """Returns the text for --help, VERB --help and help VERB; "" for any other command line."""
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
