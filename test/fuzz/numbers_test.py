"""Numbers read by the program against exact arithmetic (fractions of Python's decimals): the nearest double, microseconds cut exactly."""

import fractions
import math
import os
import pathlib
import random
import re
import subprocess

import pytest

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ODD = ["0", "-0", "0.0", "1e999", "-1e999", "1e-400", "1e-323", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324",
       "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "9007199254740993", "9007199254740992.5",
       "0.1", "123456789012345678901234567890", "1." + "0" * 300 + "1", "0." + "0" * 300 + "1", "9223372036854.775807", "9223372036854.775808",
       "-9223372036854.775808", "1723161254.0878917", "1e6", "1E+06", "01", "1.", ".5", "+1", "1e", "--1", "NaN", "Infinity", "", " 1", "1 ",
       "0x10", "1_000", "1e5000000000", "0e999999999999", "1e-99999999999"]


def texts(draw, count):
    yield from ODD
    digits = lambda least, most: "".join(draw.choice("0123456789") for _ in range(draw.randint(least, most)))
    for _ in range(count):
        whole = draw.choice(["0", str(draw.randint(1, 9)) + digits(0, draw.choice([3, 20, 60]))])
        part = "." + digits(1, draw.choice([2, 17, 60])) if draw.random() < 0.7 else ""
        power = draw.choice("eE") + draw.choice(["", "+", "-"]) + str(draw.choice([0, 1, 5, 22, 300, 310, 330])) if draw.random() < 0.3 else ""
        yield draw.choice(["", "-"]) + whole + part + power
        near = draw.getrandbits(62) * 2.0 ** draw.randint(-900, 900)  # and texts halfway between two doubles
        above = fractions.Fraction(near) + fractions.Fraction(abs(near - math.nextafter(near, 9e999))) / 2
        if above.denominator == 1 and above.numerator < 10 ** 300:
            yield str(above.numerator)


def exact(text):
    """The value of a JSON number; None when the text is none. Exponents beyond any double are cut to keep the fraction small."""
    if not NUMBER.fullmatch(text):
        return None
    mantissa, _, power = text.lower().partition("e")
    power = max(-5000, min(5000, int(power or 0)))
    return fractions.Fraction(mantissa) * fractions.Fraction(10) ** power


def nearest(value):
    """Python divides integers to the nearest double; too large is None, and so is what would become 0."""
    try:
        rounded = value.numerator / value.denominator
    except OverflowError:
        return None
    return None if rounded == 0 and value != 0 else rounded


def cut(value):
    scaled = value * 10 ** 6
    whole = abs(scaled.numerator) // scaled.denominator * (1 if scaled >= 0 else -1)
    return whole if abs(whole) < 2 ** 63 else None  # the least int64 stands for "no time" and is no answer


@pytest.mark.parametrize("seed, count", [(1, 4000), pytest.param(2, 100_000, marks=pytest.mark.long)])
def test_numbers_are_the_nearest_double_and_exact_microseconds(seed, count):
    tool = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream")).resolve().parent / "numbers_tool"
    cases = list(texts(random.Random(seed), count))
    answers = subprocess.run([tool], input="".join(text + "\n" for text in cases), check=True, capture_output=True, text=True).stdout
    for text, answer in zip(cases, answers.splitlines(), strict=True):
        value = exact(text)
        double, micros = answer.split()
        assert (None if double == "-" else float.fromhex(double)) == (None if value is None else nearest(value)), text
        assert (None if micros == "-" else int(micros)) == (None if value is None else cut(value)), text
