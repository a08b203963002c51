-- risk.holding_size_idx: the largest exposures of a day, long or short
SELECT account_id, symbol, market_value FROM risk.holding
WHERE as_of = current_date - 1 ORDER BY abs(market_value) DESC LIMIT 20;

-- risk.holding_symbol_idx: what everybody holds of a symbol, from the index alone
SELECT sum(market_value) FROM risk.holding WHERE symbol = 'S7' AND as_of = current_date - 1;

-- risk_metrics.daily_return_day_idx: what all symbols did on a day
SELECT symbol, return_rate FROM risk_metrics.daily_return WHERE day = current_date - 7;

-- risk_metrics.measurement_account_idx: the course of a measure, and the value that limits are compared with
SELECT measured_at, value FROM risk_metrics.measurement
WHERE account_id = md5('account77')::uuid AND measure = 'var' ORDER BY measured_at DESC LIMIT 50;

-- risk_metrics.symbol_exposure_key: what everybody holds of a symbol
SELECT long_value, short_value FROM risk_metrics.symbol_exposure WHERE as_of = current_date - 7 AND symbol = 'S7';

-- risk_metrics.symbol_exposure_gross_idx: what the house depends on most
SELECT symbol, gross_value FROM risk_metrics.symbol_exposure
WHERE as_of = current_date - 7 ORDER BY gross_value DESC LIMIT 5;

-- risk_alerts.alert_open_key: whether an alert is open already
SELECT alert_id FROM risk_alerts.alert
WHERE account_id = md5('account50')::uuid AND measure = 'var' AND resolved_at IS NULL;

-- risk_alerts.alert_raised_idx: the alerts of a day
SELECT account_id, measure, severity FROM risk_alerts.alert
WHERE raised_at > now() - interval '1 day' ORDER BY raised_at DESC;

-- risk.stress_result_account_idx: what would hit an account
SELECT scenario_id, profit FROM risk.stress_result WHERE account_id = md5('account77')::uuid ORDER BY as_of DESC LIMIT 20;
