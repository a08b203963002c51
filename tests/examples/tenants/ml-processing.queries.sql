-- ml.ai_predictions_company_idx: the last predictions for a symbol
SELECT time, prediction_type, confidence FROM ml.ai_predictions WHERE symbol = 'S76' ORDER BY time DESC LIMIT 20;

-- ml.ai_predictions_model_idx: what a model predicted last
SELECT time, symbol, prediction_type FROM ml.ai_predictions WHERE model_version = 'm7' ORDER BY time DESC LIMIT 20;

-- ml.trading_patterns_model_idx: the patterns that one model made, which alone can be compared
SELECT pattern_id, name FROM ml.trading_patterns WHERE model_version = 'm76';
