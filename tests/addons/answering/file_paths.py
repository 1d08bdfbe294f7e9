"""The ways to write where a file lies."""

from tests.fakepypi import FakeFile


def spellings(path: str) -> list[str]:
    """Other ways to write the path of a file that lies under its hash."""
    first, second, digest, filename = path.removeprefix("/packages/").split("/")
    return [
        path,
        f"/packages/{first.upper()}/{second.upper()}/{digest.upper()}/{filename}",
        f"/packages/{first}/{second}/{digest}/{''.join(f'%{ord(letter):02x}' for letter in filename)}",
        "/" + "".join(f"%{ord(letter):02X}" if letter != "/" else "/" for letter in path[1:]),
        f"{path}?x=1&sha256=00",
        f"{path}?",
        f"{path}#sha256=00&egg=demo",
    ]


def predictable(file: FakeFile, part: str = "") -> list[str]:
    """The URLs of a file that people make up from its name."""
    return [
        f"/packages/{kind}/{file.project[0]}/{file.project}/{file.filename}{part}"
        for kind in ("source", "py3", "py2.py3", "cp312", "any")
    ]
