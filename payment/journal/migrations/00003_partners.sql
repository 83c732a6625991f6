-- +goose Up
CREATE INDEX payments_partner ON payments (partner, created_at);
