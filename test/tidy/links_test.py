"""No document points at what is not there: links and their anchors, files named in documents and comments, pages that no index names."""

import pathlib
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
# A file of this project as documents and comments name it, from the root or from a folder above; a star stands for any letters,
# and NAME for a file that a recipe has its reader make.
NAMED = re.compile(r"(?<![\w/.-])((?:src|docs|test|tools|bench|web)/[\w./*-]*\w\.(?:cc|h|rs|py|md|ts|mjs|sh))\b")


def anchors(content):
    """The anchors of a page, as GitHub makes them out of its headings."""
    found = []
    for heading in HEADING.findall(FENCE.sub("", content)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.append(anchor if anchor not in found else f"{anchor}-{found.count(anchor)}")
    return found


def dead_links(path, content):
    if path.suffix != ".md":
        return
    for link in LINK.findall(FENCE.sub("", content)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (tree.ROOT / path.parent / target).resolve()
        if target and not file.exists():
            yield f"links to {target}, which is not there"
        elif anchor and anchor not in anchors(file.read_text() if target else content):
            yield f"links to {link}, which has no such heading"


def dead_names(path, content):
    if path.suffix not in tree.CODE | {".md"} or path.name == "CHANGELOG.md" or path.parts[0] == "test":
        return
    for name in sorted(set(NAMED.findall(content))):
        if "NAME" not in name and not any(any((tree.ROOT / folder).glob(name)) for folder in path.parents):
            yield f"names {name}, which is not there"


def indexed(folder):
    """The pages that a folder's index links to."""
    content = tree.text(folder / "README.md")
    return set(LINK.findall(content))


def missing_pages(folder, index):
    for path in tree.files():
        if path.parent == folder and path.suffix == ".md" and path.name != "README.md" and path.name not in index:
            yield f"{folder}/README.md does not name {path.name}"


DOCS, DECISIONS = pathlib.PurePosixPath("docs"), pathlib.PurePosixPath("docs/decisions")


def test_links_lead_somewhere():
    tree.assert_kept(dead_links)


def test_files_that_are_named_are_there():
    tree.assert_kept(dead_names)


def test_every_page_is_in_its_index():
    found = [*missing_pages(DOCS, indexed(DOCS)), *missing_pages(DECISIONS, indexed(DECISIONS))]
    assert not found, "\n" + "\n".join(found)


def test_readme_leads_to_the_index():
    assert "docs/README.md" in indexed(pathlib.PurePosixPath("."))


def test_the_rules_see_what_they_forbid():
    page = pathlib.PurePosixPath("docs/x.md")
    assert list(dead_links(page, "[x](no-such-page.md)")) != []
    assert list(dead_links(page, "![x](no-such-picture.png)")) != []
    assert list(dead_links(page, "# One\n[x](#two)")) != []
    assert list(dead_links(page, "[x](../README.md#no-such-heading)")) != []
    assert list(dead_links(page, "# One `two`: three\n[x](#one-two-three), [y](../README.md), [z](https://example.org/x)")) == []
    assert list(dead_names(page, "`src/base/no_such_file.cc`")) != []
    assert list(dead_names(page, "`src/base/log.cc`, `src/base/lo*.h`, `src/sink/NAME.h`")) == []
    assert list(missing_pages(DOCS, indexed(DOCS) - {"api.md"})) != []
