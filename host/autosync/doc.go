// Package autosync decides when the connector space is read anew from the target, and whether what was read may replace it.
//
// Owns: import at start, on the timer, on demand and after failure with back-off; imports of what changed, on a timer of their own and
// when the target pushes; holding imports that shrink; progress; saving and loading the cache's image with its watermarks.
// May call: cache, connector, entry, fault.
// Never: writes to the target, or answers requests.
// Called by: host/endpoint, which wires it to a coordinator.
// Tested by: tables with a scripted target in virtual time: start, timer, failure, shrink, release, image, changes, push.
package autosync
