-- +goose Up
-- An act is kept whole in detail; the other columns are copies of its fields, for searching.
CREATE TABLE acts (
    seq      INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL, -- microseconds since 1970, UTC
    who      TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    partner  INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    payment  TEXT    NOT NULL,
    run      TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    detail   TEXT    NOT NULL
) STRICT;
CREATE INDEX acts_customer ON acts (customer) WHERE customer > 0;
CREATE INDEX acts_payment ON acts (payment) WHERE payment <> '';
CREATE INDEX acts_run ON acts (run) WHERE run <> '';
CREATE INDEX acts_at ON acts (at);
-- +goose StatementBegin
CREATE TRIGGER acts_stay BEFORE UPDATE ON acts BEGIN SELECT RAISE(ABORT, 'an act is never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER acts_remain BEFORE DELETE ON acts BEGIN SELECT RAISE(ABORT, 'an act is never removed'); END;
-- +goose StatementEnd
