-- Instants are microseconds since 1970-01-01 UTC.

CREATE TABLE customer (
    id          INTEGER NOT NULL PRIMARY KEY,
    user_id     TEXT UNIQUE,              -- business-scoped user id
    wa_id       TEXT UNIQUE,              -- verbatim, for sending
    name        TEXT,
    created_us  INTEGER NOT NULL,
    CHECK (user_id IS NOT NULL OR wa_id IS NOT NULL)
) STRICT;

CREATE TABLE conversation (
    id               INTEGER NOT NULL PRIMARY KEY,
    customer_id      INTEGER NOT NULL UNIQUE REFERENCES customer (id),
    epoch            INTEGER NOT NULL DEFAULT 0,   -- number of the last claim
    attempts         INTEGER NOT NULL DEFAULT 0,   -- claims of the burst that waits now
    redone           INTEGER NOT NULL DEFAULT 0,   -- the turn was redone for newer messages
    claimed_until_us INTEGER,                      -- a worker has it until then
    not_before_us    INTEGER NOT NULL DEFAULT 0,
    first_pending_us INTEGER,                      -- oldest unanswered message
    last_pending_us  INTEGER                       -- newest unanswered message
) STRICT;
CREATE INDEX conversation_waiting ON conversation (first_pending_us) WHERE first_pending_us IS NOT NULL;

CREATE TABLE inbox (
    seq             INTEGER NOT NULL PRIMARY KEY,  -- order of arrival
    id              TEXT NOT NULL UNIQUE,          -- wamid
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    kind            TEXT NOT NULL,
    body            TEXT,
    raw             TEXT NOT NULL,
    sent_us         INTEGER NOT NULL,
    received_us     INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead'))
) STRICT;
CREATE INDEX inbox_pending ON inbox (conversation_id, seq) WHERE state = 'pending';

CREATE TABLE delivery_status (
    wamid      TEXT NOT NULL,
    status     TEXT NOT NULL,
    outbox_id  TEXT,
    error_code INTEGER,
    at_us      INTEGER NOT NULL,
    PRIMARY KEY (wamid, status)
) STRICT;

CREATE TABLE dead_letter (
    id         INTEGER NOT NULL PRIMARY KEY,
    source     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    payload    TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE history (
    id              INTEGER NOT NULL PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    content         TEXT NOT NULL                  -- one content as the model's API has it, verbatim
) STRICT;
CREATE INDEX history_of ON history (conversation_id, id);

CREATE TABLE booking (
    id               TEXT NOT NULL PRIMARY KEY,
    reference        TEXT NOT NULL UNIQUE,
    customer_id      INTEGER REFERENCES customer (id),
    customer_name    TEXT NOT NULL,
    customer_phone   TEXT,
    service_id       TEXT NOT NULL,
    service_name     TEXT NOT NULL,
    staff_id         TEXT NOT NULL,
    staff_name       TEXT NOT NULL,
    start_us         INTEGER NOT NULL,
    end_us           INTEGER NOT NULL,
    occupies_from_us INTEGER NOT NULL,
    occupies_to_us   INTEGER NOT NULL,
    price_cents      INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('held', 'requested', 'confirmed', 'completed', 'cancelled', 'no_show')),
    revision         INTEGER NOT NULL DEFAULT 1,
    created_us       INTEGER NOT NULL,
    mirrored_revision INTEGER NOT NULL DEFAULT 0,
    mirror_attempts  INTEGER NOT NULL DEFAULT 0,
    mirror_due_us    INTEGER NOT NULL DEFAULT 0,
    mirror_error     TEXT,
    CHECK (start_us < end_us AND occupies_from_us <= start_us AND end_us <= occupies_to_us)
) STRICT;
CREATE INDEX booking_lane ON booking (staff_id, occupies_from_us) WHERE state IN ('held', 'requested', 'confirmed');
CREATE INDEX booking_customer ON booking (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX booking_unmirrored ON booking (mirror_due_us) WHERE mirrored_revision < revision;

-- The database itself refuses two standing bookings of one staff member that share time.
CREATE TRIGGER booking_no_overlap_insert BEFORE INSERT ON booking
WHEN NEW.state IN ('held', 'requested', 'confirmed')
BEGIN
    SELECT RAISE(ABORT, 'booking_overlap') WHERE EXISTS (
        SELECT 1 FROM booking b
        WHERE b.staff_id = NEW.staff_id
          AND b.state IN ('held', 'requested', 'confirmed')
          AND b.occupies_from_us < NEW.occupies_to_us
          AND NEW.occupies_from_us < b.occupies_to_us
    );
END;
CREATE TRIGGER booking_no_overlap_update BEFORE UPDATE OF staff_id, state, occupies_from_us, occupies_to_us ON booking
WHEN NEW.state IN ('held', 'requested', 'confirmed')
BEGIN
    SELECT RAISE(ABORT, 'booking_overlap') WHERE EXISTS (
        SELECT 1 FROM booking b
        WHERE b.staff_id = NEW.staff_id
          AND b.id <> NEW.id
          AND b.state IN ('held', 'requested', 'confirmed')
          AND b.occupies_from_us < NEW.occupies_to_us
          AND NEW.occupies_from_us < b.occupies_to_us
    );
END;

-- One row per effect with a key: a second request with the key finds the first one's booking.
CREATE TABLE effect (
    key        TEXT NOT NULL PRIMARY KEY,
    digest     TEXT NOT NULL,
    booking_id TEXT NOT NULL REFERENCES booking (id),
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    seq             INTEGER NOT NULL PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    booking_id      TEXT REFERENCES booking (id),
    body            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'unknown', 'sent', 'failed', 'parked')),
    epoch           INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    unknowns        INTEGER NOT NULL DEFAULT 0,
    due_us          INTEGER NOT NULL,
    wamid           TEXT,
    error           TEXT,
    created_us      INTEGER NOT NULL,
    sent_us         INTEGER
) STRICT;
CREATE INDEX outbox_wamid ON outbox (wamid) WHERE wamid IS NOT NULL;
CREATE INDEX outbox_open ON outbox (conversation_id, seq) WHERE state IN ('pending', 'sending', 'unknown');
