-- +goose Up
CREATE TABLE marks (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
CREATE INDEX payments_created ON payments (created_at DESC, id); -- lists go backwards from the newest
