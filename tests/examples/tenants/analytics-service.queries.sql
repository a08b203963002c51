-- analytics.signal_analytics_symbol_idx: what the signals for a symbol came to
SELECT signalled_at, return_rate FROM analytics.signal_analytics WHERE symbol = 'S76' ORDER BY signalled_at DESC LIMIT 50;

-- analytics.user_activity_user_idx: what somebody did last
SELECT happened_at, action FROM analytics.user_activity WHERE user_id = 'u76' ORDER BY happened_at DESC LIMIT 50;
