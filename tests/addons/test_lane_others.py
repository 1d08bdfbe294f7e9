"""Who else is in a mitmproxy, and whether the lane may answer beside them."""

from collections.abc import AsyncIterator

import pytest
from mitmproxy import http
from mitmproxy.addons import default_addons, dumper, view
from mitmproxy.master import Master
from mitmproxy.options import Options

from addons.lane_others import OPTION, Others


class Looker:
    """Somebody else's addon."""

    def __init__(self, name: str) -> None:
        self.name = name

    def response(self, flow: http.HTTPFlow) -> None:
        """See flows."""


class Bystander:
    """Somebody else's addon that has nothing to do with flows."""

    name = "bystander"

    def running(self) -> None:
        """See none."""


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    """All that mitmdump brings along, with none of its options set."""
    master = Master(Options())
    master.options.add_option(OPTION, bool, True, "")
    master.addons.add(*default_addons(), dumper.Dumper())
    yield master
    await master.done()


def open_(others: Others) -> bool:
    """Ask."""
    return others.leave_it_to_us


def test_lane__in_mitmdump_as_it_is__may_answer(master: Master) -> None:
    """Of mitmproxy's own addons none does anything with a flow until it is told to."""
    assert open_(Others(master, ()))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (OPTION, False),
        ("anticache", True),
        ("anticomp", True),
        ("block_list", ["|~all|403"]),
        ("hardump", "flows.har"),
        ("map_local", [f"|example.org|{__file__}"]),
        ("map_remote", ["|http://a|http://b"]),
        ("modify_body", ["/~q/a/b"]),
        ("modify_headers", ["/~q/a/b"]),
        ("onboarding_host", "pypi.org"),
        ("proxyauth", "any"),
        ("stickyauth", ".*"),
        ("stickycookie", ".*"),
        ("upstream_auth", "me:mine"),
    ],
)
def test_lane__beside_an_option_that_concerns_flows__stands_aside(master: Master, option: str, value: object) -> None:
    """What an operator asks of mitmproxy, mitmproxy does; the lane comes back with the default."""
    others = Others(master, ())
    assert open_(others)
    default = getattr(master.options, option)
    master.options.update(**{option: value})
    others.forget()
    assert not open_(others)
    master.options.update(**{option: default})
    others.forget()
    assert open_(others)


@pytest.mark.parametrize("other", [Looker("one"), view.View()], ids=["a user's", "mitmweb's"])
def test_lane__beside_an_addon_that_sees_flows__stands_aside(master: Master, other: object) -> None:
    """Whatever is not known to be idle wants to see what it came for; when it is gone the lane is back."""
    others = Others(master, ())
    assert open_(others)
    master.addons.add(other)
    assert not open_(others)
    master.addons.remove(other)
    assert open_(others)


def test_lane__beside_addons_without_flows__may_answer(master: Master) -> None:
    """An addon that has no such hooks is none of the lane's business."""
    master.addons.add(Bystander())
    assert open_(Others(master, ()))


def test_lane__when_one_addon_takes_anothers_place__looks_again(master: Master) -> None:
    """A script that is loaded anew has its old name, and may have new hooks."""
    others = Others(master, ())
    bystander = Bystander()
    master.addons.add(bystander)
    assert open_(others)
    master.addons.remove(bystander)
    master.addons.add(Looker("bystander"))
    assert not open_(others)


def test_lane__without_one_of_the_gateways_addons__stands_aside(master: Master) -> None:
    """The lane never answers where the flow road would be cut off."""
    others = Others(master, ("wheelgate-guard", "wheelgate-flow-road"))
    master.addons.add(Looker("wheelgate-guard"))
    assert not open_(others)
    master.addons.add(Looker("wheelgate-flow-road"))
    assert open_(others)
