-- +goose Up
-- A payment is kept whole in detail; the other columns are copies of its fields, for searching.
CREATE TABLE payments (
    id          TEXT    NOT NULL PRIMARY KEY,
    txn_id      TEXT    NOT NULL,
    dps_txn_ref TEXT    NOT NULL,
    form_key    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    partner     INTEGER NOT NULL,
    customer    INTEGER NOT NULL,
    document    INTEGER NOT NULL,
    payer       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL, -- times are microseconds since 1970, UTC; 0 is never
    moved_at    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    detail      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX payments_form_key ON payments (form_key) WHERE form_key <> '';
CREATE UNIQUE INDEX payments_charge ON payments (txn_id, dps_txn_ref) WHERE dps_txn_ref <> '';
CREATE INDEX payments_next ON payments (next_at) WHERE next_at > 0;
CREATE INDEX payments_customer ON payments (customer);
CREATE INDEX payments_state ON payments (state, moved_at);
CREATE INDEX payments_document ON payments (document, kind) WHERE document > 0;

CREATE TABLE events (
    seq     INTEGER NOT NULL PRIMARY KEY,
    payment TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    detail  TEXT    NOT NULL
) STRICT;
CREATE INDEX events_payment ON events (payment, seq);
-- +goose StatementBegin
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
-- +goose StatementEnd

CREATE TABLE tokens (
    payment TEXT    NOT NULL,
    hash    TEXT    NOT NULL,
    value   TEXT    NOT NULL, -- empty once judged
    user_id TEXT    NOT NULL,
    judged  TEXT    NOT NULL,
    asked   INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    PRIMARY KEY (payment, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_next ON tokens (next_at) WHERE next_at > 0;

CREATE TABLE keys (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
