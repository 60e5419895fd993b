// Package notify tells people, by e-mail and webhook, what they must know: a quarantine, deletions that are held, a job that failed.
//
// Owns: Event and Message, what is worth a message and when, the outbox with its retries, the words, SMTP and webhooks.
// May call: cycle (to read jobs' states), app, fault, internal/tenant, internal/nearest, go-mail.
// Never: changes a job, or lets a secret stand in a message, an error or a log.
// Called by: graphapi, storage (implements Outbox).
// Tested by: tables, storagetest, a real SMTP conversation with a server in the test, and httptest.
package notify
