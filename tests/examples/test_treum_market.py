"""TREUM's prices and what is made of them: ticks taken in, bars, indicators, signals measured, regimes, rankings."""

from __future__ import annotations

import math
import statistics
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from conftest import Connection, Treum

START = datetime(2025, 1, 6, tzinfo=UTC)
INGEST = "SELECT market_realtime.ingest('XETR', %s, %s, %s::numeric[], %s::numeric[])"


def closes(market: Connection, symbol: str, prices: list[float], span: timedelta = timedelta(days=1)) -> None:
    """Bars of a symbol with these closes, one after another."""
    with market.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO market_history.bar VALUES (%s, %s, %s, %s, %s, %s, %s, 1, 1)",
            [(symbol, span, START + number * span, price, price, price, price) for number, price in enumerate(prices)],
        )


def test_a_batch_is_sorted_out_and_nothing_is_lost(treum: Treum) -> None:
    treum.symbol("TICK")
    late = datetime.now(UTC) + timedelta(hours=1)
    batch = [
        ("TICK", START + timedelta(seconds=1), 10, 5),
        ("TICK", START + timedelta(seconds=9), 12, 1),
        ("TICK", START + timedelta(seconds=3), 11, 2),
        ("NONE", START, 10, 5),
        ("TICK", START, -1, 5),
        ("TICK", START, 10, -5),
        ("TICK", late, 10, 5),
    ]
    columns = [list(column) for column in zip(*batch, strict=True)]
    with treum.connect("market-data") as market:
        assert market.execute(INGEST, columns).fetchone() == (3,)
        quote = "SELECT price, updated_at FROM market_realtime.quote WHERE symbol = 'TICK'"
        assert market.execute(quote).fetchone() == (12, START + timedelta(seconds=9))
        refused = market.execute(
            "SELECT reason FROM market_realtime.rejected_tick WHERE tick ->> 'symbol' IN ('TICK', 'NONE') ORDER BY 1"
        ).fetchall()
        assert [reason for (reason,) in refused] == ["price", "size", "time", "unknown symbol"]
        # what comes late is a tick and not the last price
        assert market.execute(INGEST, (["TICK"], [START], [9], [1])).fetchone() == (1,)
        assert market.execute(quote).fetchone() == (12, START + timedelta(seconds=9))


def test_ticks_become_bars_and_bars_become_longer_bars(treum: Treum) -> None:
    treum.symbol("FOLD")
    day = START + timedelta(days=30)
    ticks = [(0, 10, 1), (20, 12, 2), (40, 9, 3), (59, 11, 4), (60, 20, 5), (3_599, 5, 6), (3_600, 7, 7)]
    times = [day + timedelta(seconds=second) for second, _, _ in ticks]
    with treum.connect("market-data") as market:
        market.execute(INGEST, (["FOLD"] * len(ticks), times, [p for _, p, _ in ticks], [s for _, _, s in ticks]))
        for _ in range(2):  # the second time changes nothing
            market.execute("CALL market_history.fold_ticks('1 minute', %s, %s)", (day, day + timedelta(days=1)))
            market.execute("CALL market_history.roll_up('1 minute', '1 hour', %s, %s)", (day, day + timedelta(days=1)))
            market.execute("CALL market_history.roll_up('1 hour', '1 day', %s, %s)", (day, day + timedelta(days=1)))
        bars = market.execute(
            "SELECT span, open, high, low, close, volume, ticks FROM market_history.bar WHERE symbol = 'FOLD'"
            " ORDER BY span, opened_at"
        ).fetchall()
    minute, hour, whole = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    assert bars == [
        (minute, 10, 12, 9, 11, 10, 4),
        (minute, 20, 20, 20, 20, 5, 1),
        (minute, 5, 5, 5, 5, 6, 1),
        (minute, 7, 7, 7, 7, 7, 1),
        (hour, 10, 20, 5, 5, 21, 6),
        (hour, 7, 7, 7, 7, 7, 1),
        (whole, 10, 20, 5, 7, 28, 7),
    ]


def test_a_bar_that_cannot_be_is_refused(treum: Treum) -> None:
    treum.symbol("WRONG")
    with treum.connect("market-data") as market, pytest.raises(psycopg.errors.CheckViolation):
        market.execute("INSERT INTO market_history.bar VALUES ('WRONG', '1 day', now(), 10, 9, 8, 9, 1, 1)")


def test_indicators_are_what_a_hand_computes(treum: Treum) -> None:
    treum.symbol("INDI")
    prices = [100 + 5 * math.sin(number / 3) + number / 10 for number in range(40)]
    with treum.connect("market-data") as market:
        closes(market, "INDI", prices)
        market.execute("CALL market_history.compute_indicators('1 day', %s)", (START,))
        rows = market.execute(
            "SELECT name, opened_at, value FROM market_history.indicator WHERE symbol = 'INDI'"
        ).fetchall()
    found = {(str(name), at): value for name, at, value in rows}
    assert len(found) == 4 * 21 + 26
    for last in (19, 30, 39):
        at = START + timedelta(days=last)
        window = prices[last - 19 : last + 1]
        assert found["sma20", at] == pytest.approx(statistics.fmean(window))
        assert found["bollinger_high", at] == pytest.approx(statistics.fmean(window) + 2 * statistics.pstdev(window))
        assert found["bollinger_low", at] == pytest.approx(statistics.fmean(window) - 2 * statistics.pstdev(window))
        average = prices[0]
        for price in prices[1 : last + 1]:
            average += 2 / 21 * (price - average)
        assert found["ema20", at] == pytest.approx(average)
        changes = [prices[i] - prices[i - 1] for i in range(last - 13, last + 1)]
        gained, lost = sum(c for c in changes if c > 0), -sum(c for c in changes if c < 0)
        assert found["rsi14", at] == pytest.approx(100 * gained / (gained + lost))


def test_old_bars_go_in_batches_with_what_was_computed_of_them(treum: Treum) -> None:
    treum.symbol("OLD")
    with treum.connect("market-data") as market:
        closes(market, "OLD", [float(price) for price in range(1, 31)], timedelta(minutes=2))
        market.execute("CALL market_history.compute_indicators('2 minutes', %s)", (START,))
        clean = "SELECT market_history.clean_up('2 minutes', %s, 10)"
        until = START + timedelta(minutes=50)
        assert [market.execute(clean, (until,)).fetchone() for _ in range(4)] == [(10,), (10,), (5,), (0,)]
        left = market.execute(
            "SELECT count(*), (SELECT min(opened_at) FROM market_history.indicator WHERE symbol = 'OLD')"
            " FROM market_history.bar WHERE symbol = 'OLD'"
        ).fetchone()
    assert left == (5, until)


def strategy(signals: Connection) -> int:
    (made,) = signals.execute(
        "INSERT INTO signals.strategy (name) VALUES (%s) RETURNING strategy_id", (str(uuid.uuid4()),)
    ).fetchone() or (0,)
    assert isinstance(made, int)
    return made


def test_signals_are_measured_by_the_market(treum: Treum) -> None:
    treum.symbol("SIGN")
    with treum.connect("market-data") as market:
        closes(market, "SIGN", [100, 110, 121, 60])
    with treum.connect("signals") as signals:
        mine = strategy(signals)
        for direction, confidence, first, last in (("long", 0.9, 1, 3), ("short", 0.6, 1, 3), ("short", 0.8, 3, 4)):
            signals.execute(
                "INSERT INTO signals.signal (strategy_id, symbol, direction, confidence, expected_return, issued_at,"
                " expires_at) VALUES (%s, 'SIGN', %s, %s, 0.01, %s, %s)",
                (mine, direction, confidence, START + timedelta(days=first), START + timedelta(days=last)),
            )
        # only what has expired, and each once
        evaluate = "SELECT signals.evaluate('1 day', %s)"
        assert signals.execute(evaluate, (START + timedelta(days=3),)).fetchone() == (2,)
        assert signals.execute(evaluate, (START + timedelta(days=9),)).fetchone() == (1,)
        assert signals.execute(evaluate, (START + timedelta(days=9),)).fetchone() == (0,)
        rates = signals.execute(
            "SELECT return_rate, correct FROM signals.outcome JOIN signals.signal USING (signal_id)"
            " WHERE strategy_id = %s ORDER BY signal_id",
            (mine,),
        ).fetchall()
        assert rates == [
            (pytest.approx(0.21), True),
            (pytest.approx(-0.21), False),
            (pytest.approx(1 - 60 / 121), True),
        ]
        signals.execute("SELECT signals.refresh()")
        accuracy = signals.execute(
            "SELECT signals, hit_rate::float8, brier_score::float8 FROM signals.accuracy WHERE strategy_id = %s",
            (mine,),
        ).fetchone()
    assert accuracy == (3, pytest.approx(2 / 3), pytest.approx((0.1**2 + 0.6**2 + 0.2**2) / 3))


def test_regimes_are_told_apart_and_never_overlap(treum: Treum) -> None:
    treum.symbol("MOOD")
    calm = [100 * (1 + 0.001 * (-1) ** number) for number in range(60)]
    rising = [100 * 1.01**number for number in range(60)]
    wild = [rising[-1] * (1 + 0.05 * (-1) ** number) for number in range(60)]
    with treum.connect("market-data") as market:
        closes(market, "MOOD", calm + rising + wild)
    with treum.connect("signals") as signals:
        found = signals.execute("SELECT signals.detect_regimes('MOOD', '1 day')").fetchone()
        again = signals.execute("SELECT signals.detect_regimes('MOOD', '1 day')").fetchone()
        assert found == again
        at = "SELECT regime FROM signals.regime WHERE symbol = 'MOOD' AND during @> %s::timestamptz"
        seen = [signals.execute(at, (START + timedelta(days=day),)).fetchone() for day in (40, 110, 170, 9_999)]
        assert seen == [("range",), ("trend_up",), ("volatile",), ("volatile",)]
        with pytest.raises(psycopg.errors.ExclusionViolation):
            signals.execute(
                "INSERT INTO signals.regime VALUES ('MOOD', tstzrange(%s, %s), 'range', 0)",
                (START + timedelta(days=40), START + timedelta(days=41)),
            )
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            signals.execute("SELECT signals.detect_regimes('MOOD', '1 day', 1)")


def test_strategies_are_ranked_by_the_evenness_of_their_returns(treum: Treum) -> None:
    made = {"steady": [10, 11, 9, 10], "lucky": [-20, 90, -30, 20], "losing": [-10, -12, -9, 1]}
    with treum.connect("signals") as signals:
        numbers = {}
        for name, profits in made.items():
            numbers[name] = strategy(signals)
            for finished in (True, False):  # what has not finished does not count
                (run,) = signals.execute(
                    "INSERT INTO backtesting.run (strategy_id, period, capital, finished_at)"
                    " VALUES (%s, '[2024-01-01,2025-01-01)', 1000, %s) RETURNING run_id",
                    (numbers[name], datetime.now(UTC) + timedelta(hours=1) if finished else None),
                ).fetchone() or (None,)
                for number, profit in enumerate(profits, 1):
                    signals.execute(
                        "INSERT INTO backtesting.trade (run_id, number, symbol, quantity, entry_price, exit_price,"
                        " opened_at, closed_at) VALUES (%s, %s, 'S', 1, 100, %s, %s, %s)",
                        (run, number, 100 + profit * (1 if finished else 2), START, START + timedelta(days=number)),
                    )
        signals.execute("SELECT signals.refresh()")
        ranked = signals.execute(
            "SELECT strategy_id, trades, return_rate, hit_rate, profit_factor, largest_drawdown"
            " FROM backtesting.ranking WHERE strategy_id = ANY (%s) ORDER BY place",
            (list(numbers.values()),),
        ).fetchall()
        assert [row[0] for row in ranked] == [numbers["steady"], numbers["lucky"], numbers["losing"]]
        assert ranked[1][1:] == (4, Decimal("0.06"), Decimal("0.5"), pytest.approx(Decimal("2.2")), Decimal("0.03"))
        assert ranked[0][4] is None  # it never lost
        compared = signals.execute(
            "SELECT measure, better FROM backtesting.compare(%s, %s)", (numbers["steady"], numbers["lucky"])
        ).fetchall()
    assert dict(compared) == {
        "return_rate": numbers["lucky"],
        "hit_rate": numbers["steady"],
        "profit_factor": None,
        "largest_drawdown": numbers["steady"],
        "quality": numbers["steady"],
    }
