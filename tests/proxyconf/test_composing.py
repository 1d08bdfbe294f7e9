import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxyconf.composing import Odd, composed
from proxyconf.nodes import MAX_DEPTH, slow_tree, tree
from proxyconf.reading import default_text
from proxyconf.syntax import Fault

LINES = [
    *default_text().splitlines(),
    "policies:",
    "- deny:",
    "  - project: x",
    "    reason: 'it''s so'",
    "- {a: [b, 'c']}",
]
LINES += [
    '    files: &x [a, "b\\u00e9"]',
    "    also: *x",
    "    reason: >-",
    "      words",
    "    <<: *x",
    "---",
    "# é \U0001f600",
]
PIECES = [
    *" \n:-?[]{},#&*!|>'\"%@~=.01an\r\t",
    ": ",
    " #",
    "- ",
    "\n  ",
    "é",
    "\xa0",
    "\ufeff",
    "\u2028",
    "'x'",
    "|\n",
    "\r\n",
]
MARGINS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
TEXTS = st.one_of(
    MARGINS,
    st.builds("{2}{0}{1}".format, MARGINS, MARGINS, st.lists(st.sampled_from(LINES), max_size=6).map("\n".join)),
    st.builds(lambda lines, cut, put: "\n".join(lines)[:cut] + put + "\n".join(lines)[cut:], *(
        st.lists(st.sampled_from(LINES), max_size=6), st.integers(0, 150), MARGINS)),
)  # fmt: skip


def drawn(node: yaml.Node | None, over: tuple[int, ...] = ()) -> object:
    """Give what counts of a node: its tag, its place and its value; nothing of one that stands in itself."""
    if node is None or id(node) in over:
        return None
    over = (*over, id(node))
    own = (node.tag, node.start_mark.line, node.start_mark.column)
    if isinstance(node, yaml.ScalarNode):
        return (*own, node.value)
    if isinstance(node, yaml.SequenceNode):
        return (*own, [drawn(each, over) for each in node.value])
    return (*own, [(drawn(key, over), drawn(value, over)) for key, value in node.value])


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example("a:\tb")
@example(">#")
@example("?")
@example("---")
@example("{a: }")
@example("[1,2<<: ]")
@example("[a?b]")
@example("a: &x [*x]")
@example("a: &x 1\nb: &x 2")
@example("%YAML 1.2\n---\na: 1")
@example("a: 1\n---\nb: 2")
@example("\ufeffa: 1\nb: \ufeff")
@example('a: "\\ud800"')
def test_composed__any_text__is_as_pyyaml_composes_it_or_odd(text: str) -> None:
    """What libyaml reads means the same, and stands in the same places, as in PyYAML's own parser; else it says nothing."""
    try:
        fast = composed(text, MAX_DEPTH)
    except Odd:
        return
    assert drawn(fast) == drawn(slow_tree(text))


def test_composed__an_ordinary_configuration__is_not_odd() -> None:
    """The fast road is taken by what people write, or it would be none."""
    assert drawn(composed(default_text(), MAX_DEPTH)) == drawn(slow_tree(default_text()))
    written = 'policies:\r\n- deny: &a\r\n  - project: x # é\r\n    reason: what? "so" it\'s\r\n- yank: *a\r\n'
    assert drawn(composed(written, MAX_DEPTH)) == drawn(slow_tree(written))


def test_composed__without_libyaml__leaves_all_to_pyyaml() -> None:
    """PyYAML is also built without it; a configuration is then read as slowly as ever."""
    with pytest.raises(Odd):
        composed("a: 1", MAX_DEPTH, libyaml=False)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "[" * 22 + "]" * 22, "&a [" + "*a, " * 9]
)
def test_tree__of_what_has_no_bottom__is_a_fault_in_pyyamls_words(text: str) -> None:
    """No depth of a text is one of the machine's stack, and every fault has the words and the place of one parser."""
    with pytest.raises(Fault) as raised:
        tree(text)
    with pytest.raises(Fault) as expected:
        slow_tree(text)
    told = [(str(each.value), each.value.line, each.value.column) for each in (raised, expected)]
    assert told[0] == told[1]
