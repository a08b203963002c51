-- LEGACY. One database for everything: every table in public, one login that owns it all and may make more of itself.
-- Kept as a fixture: tests load it to show what it contradicts. Nothing of the platform uses it.

CREATE ROLE alphintra LOGIN CREATEDB CREATEROLE PASSWORD 'alphintra123' IN ROLE pg_read_all_data, pg_write_all_data;
CREATE DATABASE alphintra OWNER alphintra;
\connect alphintra

GRANT ALL ON SCHEMA public TO PUBLIC;
SET ROLE alphintra;

-- user management
CREATE TABLE users (
    id         SERIAL PRIMARY KEY,
    username   VARCHAR(50) UNIQUE NOT NULL,
    email      VARCHAR(100) UNIQUE NOT NULL,
    password   VARCHAR(255) NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- authentication
CREATE TABLE api_keys (
    id         SERIAL PRIMARY KEY,
    user_id    INTEGER REFERENCES users(id) ON DELETE CASCADE,
    api_key    VARCHAR(255) UNIQUE NOT NULL,
    active     BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- strategy management
CREATE TABLE trading_strategies (
    id         SERIAL PRIMARY KEY,
    user_id    INTEGER REFERENCES users(id) ON DELETE CASCADE,
    name       VARCHAR(100) NOT NULL,
    parameters JSON,
    active     BOOLEAN DEFAULT FALSE
);

-- trading operations
CREATE TABLE trades (
    id          SERIAL PRIMARY KEY,
    user_id     INTEGER REFERENCES users(id),
    strategy_id INTEGER REFERENCES trading_strategies(id),
    symbol      VARCHAR(20) NOT NULL,
    side        VARCHAR(4) NOT NULL,
    quantity    FLOAT NOT NULL,
    price       FLOAT NOT NULL,
    trade_time  TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- risk management
CREATE TABLE risk_rules (
    id          SERIAL PRIMARY KEY,
    user_id     INTEGER REFERENCES users(id),
    strategy_id INTEGER REFERENCES trading_strategies(id),
    rule_type   VARCHAR(50) NOT NULL,
    threshold   FLOAT NOT NULL
);

-- notification system
CREATE TABLE notifications (
    id         SERIAL PRIMARY KEY,
    user_id    INTEGER REFERENCES users(id),
    trade_id   INTEGER REFERENCES trades(id),
    message    TEXT NOT NULL,
    is_read    BOOLEAN DEFAULT FALSE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- one trail for everything that anybody did
CREATE TABLE audit_logs (
    id         SERIAL PRIMARY KEY,
    user_id    INTEGER REFERENCES users(id),
    table_name VARCHAR(50),
    action     VARCHAR(20),
    details    JSON,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE VIEW user_trading_summary AS
SELECT u.id, u.email, count(t.id) AS trades, sum(t.quantity * t.price) AS turnover
FROM users u LEFT JOIN trades t ON t.user_id = u.id
GROUP BY u.id, u.email;

CREATE VIEW risk_dashboard AS
SELECT u.username, s.name AS strategy, r.rule_type, r.threshold, max(t.quantity * t.price) AS largest_trade
FROM risk_rules r
JOIN users u ON u.id = r.user_id
LEFT JOIN trading_strategies s ON s.id = r.strategy_id
LEFT JOIN trades t ON t.strategy_id = s.id
GROUP BY u.username, s.name, r.rule_type, r.threshold;

CREATE VIEW notification_feed AS
SELECT n.id, u.email, n.message, t.symbol
FROM notifications n JOIN users u ON u.id = n.user_id LEFT JOIN trades t ON t.id = n.trade_id;

GRANT ALL ON ALL TABLES IN SCHEMA public TO alphintra;
