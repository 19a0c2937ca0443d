-- Columns ending in _us are microseconds (instants since 1970-01-01 UTC, or lengths of time), _json is JSON as text.
-- Tables and columns are the same in each database; keys, indexes and triggers are each database's own.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('expand', 'contract'))
) STRICT;

CREATE TABLE tenant (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    client      TEXT NOT NULL,
    environment TEXT NOT NULL
) STRICT;

-- AUTOINCREMENT here and below: a number that was given once is never given again, not even after an erasure.
CREATE TABLE customer (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id     TEXT UNIQUE,              -- business-scoped user id
    phone       TEXT UNIQUE,              -- key of the number that leads here
    wa_id       TEXT,                     -- verbatim, for sending
    name        TEXT,
    owner_phone TEXT UNIQUE,               -- key of the number in the profile by which this is an owner
    merged_into INTEGER REFERENCES customer (id),
    created_us  INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE conversation (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    customer_id      INTEGER NOT NULL UNIQUE REFERENCES customer (id),
    owner_until_us   INTEGER,                      -- a person answers until then; NULL: the assistant does
    window_until_us  INTEGER,                      -- anything may be sent until then
    language         TEXT,
    informed_us      INTEGER,                      -- when the customer was told what happens with their data
    notices          INTEGER CHECK (notices IN (0, 1)),  -- whether they want notices; NULL: never said
    epoch            INTEGER NOT NULL DEFAULT 0,   -- number of the last claim
    attempts         INTEGER NOT NULL DEFAULT 0,   -- claims of the burst that waits now
    redone           INTEGER NOT NULL DEFAULT 0,   -- the turn was redone for newer messages
    lease_until_us   INTEGER,                      -- a worker has it until then
    not_before_us    INTEGER NOT NULL DEFAULT 0,
    first_pending_us INTEGER,                      -- arrival of the oldest unanswered message
    last_pending_us  INTEGER                       -- arrival of the newest unanswered message
) STRICT;
CREATE INDEX conversation_waiting ON conversation (first_pending_us) WHERE first_pending_us IS NOT NULL;

-- What arrived, only ever appended to. Every acknowledgement waits for this table, so it has one small index, over
-- the first 64 bits of the id's SHA-256; equal keys are told apart by the id itself.
CREATE TABLE inbox (
    seq         INTEGER NOT NULL PRIMARY KEY,  -- order of arrival
    id_key      INTEGER NOT NULL,
    id          TEXT NOT NULL,                 -- wamid, unique
    user_id     TEXT,
    wa_id       TEXT,
    name        TEXT,
    kind        TEXT NOT NULL,
    body        TEXT,
    raw_json    TEXT NOT NULL,
    sent_us     INTEGER NOT NULL,
    received_us INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_id ON inbox (id_key);

-- To which conversation a message belongs, and what became of it. In SQLite, messages after the last one here have no
-- conversation yet.
CREATE TABLE inbox_route (
    seq             INTEGER NOT NULL PRIMARY KEY REFERENCES inbox (seq),
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead'))
) STRICT;
CREATE INDEX inbox_route_pending ON inbox_route (conversation_id, seq) WHERE state = 'pending';

-- What a person of the business sent from the phone.
CREATE TABLE echo (
    id              TEXT NOT NULL PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    until_us        INTEGER NOT NULL,
    received_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX echo_of ON echo (conversation_id);

CREATE TABLE delivery_status (
    seq        INTEGER NOT NULL PRIMARY KEY,
    id_key     INTEGER NOT NULL,               -- of wamid and status, as in inbox
    wamid      TEXT NOT NULL,
    status     TEXT NOT NULL,
    outbox_id  TEXT,
    error_code INTEGER,
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_status_id ON delivery_status (id_key);

CREATE TABLE dead_letter (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source          TEXT NOT NULL CHECK (source IN ('webhook', 'turn', 'outbox')),
    reason          TEXT NOT NULL,
    payload         TEXT NOT NULL,
    conversation_id INTEGER REFERENCES conversation (id),
    created_us      INTEGER NOT NULL
) STRICT;

CREATE TABLE turn (
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    epoch           INTEGER NOT NULL,
    attempt         INTEGER NOT NULL,
    effect          TEXT NOT NULL,
    messages        INTEGER NOT NULL,
    committed_us    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    id              INTEGER NOT NULL PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    content_json    TEXT NOT NULL                  -- one content as the model's API has it
) STRICT;
CREATE INDEX history_of ON history (conversation_id, id);

CREATE TABLE booking (
    id                TEXT NOT NULL PRIMARY KEY,
    reference         TEXT NOT NULL UNIQUE,        -- upper case
    customer_id       INTEGER REFERENCES customer (id),
    customer_name     TEXT NOT NULL,
    customer_phone    TEXT,                        -- as it was given
    phone             TEXT,                        -- its key
    items_json        TEXT NOT NULL,
    start_us          INTEGER NOT NULL,
    end_us            INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('held', 'requested', 'confirmed', 'completed', 'cancelled', 'no_show')),
    holder            TEXT,
    hold_until_us     INTEGER,
    revision          INTEGER NOT NULL DEFAULT 1,
    reason            TEXT,
    created_us        INTEGER NOT NULL,
    changed_us        INTEGER NOT NULL,
    erased_us         INTEGER,
    mirrored_revision INTEGER NOT NULL DEFAULT 0,
    mirror_epoch      INTEGER NOT NULL DEFAULT 0,
    mirror_attempts   INTEGER NOT NULL DEFAULT 0,
    mirror_due_us     INTEGER NOT NULL DEFAULT 0,
    mirror_lease_us   INTEGER,
    mirror_error      TEXT,
    CHECK (start_us < end_us AND end_us - start_us <= 2678400000000),
    CHECK ((state = 'held') = (hold_until_us IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_start ON booking (start_us, end_us);
CREATE INDEX booking_long ON booking (end_us, start_us) WHERE end_us - start_us > 14400000000;  -- as occupation_long
CREATE INDEX booking_customer ON booking (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX booking_held ON booking (hold_until_us) WHERE state = 'held';
CREATE INDEX booking_requested ON booking (start_us) WHERE state = 'requested';  -- looked for again and again
CREATE UNIQUE INDEX booking_holder ON booking (holder) WHERE state = 'held' AND holder IS NOT NULL;
CREATE INDEX booking_unmirrored ON booking (mirror_due_us) WHERE mirrored_revision < revision AND state <> 'held';

CREATE TABLE occupation (
    booking_id TEXT NOT NULL REFERENCES booking (id) ON DELETE CASCADE,
    lane       TEXT NOT NULL CHECK (lane <> ''),
    from_us    INTEGER NOT NULL,
    to_us      INTEGER NOT NULL,
    share      TEXT NOT NULL,
    pinned     INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    standing   INTEGER NOT NULL CHECK (standing IN (0, 1)),
    PRIMARY KEY (booking_id, lane, from_us),
    CHECK (from_us < to_us AND to_us - from_us <= 2678400000000)
) STRICT, WITHOUT ROWID;
CREATE INDEX occupation_lane ON occupation (lane, from_us, to_us, share) WHERE standing = 1;
-- What overlaps an instant began at most as long ago as it lasts. Everything that stands is in one of these, by how long
-- it lasts: an hour, four hours, a day, 31 days at most. A search looks back that far in each and no farther, however
-- much was booked before or will be after it. They have all that an agenda reads.
CREATE INDEX occupation_hour ON occupation (from_us, to_us, share, pinned)
    WHERE standing = 1 AND to_us - from_us <= 3600000000;
CREATE INDEX occupation_hours ON occupation (from_us, to_us, share, pinned)
    WHERE standing = 1 AND to_us - from_us > 3600000000 AND to_us - from_us <= 14400000000;
CREATE INDEX occupation_day ON occupation (from_us, to_us, share, pinned)
    WHERE standing = 1 AND to_us - from_us > 14400000000 AND to_us - from_us <= 86400000000;
CREATE INDEX occupation_days ON occupation (from_us, to_us, share, pinned)
    WHERE standing = 1 AND to_us - from_us > 86400000000;

-- The database itself refuses two standing occupations of one lane that share time, unless they share the lane: it looks
-- back a day in the lane, and 31 days at what lasts longer.
CREATE TRIGGER occupation_no_overlap_insert BEFORE INSERT ON occupation
WHEN NEW.standing = 1
BEGIN
    SELECT RAISE(ABORT, 'occupation_overlap') WHERE EXISTS (
        SELECT 1 FROM occupation o
        WHERE o.lane = NEW.lane AND o.standing = 1
          AND o.from_us < NEW.to_us AND o.from_us > NEW.from_us - 86400000000
          AND o.to_us > NEW.from_us AND o.share <> NEW.share
    ) OR EXISTS (
        SELECT 1 FROM occupation o
        WHERE o.standing = 1 AND o.to_us - o.from_us > 86400000000 AND o.from_us < NEW.to_us
          AND o.from_us > NEW.from_us - 2678400000000 AND o.to_us > NEW.from_us AND +o.lane = NEW.lane
          AND o.share <> NEW.share
    );
END;
CREATE TRIGGER occupation_no_overlap_update BEFORE UPDATE ON occupation
WHEN NEW.standing = 1
BEGIN
    SELECT RAISE(ABORT, 'occupation_overlap') WHERE EXISTS (
        SELECT 1 FROM occupation o
        WHERE o.lane = NEW.lane AND o.standing = 1
          AND o.from_us < NEW.to_us AND o.from_us > NEW.from_us - 86400000000
          AND o.to_us > NEW.from_us AND o.share <> NEW.share
          AND NOT (o.booking_id = OLD.booking_id AND o.lane = OLD.lane AND o.from_us = OLD.from_us)
    ) OR EXISTS (
        SELECT 1 FROM occupation o
        WHERE o.standing = 1 AND o.to_us - o.from_us > 86400000000 AND o.from_us < NEW.to_us
          AND o.from_us > NEW.from_us - 2678400000000 AND o.to_us > NEW.from_us AND +o.lane = NEW.lane
          AND o.share <> NEW.share
          AND NOT (o.booking_id = OLD.booking_id AND o.lane = OLD.lane AND o.from_us = OLD.from_us)
    );
END;
-- Whether lanes are taken follows from the booking's state, and from nothing else.
CREATE TRIGGER occupation_follows_insert BEFORE INSERT ON occupation
BEGIN
    SELECT RAISE(ABORT, 'occupation_standing') WHERE NEW.standing IS NOT (
        SELECT b.state IN ('held', 'requested', 'confirmed') FROM booking b WHERE b.id = NEW.booking_id);
END;
CREATE TRIGGER occupation_follows_update BEFORE UPDATE OF standing, booking_id ON occupation
BEGIN
    SELECT RAISE(ABORT, 'occupation_standing') WHERE NEW.standing IS NOT (
        SELECT b.state IN ('held', 'requested', 'confirmed') FROM booking b WHERE b.id = NEW.booking_id);
END;
CREATE TRIGGER booking_state_frees AFTER UPDATE OF state ON booking
WHEN (OLD.state IN ('held', 'requested', 'confirmed')) <> (NEW.state IN ('held', 'requested', 'confirmed'))
BEGIN
    UPDATE occupation SET standing = NEW.state IN ('held', 'requested', 'confirmed') WHERE booking_id = NEW.id;
END;

-- One row per effect with a key, kept for 24 hours.
CREATE TABLE idempotency (
    key          TEXT NOT NULL PRIMARY KEY,
    digest       TEXT NOT NULL,
    outcome_json TEXT NOT NULL,
    booking_id   TEXT,
    created_us   INTEGER NOT NULL
) STRICT;  -- with rowid: outcomes are long, and keys come in no order

CREATE TABLE outbox (
    seq             INTEGER NOT NULL PRIMARY KEY,  -- order of writing
    id              TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    booking_id      TEXT,
    kind            TEXT NOT NULL CHECK (kind IN ('answer', 'notice', 'reminder', 'person')),
    dedupe_key      TEXT UNIQUE,
    body_json       TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'ambiguous', 'sent', 'failed', 'parked')),
    epoch           INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    unknowns        INTEGER NOT NULL DEFAULT 0,
    due_us          INTEGER NOT NULL,              -- pending: not before; sending: end of the lease; ambiguous: end of the wait
    wamid           TEXT,
    error           TEXT,
    created_us      INTEGER NOT NULL,
    sent_us         INTEGER,
    delivered_us    INTEGER,
    read_us         INTEGER
) STRICT;
CREATE INDEX outbox_wamid ON outbox (wamid) WHERE wamid IS NOT NULL;
CREATE INDEX outbox_open ON outbox (conversation_id, seq) WHERE state IN ('pending', 'sending', 'ambiguous');
CREATE INDEX outbox_of ON outbox (conversation_id);

CREATE TABLE reminder (
    booking_id     TEXT NOT NULL REFERENCES booking (id) ON DELETE CASCADE,
    due_us         INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'skipped', 'cancelled')),
    epoch          INTEGER NOT NULL DEFAULT 0,
    attempts       INTEGER NOT NULL DEFAULT 0,
    not_before_us  INTEGER NOT NULL,
    lease_until_us INTEGER,
    PRIMARY KEY (booking_id, due_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_due ON reminder (not_before_us) WHERE state = 'pending';

CREATE TABLE waitlist (
    id               TEXT NOT NULL PRIMARY KEY,
    customer_id      INTEGER NOT NULL REFERENCES customer (id),
    service_id       TEXT NOT NULL,
    staff_id         TEXT,
    from_us          INTEGER NOT NULL,
    to_us            INTEGER NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('waiting', 'offered', 'served', 'left', 'expired')),
    offered_start_us INTEGER,
    offered_staff_id TEXT,
    offer_until_us   INTEGER,
    revision         INTEGER NOT NULL DEFAULT 1,
    created_us       INTEGER NOT NULL,
    CHECK (from_us < to_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX waitlist_of ON waitlist (customer_id);
CREATE INDEX waitlist_open ON waitlist (created_us) WHERE state IN ('waiting', 'offered');

CREATE TABLE adjustment (
    id           TEXT NOT NULL PRIMARY KEY,
    first_day    TEXT NOT NULL,
    last_day     TEXT NOT NULL,
    content_json TEXT NOT NULL,
    created_us   INTEGER NOT NULL,
    CHECK (first_day <= last_day)
) STRICT, WITHOUT ROWID;
CREATE INDEX adjustment_last ON adjustment (last_day);

CREATE TABLE calendar (
    calendar   TEXT NOT NULL PRIMARY KEY,
    sync_token TEXT,
    fresh_us   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE mirrored_event (
    calendar TEXT NOT NULL REFERENCES calendar (calendar) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    from_us  INTEGER NOT NULL,
    to_us    INTEGER NOT NULL,
    staff_id TEXT,
    PRIMARY KEY (calendar, event_id),
    CHECK (from_us <= to_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX mirrored_event_to ON mirrored_event (to_us, from_us);

CREATE TABLE usage_day (
    day    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (day, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_customer (
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    day         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (customer_id, day, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq            INTEGER NOT NULL PRIMARY KEY,
    at_us          INTEGER NOT NULL,
    actor          TEXT NOT NULL,
    action         TEXT NOT NULL,
    subject        TEXT NOT NULL,
    payload_digest TEXT,
    previous       TEXT NOT NULL,
    hash           TEXT NOT NULL
) STRICT;

-- The personal part of an entry: its removal is the only thing that may happen to the audit.
CREATE TABLE audit_payload (
    seq          INTEGER NOT NULL PRIMARY KEY REFERENCES audit (seq),
    customer_id  INTEGER,
    salt         TEXT NOT NULL,
    content_json TEXT NOT NULL
) STRICT;
CREATE INDEX audit_payload_of ON audit_payload (customer_id) WHERE customer_id IS NOT NULL;

CREATE TRIGGER audit_appends BEFORE INSERT ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_append_only') WHERE NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)
        OR (NEW.seq > 1 AND NEW.previous IS NOT (SELECT hash FROM audit WHERE seq = NEW.seq - 1));
END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_append_only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_append_only');
END;
CREATE TRIGGER audit_payload_no_update BEFORE UPDATE ON audit_payload
BEGIN
    SELECT RAISE(ABORT, 'audit_append_only');
END;

INSERT INTO schema_version (version, kind) VALUES (1, 'expand');
