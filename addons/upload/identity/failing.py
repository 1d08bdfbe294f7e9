"""Why nobody is proven to be anybody, as the services say it: what they raise. The words never have a secret. Pure."""


def printable(text: str) -> str:
    """Give a text as lines may have it: printable ASCII, with all else escaped."""
    return "".join(each if " " <= each <= "~" else ascii(each)[1:-1] for each in text)


class NotProven(Exception):
    """What is said proves nothing here. `words` are printable ASCII, without a line's beginning."""

    start = ""

    @property
    def line(self) -> str:
        """The reason line, as an author reads it (UPL-23)."""
        return f"{self.start}{printable(str(self))}"[:500]


class Wrong(NotProven):
    """A token or a password that nobody has: it counts against the address that it came from."""

    start = "Invalid or non-existent authentication information. "


class Unsaid(NotProven):
    """Nothing is said, or nothing that can be read."""

    start = "Invalid or non-existent authentication information. "


class Unfit(NotProven):
    """It is proven who it is, and that one may not upload, or not with this."""

    start = "Invalid API Token: "


class NotAsked(NotProven):
    """A service that could not be asked, or did not answer as such a service does."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service} could not be asked who you are: {why}; try again")


class TooMany(NotProven):
    """So much was wrong from an address that nothing more from there is looked at for now."""

    def __init__(self) -> None:
        super().__init__("too many wrong tokens or passwords came from this address; try again in a minute")
