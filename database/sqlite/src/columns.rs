//! The columns that rows are read from, by name.
//!
//! Never `*`: a statement that is kept prepared goes on giving the columns it was prepared with when a newer program
//! adds one to the table, while the driver still counts the old ones.

/// The columns of a table; with a letter, those of the table called so.
macro_rules! columns {
    (adjustment) => {
        "id, first_day, last_day, content_json, created_us"
    };
    (audit, a) => {
        "a.seq, a.at_us, a.actor, a.action, a.subject, a.payload_digest, a.previous, a.hash"
    };
    (booking) => {
        "id, reference, customer_id, customer_name, customer_phone, items_json, currency, state, holder, \
         hold_until_us, revision, reason, created_us, changed_us, erased_us"
    };
    (booking, b) => {
        "b.id, b.reference, b.customer_id, b.customer_name, b.customer_phone, b.items_json, b.currency, \
         b.state, b.holder, b.hold_until_us, b.revision, b.reason, b.created_us, b.changed_us, b.erased_us"
    };
    (calendar, c) => {
        "c.calendar, c.sync_token, c.fresh_us"
    };
    (conversation) => {
        "id, customer_id, owner_until_us, window_until_us, language, informed_us, notices, epoch, attempts, \
         redone, lease_until_us, not_before_us, first_pending_us, last_pending_us"
    };
    (conversation, c) => {
        "c.id, c.customer_id, c.owner_until_us, c.window_until_us, c.language, c.informed_us, c.notices, \
         c.epoch, c.attempts, c.redone, c.lease_until_us, c.not_before_us, c.first_pending_us, \
         c.last_pending_us"
    };
    (customer) => {
        "id, user_id, phone, wa_id, name, merged_into, created_us"
    };
    (dead_letter) => {
        "id, source, reason, payload, conversation_id, created_us"
    };
    (mirrored_event) => {
        "calendar, event_id, from_us, to_us, staff_id"
    };
    (outbox) => {
        "seq, id, conversation_id, booking_id, kind, dedupe_key, body_json, state, epoch, attempts, unknowns, \
         due_us, wamid, error, created_us, sent_us, delivered_us, read_us"
    };
    (reminder) => {
        "booking_id, due_us, state, epoch, attempts, not_before_us, lease_until_us"
    };
    (turn) => {
        "conversation_id, epoch, attempt, effect, messages, committed_us"
    };
    (waitlist) => {
        "id, customer_id, service_id, staff_id, from_us, to_us, state, offered_start_us, offered_staff_id, \
         offer_until_us, revision, created_us"
    };
}
