-- +goose Up
-- A run is kept whole in detail; the other columns are copies of its fields, for searching.
CREATE TABLE runs (
    no         INTEGER NOT NULL PRIMARY KEY, -- short: it stands in every item and index
    id         TEXT    NOT NULL UNIQUE,
    form_key   TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    work       INTEGER NOT NULL, -- 1: something is to be done for it by itself
    created_at INTEGER NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_form_key ON runs (form_key) WHERE form_key <> '';
CREATE INDEX runs_created ON runs (created_at DESC, id);
CREATE INDEX runs_work ON runs (work) WHERE work = 1;
CREATE INDEX runs_open ON runs (state) WHERE state IN ('running', 'paused', 'waiting');

CREATE TABLE run_events (
    seq    INTEGER NOT NULL PRIMARY KEY,
    run    INTEGER NOT NULL,
    detail TEXT    NOT NULL
) STRICT;
CREATE INDEX run_events_run ON run_events (run, seq);
-- +goose StatementBegin
CREATE TRIGGER run_events_stay BEFORE UPDATE ON run_events BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER run_events_remain BEFORE DELETE ON run_events BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
-- +goose StatementEnd

CREATE TABLE run_items (
    run        INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    out        TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    customer   INTEGER NOT NULL,
    partner    INTEGER NOT NULL,
    document   INTEGER NOT NULL,
    number     TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    amount     TEXT    NOT NULL, -- exact, in the major unit
    minor      INTEGER NOT NULL, -- what it counts with in sums, in the minor unit
    credit     TEXT    NOT NULL, -- empty: none
    card_key   TEXT    NOT NULL,
    card_brand TEXT    NOT NULL,
    card_ends  TEXT    NOT NULL,
    payment    TEXT    NOT NULL, -- empty: not begun
    charged    TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    moved_at   INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID; -- run and seq stand at the end of each index
CREATE INDEX run_items_state ON run_items (run, state);
CREATE INDEX run_items_out ON run_items (run, out) WHERE out <> '';
CREATE INDEX run_items_class ON run_items (run, class) WHERE class <> '';
CREATE INDEX run_items_customer ON run_items (customer, run);

-- The sums of a run are read each second while somebody watches it: they are kept, not added up.
CREATE TABLE run_sums (
    run      INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    out      TEXT    NOT NULL,
    class    TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    minor    INTEGER NOT NULL,
    PRIMARY KEY (run, state, out, class, currency)
) STRICT, WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER run_items_in AFTER INSERT ON run_items BEGIN
    INSERT INTO run_sums VALUES (NEW.run, NEW.state, NEW.out, NEW.class, NEW.currency, 1, NEW.minor)
        ON CONFLICT DO UPDATE SET count = count + 1, minor = minor + excluded.minor;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER run_items_move AFTER UPDATE OF state, out, class, currency, minor ON run_items BEGIN
    UPDATE run_sums SET count = count - 1, minor = minor - OLD.minor
        WHERE run = OLD.run AND state = OLD.state AND out = OLD.out AND class = OLD.class AND currency = OLD.currency;
    INSERT INTO run_sums VALUES (NEW.run, NEW.state, NEW.out, NEW.class, NEW.currency, 1, NEW.minor)
        ON CONFLICT DO UPDATE SET count = count + 1, minor = minor + excluded.minor;
END;
-- +goose StatementEnd
