-- +goose Up
-- What lists are filtered by, copied from detail.
ALTER TABLE payments ADD COLUMN run    TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN number TEXT NOT NULL DEFAULT '';
UPDATE payments SET
    run    = coalesce(json_extract(detail, '$.run'), ''),
    number = coalesce(json_extract(detail, '$.document_number'), '');
-- Each is in the order of lists, which are read until a page is full. What is in every other row
-- is found without an index of its own.
CREATE INDEX payments_standing ON payments (state, created_at DESC, id) WHERE state <> 'recorded';
CREATE INDEX payments_class ON payments (class, created_at DESC, id) WHERE class <> '' AND class <> 'approved';
CREATE INDEX payments_kind ON payments (kind, created_at DESC, id) WHERE kind <> 'invoice';
CREATE INDEX payments_origin ON payments (origin, created_at DESC, id);
CREATE INDEX payments_run ON payments (run, state, created_at DESC, id) WHERE run <> '';
CREATE INDEX payments_number ON payments (number) WHERE number <> '';
