"""The process that renders a description: `python -m addons.upload.sound.rendering TYPE`, the description in, what is wrong out.

It is nobody's command: the gateway starts it, as docutils needs any time and memory for some texts, keeps roles that one
document has made for the next, and is not made for threads. What it writes is nothing for a description that renders.
"""

import io
import sys

_MOST_MEMORY = 1 << 30  # bytes
_MOST_SAID = 2000  # characters of what is wrong: docutils repeats a whole document for some faults
_MOST_CPU = 20  # seconds: some ten times what a description of 1 MB takes


def main(kind: str) -> None:
    """Render what comes in by standard input."""
    if sys.platform != "win32":
        import resource  # there is none on Windows

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU, _MOST_CPU))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(fault(sys.stdin.buffer.read().decode("utf-8", "replace"), kind)[:_MOST_SAID])


def fault(text: str, kind: str) -> str:
    """Give why a description does not render, "" for one that does: `rst`, or markdown as `GFM` or `CommonMark`.

    Raises what docutils raises for what it has not thought of.
    """
    # Only this process needs them, and of the two only one: most of its time is spent on what it imports.
    if kind != "rst":
        from readme_renderer import markdown

        return "" if markdown.render(text, variant=kind) is not None else "Nothing of it can be shown."
    from readme_renderer import rst

    said = io.StringIO()
    return "" if rst.render(text, stream=said) is not None else said.getvalue() or "Nothing of it can be shown."


if __name__ == "__main__":
    main(sys.argv[1])
