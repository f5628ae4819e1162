"""Random small faults in our own sources: which line, what it becomes. A mutation changes one token of one line of a .cc file below src/."""

import dataclasses
import hashlib
import pathlib
import random
import re

# token -> what it becomes. Spaces around binary operators keep templates, includes and pointers out of it.
SWAPS = {
    " < ": [" <= ", " > "], " <= ": [" < "], " > ": [" >= ", " < "], " >= ": [" > "],
    " == ": [" != "], " != ": [" == "], " && ": [" || "], " || ": [" && "],
    " + ": [" - "], " - ": [" + "], " * ": [" / "], "++": ["--"],
    "true": ["false"], "false": ["true"], "std::min(": ["std::max("], "std::max(": ["std::min("],
    "break;": ["continue;"], "continue;": ["break;"],
}
NUMBER = re.compile(r"(?<![\w.'\"])(\d+)(?![\w.'\"])")
# Lines whose change is no change of behaviour that a test of ours should see: text, logs, sizes of buffers, asserts.
SKIPPED = re.compile(r"^\s*(//|#|using |namespace |constexpr |static constexpr )|Log(Debug|Info|Warn|Error)\(|CS_CHECK|CrashPoint|static_assert|reserve\(|kMutant")

# The folders whose faults unit tests and golden cases can see without a network, a broker or a browser.
FOLDERS = ("base", "market", "delta", "lake", "verify", "maintain", "live", "source")


@dataclasses.dataclass(frozen=True)
class Mutation:
    file: str  # below the root
    line: int  # from 1
    before: str
    after: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.before.strip()}  ->  {self.after.strip()}"


def outside_texts(line):
    """The line with texts and its comment blanked out, of the same length."""
    blank = re.sub(r'"(\\.|[^"\\])*"', lambda text: '"' + " " * (len(text[0]) - 2) + '"', line)
    at = blank.find("//")
    return blank if at < 0 else blank[:at] + " " * (len(blank) - at)


def mutations_of(line):
    """Every line that this one can become."""
    if SKIPPED.search(line):
        return []
    code, found = outside_texts(line), []
    for token, others in SWAPS.items():
        for match in re.finditer(re.escape(token), code):
            if token.isalpha() and re.search(rf"\w{token}|{token}\w", code[max(0, match.start() - 1):match.end() + 1]):
                continue
            found += [line[:match.start()] + other + line[match.end():] for other in others]
    for match in NUMBER.finditer(code):
        found.append(line[:match.start()] + str(int(match[1]) + 1) + line[match.end():])
    return found


def draw(root, seed, count):
    """`count` mutations of different files. What is drawn of a file depends on that file alone, so other changes do not reshuffle it."""
    files = [path for folder in FOLDERS for path in (pathlib.Path(root) / "src" / folder).glob("*.cc") if not path.stem.endswith("_test")]
    files.sort(key=lambda path: hashlib.sha256(f"{seed}/{path.parent.name}/{path.name}".encode()).digest())
    drawn = []
    for path in files:
        choices = [Mutation(str(path.relative_to(root)), number, line, changed)
                   for number, line in enumerate(path.read_text().splitlines(), 1) for changed in mutations_of(line)]
        if choices:
            drawn.append(random.Random(f"{seed}/{path.name}").choice(choices))
        if len(drawn) == count:
            break
    return drawn
