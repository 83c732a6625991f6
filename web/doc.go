// Package web is all that a browser meets, as plain net/http: routes, forms, pages, limits.
// It asks the engine of package payment, and renders what the engine says; nothing that a
// browser sends decides about money.
package web
