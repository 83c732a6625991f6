-- +goose Up
-- What the overview adds up and what the log of charges is searched by, copied from detail.
ALTER TABLE payments ADD COLUMN origin   TEXT    NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN class    TEXT    NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN money    INTEGER NOT NULL DEFAULT 0; -- 1: the gateway has approved it
ALTER TABLE payments ADD COLUMN currency TEXT    NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN minor    INTEGER NOT NULL DEFAULT 0; -- the amount in the minor unit
-- Amounts have always all the digits of their currency.
UPDATE payments SET
    origin   = coalesce(json_extract(detail, '$.origin'), ''),
    class    = coalesce(json_extract(detail, '$.class'), ''),
    money    = dps_txn_ref <> '',
    currency = coalesce(json_extract(detail, '$.amount.currency'), ''),
    minor    = coalesce(CAST(replace(json_extract(detail, '$.amount.number'), '.', '') AS INTEGER), 0);
CREATE INDEX payments_figures ON payments (created_at, partner, kind, state, money, currency, minor);
