// Package journal keeps payments: in one SQLite file, for one process. Its stores implement
// payment.Store.
//
// Every change is on the disk (synchronous=FULL) before the method that makes it returns.
// All changes go through one writer, which puts whatever waits into one transaction.
package journal
