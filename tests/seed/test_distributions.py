"""Whether numbers fall as they are said to, by tests of goodness of fit; a draw that is a little off fails them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import NormalDist

import pytest

from freehold.seed.calendar import DAILY, WEEKLY
from freehold.seed.exact import above, exp, ln, power
from freehold.seed.moments import DAY, HOUR, parse_moment, weekday
from freehold.seed.spread import shuffle
from freehold.seed.stream import Stream
from freehold.seed.weights import Alias, Ranks
from support.seeding import column, drawn, makers, table

ROWS = 50_000


def ks(values: Sequence[float], share_below: Callable[[float], float]) -> float:
    """The statistic of Kolmogorov and Smirnov, times the root of the number of values; above 1.95 is one in a
    thousand."""
    ordered = sorted(values)
    count = len(ordered)
    worst = max(
        max(abs((at + 1) / count - share_below(value)), abs(at / count - share_below(value)))
        for at, value in enumerate(ordered)
    )
    return worst * math.sqrt(count)


def chi_square(seen: Counter[object], expected: dict[object, float]) -> float:
    """How many standard deviations Pearson's statistic lies above its mean; above 4 never happens by chance."""
    assert set(seen) <= set(expected)
    total = sum(seen.values())
    statistic = sum((seen[value] - share * total) ** 2 / (share * total) for value, share in expected.items())
    degrees = len(expected) - 1
    return (statistic - degrees) / math.sqrt(2 * degrees)


def numbers(recipe: str) -> list[float]:
    return [float(str(value)) for value in drawn(recipe, ROWS, "float8")]


NORMAL = NormalDist()
FITS: dict[str, tuple[str, Callable[[float], float]]] = {
    "normal": ("{normal: {mean: 5, deviation: 2}}", NormalDist(5, 2).cdf),
    "lognormal": ("{lognormal: {median: 10, spread: 0.7}}", lambda x: NORMAL.cdf(math.log(x / 10) / 0.7)),
    "pareto": ("{pareto: {least: 3, shape: 1.5}}", lambda x: 1 - (3 / x) ** 1.5),
    "exponential": ("{exponential: 4}", lambda x: 1 - math.exp(-x / 4)),
    "uniform": ("{uniform: {from: 0, to: 1, decimals: 12}}", lambda x: min(1, max(0, x))),
}


@pytest.mark.parametrize("name", sorted(FITS))
def test_numbers_have_their_distribution(name: str) -> None:
    recipe, share_below = FITS[name]
    assert ks(numbers(recipe), share_below) < 1.95


@pytest.mark.parametrize("name", sorted(FITS))
def test_a_draw_that_is_a_little_off_is_caught(name: str) -> None:
    recipe, share_below = FITS[name]
    assert ks([value * 1.03 + 0.01 for value in numbers(recipe)], share_below) > 1.95


def test_the_tails_reach_where_they_should() -> None:
    values = numbers("{normal: {decimals: 9}}")
    for z in (2.5, 3.0, 3.5):
        expected = ROWS * (1 - NORMAL.cdf(z))
        found = sum(value > z for value in values)
        assert abs(found - expected) < 4 * math.sqrt(expected) + 1, z


def test_a_choice_keeps_its_weights() -> None:
    seen = Counter(drawn("{choice: {a: 70, b: 20, c: 9, d: 1, never: 0}}", ROWS))
    assert chi_square(seen, {"a": 0.7, "b": 0.2, "c": 0.09, "d": 0.01}) < 4
    assert chi_square(seen, {"a": 0.69, "b": 0.21, "c": 0.09, "d": 0.01}) > 4


def test_ranks_fall_as_zipf_says_also_in_buckets() -> None:
    for count, exponent in ((50, 1.0), (50, 0.5), (5000, 1.2), (5000, 1.0)):
        seen = Counter(
            value - 1
            for value in map(int, map(str, drawn(f"{{zipf: {{count: {count}, exponent: {exponent}}}}}", ROWS, "int8")))
        )
        weights = [(rank + 1) ** -exponent for rank in range(count)]
        edges = [0, 1, 2, 3, 5, 10, 20, 50, *([100, 300, 700, 1500, 3000, count] if count > 50 else [])]
        groups: Counter[object] = Counter()
        expected: dict[object, float] = {}
        for low, high in pairwise(edges):
            groups[low] = sum(seen[rank] for rank in range(low, high))
            expected[low] = sum(weights[low:high]) / sum(weights)
        assert chi_square(groups, expected) < 4, (count, exponent)


def test_the_alias_of_a_single_or_an_empty_weight() -> None:
    assert Alias([3]).picks([1, 2**63]) == [0, 0]
    assert set(Alias([0, 1, 0]).picks(Stream.of("1").words(range(1000)))) == {1}
    assert Ranks(1, 1.0).picks([5, 2**64 - 1], [7, 8]) == [0, 0]


def test_moments_keep_the_profile_of_days_and_hours() -> None:
    recipe = "{timestamp: {from: 2025-01-06, to: 2025-12-29, daily: business, weekly: weekdays, order: %s}}"
    for order in ("random", "rising"):
        found = [int(str(value)) for value in drawn(recipe % order, ROWS, "timestamptz")]
        days = Counter(weekday(value // DAY) for value in found)
        hours = Counter(value % DAY // HOUR for value in found)
        weekly, daily = WEEKLY["weekdays"], DAILY["business"]
        assert chi_square(Counter(days), {d: w / sum(weekly) for d, w in enumerate(weekly)}) < 4
        assert chi_square(Counter(hours), {h: w / sum(daily) for h, w in enumerate(daily)}) < 4
        assert chi_square(Counter(hours), dict.fromkeys(range(24), 1 / 24)) > 100
        inside = [value % HOUR / HOUR for value in found]
        assert ks(inside, lambda x: min(1, max(0, x))) < 1.95
        assert min(found) >= parse_moment("2025-01-06")
        assert max(found) < parse_moment("2025-12-29")
    assert found == sorted(found)


def test_moments_are_multiples_of_the_step_and_within_an_odd_window() -> None:
    recipe = "{timestamp: {from: 2025-01-01 10:17:03, to: 2025-01-01 12:05:59, step: 1s}}"
    found = [int(str(value)) for value in drawn(recipe, 5000, "timestamptz")]
    assert {value % 1_000_000 for value in found} == {0}
    assert parse_moment("2025-01-01 10:17:03") <= min(found) < parse_moment("2025-01-01 10:17:20")
    assert parse_moment("2025-01-01 12:05:40") < max(found) < parse_moment("2025-01-01 12:05:59")


@pytest.mark.parametrize("spread", ["", ", exponent: 1"])
def test_children_fall_on_parents_as_asked(spread: str) -> None:
    text = f"tables: {{s.t: {{columns: {{x: {{foreign: {{to: s.p(id){spread}}}}}}}}}}}"
    tables = [table("s.t", [column("x", "int8")]), table("s.p", [column("id", "int8")], [["id"]])]
    made = makers(text, tables, {"s.t": ROWS, "s.p": 200}).of(tables[0].name)
    assert made is not None
    seen = Counter(made.values("x", range(ROWS)))
    if not spread:
        assert chi_square(Counter(seen), dict.fromkeys(range(1, 201), 1 / 200)) < 4
    else:
        weights = [1 / rank for rank in range(1, 201)]
        shares = [count / ROWS for _, count in seen.most_common(3)]
        assert shares == pytest.approx([weight / sum(weights) for weight in weights[:3]], rel=0.06)
        assert seen.most_common(1)[0][0] != 1, "the most popular parent is any of them, not the first"


def test_a_shuffle_meets_every_row_once() -> None:
    for count in (*range(1, 60), 97, 128, 1000, 4095, 30030):
        factor, shift = shuffle(count, Stream.of("1", str(count)))
        assert len({(row * factor + shift) % count for row in range(count)}) == count


def test_the_exact_functions_are_those_of_the_library_to_fourteen_digits() -> None:
    for number in (1e-300, 0.001, 0.5, 0.999, 1.0, 1.001, 2.0, 10.0, 12345.678, 1e300):
        assert ln(number) == pytest.approx(math.log(number), rel=1e-14, abs=1e-15)
    for number in (-700.0, -30.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 20.0, 700.0):
        assert exp(number) == pytest.approx(math.exp(number), rel=1e-13)
    assert power(7.0, -1.3) == pytest.approx(7**-1.3, rel=1e-13)
    for z in (0.0, 0.5, 1.0, 2.0, 4.0, 5.0):
        assert above(z) == pytest.approx(1 - NORMAL.cdf(z), abs=1e-12)


def test_the_bits_are_even() -> None:
    words = Stream.of("7", "even").words(range(ROWS))
    for bit in range(0, 64, 7):
        ones = sum(word >> bit & 1 for word in words)
        assert abs(ones - ROWS / 2) < 4 * math.sqrt(ROWS / 4)
    assert chi_square(Counter(word % 97 for word in words), dict.fromkeys(range(97), 1 / 97)) < 4
    pairs = Counter((a >> 61, b >> 61) for a, b in pairwise(words))
    assert chi_square(Counter(pairs), {(a, b): 1 / 64 for a in range(8) for b in range(8)}) < 4
