"""Decisions are numbered pages: docs/decisions/NNNN-words.md, beginning with "# NNNN Title"."""

import re

import tree


def decisions():
    return [path for path in tree.files() if path.parts[:2] == ("docs", "decisions") and path.name != "README.md"]


def test_there_are_decisions():
    assert decisions() != []


def test_each_has_its_number_and_title():
    wrong = []
    for path in decisions():
        match = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", path.name)
        first_line = tree.text(path).partition("\n")[0]
        if not match or not re.match(rf"# {match[1]}\W+\w", first_line):
            wrong.append(f"{path}: {first_line!r}")
    assert wrong == []


def test_no_number_is_used_twice():
    numbers = [path.name[:4] for path in decisions()]
    assert sorted(set(numbers)) == sorted(numbers)
