-- market_realtime.tick_symbol_idx: the last trades of a symbol, from the index alone
SELECT occurred_at, price, size FROM market_realtime.tick WHERE symbol = 'S7' ORDER BY occurred_at DESC LIMIT 50;

-- market_realtime.tick_time_idx: the minutes that are folded into bars
SELECT symbol, min(price), max(price), sum(size) FROM market_realtime.tick
WHERE occurred_at >= now() - interval '10 hours' AND occurred_at < now() - interval '10 hours' + interval '5 minutes'
GROUP BY symbol;

-- market_realtime.rejected_tick_reason_idx: what came with an impossible time
SELECT tick FROM market_realtime.rejected_tick WHERE reason = 'time' ORDER BY received_at DESC LIMIT 20;

-- market_history.bar_time_idx: all closes of a moment, and the clean-up of old bars
SELECT symbol, close FROM market_history.bar
WHERE span = interval '1 day' AND opened_at >= now() - interval '5 days' AND opened_at < now() - interval '4 days';

-- market_history.indicator_bar_idx: everything known at a bar, and the key that follows its bar out
SELECT name, value FROM market_history.indicator
WHERE symbol = 'S7' AND span = interval '1 day' AND opened_at = date_trunc('hour', now()) - interval '7 days';
