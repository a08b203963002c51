-- broker.broker_accounts_user_idx: where a person's order can go
SELECT broker_account_id, broker_id FROM broker.broker_accounts
WHERE user_id = md5('user77')::uuid AND status = 'connected';

-- broker.heartbeats_lost_idx: when a broker last did not answer
SELECT observed_at FROM broker.heartbeats
WHERE broker_id = 3 AND latency_ms IS NULL ORDER BY observed_at DESC LIMIT 1;

-- broker.broker_orders_live_key: where an order is
SELECT broker_order_id, state FROM broker.broker_orders
WHERE order_id = md5('order77')::uuid AND state NOT IN ('rejected', 'cancelled');

-- broker.broker_orders_external_key: whose the report of a broker is
SELECT order_id FROM broker.broker_orders
WHERE broker_account_id = md5('account77')::uuid AND external_order_id = 'e77';

-- broker.broker_orders_queue_idx: what is sent next
SELECT broker_order_id FROM broker.broker_orders WHERE state = 'queued' ORDER BY queued_at LIMIT 10;

-- broker.audit_log_entity_idx: what happened to an order at a broker
SELECT occurred_at, action, actor FROM broker.audit_log
WHERE entity = 'broker_orders' AND entity_id = '77' ORDER BY occurred_at DESC;
