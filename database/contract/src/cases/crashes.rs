//! Processes killed at any moment: what was acknowledged is there, and nothing is there by half.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mcp_store::audit::AuditVerdict;
use serde_json::Value;

use crate::{
    Bed,
    bed::Raw,
    make::{by_phone, delivery, id, message},
    processes::{Process, wall_clock},
    random::Random,
    scale,
};

/// Each must find nothing: what an operation of the script writes, it writes whole.
const HALVES: &[(&str, &str)] = &[
    (
        "a delivery is there with all its parts",
        "SELECT max(parts) - min(parts) FROM (
             SELECT count(*) AS parts FROM inbox WHERE id LIKE '%-a' UNION ALL SELECT count(*) FROM inbox WHERE id LIKE '%-b'
             UNION ALL SELECT count(*) FROM inbox WHERE id LIKE '%-c' UNION ALL SELECT count(*) FROM delivery_status
             UNION ALL SELECT count(*) FROM dead_letter WHERE source = 'webhook') counted",
    ),
    (
        "a booking has both its lanes, where it is, and they are taken while it stands",
        "SELECT count(*) FROM (SELECT b.id FROM booking b LEFT JOIN occupation o ON o.booking_id = b.id
             AND o.from_us = b.start_us AND o.to_us = b.end_us
             AND (CASE WHEN o.standing THEN 1 ELSE 0 END) = (CASE WHEN b.state = 'confirmed' THEN 1 ELSE 0 END)
         GROUP BY b.id HAVING count(o.lane) <> 2) wrong",
    ),
    ("no lane is taken by nobody", "SELECT (SELECT count(*) FROM occupation) - 2 * (SELECT count(*) FROM booking)"),
    (
        "a confirmed booking has its two reminders, a cancelled one none",
        "SELECT count(*) FROM (SELECT b.id FROM booking b LEFT JOIN reminder r ON r.booking_id = b.id AND r.state = 'pending'
         GROUP BY b.id, b.state HAVING count(r.due_us) <> CASE WHEN b.state = 'confirmed' THEN 2 ELSE 0 END) wrong",
    ),
    (
        "every change is in the audit",
        "SELECT count(*) FROM (SELECT b.id FROM booking b LEFT JOIN audit a ON a.subject = 'booking:' || b.id
         GROUP BY b.id, b.revision HAVING count(a.seq) <> b.revision) wrong",
    ),
    (
        "and nothing else is",
        "SELECT (SELECT count(*) FROM audit) - (SELECT COALESCE(sum(revision), 0) FROM booking)",
    ),
    (
        "what was booked is in the audit with its payload",
        "SELECT (SELECT count(*) FROM audit_payload) - (SELECT count(*) FROM booking)",
    ),
    (
        "every effect has its key",
        "SELECT (SELECT count(*) FROM idempotency) - (SELECT COALESCE(sum(revision), 0) FROM booking)",
    ),
    (
        "a calendar has all events of its page",
        "SELECT (SELECT count(*) FROM mirrored_event) - 3 * (SELECT count(*) FROM calendar)",
    ),
    (
        "and of no other",
        "SELECT count(*) FROM mirrored_event e JOIN calendar c ON c.calendar = e.calendar
         WHERE e.event_id NOT LIKE c.sync_token || '-%'",
    ),
    ("a turn has its history", "SELECT (SELECT count(*) FROM history) - 2 * (SELECT count(*) FROM turn)"),
    ("and its answer", "SELECT (SELECT count(*) FROM outbox) - (SELECT count(*) FROM turn)"),
    (
        "about its booking",
        "SELECT count(*) FROM outbox o LEFT JOIN booking b ON b.id = o.booking_id WHERE b.id IS NULL",
    ),
    (
        "and its messages are done",
        "SELECT (SELECT COALESCE(sum(messages), 0) FROM turn)
         - (SELECT count(*) FROM inbox_route WHERE state = 'done')",
    ),
    (
        "one call adds all kinds of usage or none",
        "SELECT COALESCE(sum(CASE WHEN kind = 'messages' THEN 7 * amount ELSE 0 END), 0)
         - COALESCE(sum(CASE WHEN kind = 'tokens_in' THEN amount ELSE 0 END), 0) FROM usage_day",
    ),
];

/// Whether an acknowledged operation is there, as a query that counts 1.
fn there(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let booking = |number: &str| id(number.parse().unwrap());
    Some(match words.as_slice() {
        ["accept", number] => format!("SELECT count(*) FROM inbox WHERE id = 'm{number}-a'"),
        ["book", number] => format!("SELECT count(*) FROM booking WHERE id = '{}'", booking(number)),
        ["move", number, revision, start] => format!(
            "SELECT count(*) FROM booking WHERE id = '{}' AND (revision > {revision} OR (revision = {revision} AND start_us = {start}))",
            booking(number)
        ),
        ["cancel", number, revision] => format!(
            "SELECT count(*) FROM booking WHERE id = '{}' AND revision = {revision} AND state = 'cancelled'",
            booking(number)
        ),
        ["calendar", number] => {
            format!("SELECT count(*) FROM calendar WHERE CAST(sync_token AS BIGINT) >= {number}")
        }
        ["send", outbox] => {
            format!(
                "SELECT count(*) FROM outbox WHERE id = '{outbox}' AND state = 'sent' AND wamid = 'wamid-{outbox}'"
            )
        }
        ["turn", number, conversation, epoch] => format!(
            "SELECT count(*) FROM turn t, booking b WHERE t.conversation_id = {conversation} AND t.epoch = {epoch} \
             AND b.id = '{}'",
            booking(number)
        ),
        ["usage" | "ready" | "idle", ..] => return None,
        _ => panic!("{line}"),
    })
}

async fn check(raw: &Raw, acknowledged: &[String], used: i64) {
    for line in acknowledged {
        if let Some(query) = there(line) {
            assert_eq!(raw.number(&query).await, 1, "{line} was acknowledged and is not there");
        }
    }
    for (rule, query) in HALVES {
        assert_eq!(raw.number(query).await, 0, "{rule}");
    }
    // One more per kill at most: written, and killed before it was acknowledged.
    let kept = raw.number("SELECT COALESCE(sum(amount), 0) FROM usage_day WHERE kind = 'messages'").await;
    assert!(kept >= used, "{kept} of {used} counted");
}

pub async fn two_hundred_kills_lose_nothing_acknowledged_and_leave_nothing_half(bed: Arc<Bed>) {
    let raw = bed.raw().await;
    let mut random = Random::new(200);
    let (mut written, mut used, mut head) = (0, 0, None);
    for round in 0..200 * u64::from(scale()) {
        let mut process = Process::start(&bed, &["script", &round.to_string()]);
        let mut acknowledged = Vec::new();
        // Somewhere within the first operations, at any point between two lines.
        for _ in 0..=random.below(8) {
            acknowledged.push(process.line().await.expect("the script goes on until it is killed"));
        }
        tokio::time::sleep(Duration::from_micros(random.below(4000))).await;
        acknowledged.extend(process.kill().await);
        used += i64::try_from(acknowledged.iter().filter(|line| line.starts_with("usage")).count()).unwrap();
        written += acknowledged.len();
        check(&raw, &acknowledged, used).await;
        if round % 20 == 19 {
            // As the next process of this tenant would find it.
            let store = bed.open().await;
            let verdict = store.verify_audit(head.as_ref()).await.unwrap();
            let AuditVerdict::Whole { head: now, .. } = verdict else { panic!("{verdict:?}") };
            head = Some(now);
        }
    }
    assert!(written > 700, "only {written} operations were acknowledged");
}

/// Kills and starts workers while messages arrive, then waits until all is done. Returns how often it killed.
async fn killed_at_work(bed: &Bed, conversations: usize, each: usize, log: &str) -> u64 {
    let mut random = Random::new(500);
    let mut seed = 0;
    let mut start = || {
        seed += 1;
        Process::start(bed, &["work", &seed.to_string(), log])
    };
    let mut workers = [start(), start()];
    let mut kills = 0;
    let messages: Vec<(usize, usize)> =
        (0..each).flat_map(|n| (0..conversations).map(move |conversation| (conversation, n))).collect();
    for some in messages.chunks(conversations * each / 25) {
        let deliveries: Vec<_> = some
            .iter()
            .map(|(conversation, n)| {
                let sender = by_phone(&format!("4915{conversation:09}"));
                delivery(vec![message(&format!("w{conversation}-{n}"), sender)])
            })
            .collect();
        for batch in deliveries.chunks(7) {
            bed.store.accept(batch, wall_clock()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(random.below(150))).await;
        let worker = random.one_of(&[0, 1]);
        workers[*worker].kill().await;
        kills += 1;
        workers[*worker] = start();
    }
    let raw = bed.raw().await;
    let undone =
        "SELECT (SELECT count(*) FROM inbox) - (SELECT count(*) FROM inbox_route WHERE state = 'done')
        + (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'ambiguous'))";
    let all_done = async {
        while raw.number(undone).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let patience = Duration::from_secs(120 * u64::from(scale()));
    assert!(tokio::time::timeout(patience, all_done).await.is_ok(), "{} are left", raw.number(undone).await);
    for worker in &mut workers {
        worker.kill().await;
    }
    kills
}

/// Texts of a query by the number in front of them.
async fn by_number(raw: &Raw, query: &str) -> BTreeMap<i64, Vec<String>> {
    let mut found: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in raw.rows(query).await {
        found.entry(row[0].as_i64().unwrap()).or_default().push(row[1].as_str().unwrap().to_owned());
    }
    found
}

pub async fn two_workers_that_are_killed_handle_each_message_of_500_conversations_once_in_order(
    bed: Arc<Bed>,
) {
    let (conversations, each) = (500 * usize::try_from(scale()).unwrap(), 3);
    let log = bed.file("channel");
    let kills = killed_at_work(&bed, conversations, each, log.to_str().unwrap()).await;
    assert!(kills >= 25);
    let raw = bed.raw().await;
    let arrived = by_number(
        &raw,
        "SELECT r.conversation_id, i.id FROM inbox i JOIN inbox_route r ON r.seq = i.seq ORDER BY i.seq",
    )
    .await;
    assert_eq!(arrived.len(), conversations);
    let mut handled: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (conversation, contents) in
        by_number(&raw, "SELECT conversation_id, content_json FROM history ORDER BY id").await
    {
        for content in contents {
            let content: Value = serde_json::from_str(&content).unwrap();
            let ids = content["handled"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
            handled.entry(conversation).or_default().extend(ids);
        }
    }
    assert!(handled == arrived, "each message is handled once, in order");

    // What the channel got: in order, and twice only where a kill left the outcome unknown.
    let mut lines: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut again = 0;
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        let (conversation, outbox) = line.split_once(' ').unwrap();
        let sent = lines.entry(conversation.parse().unwrap()).or_default();
        if sent.last().is_some_and(|last| last == outbox) {
            again += 1;
        } else {
            sent.push(outbox.to_owned());
        }
    }
    let parked = by_number(&raw, "SELECT conversation_id, id FROM outbox WHERE state = 'parked'").await;
    for (conversation, written) in
        by_number(&raw, "SELECT conversation_id, id FROM outbox ORDER BY seq").await
    {
        let sent = lines.remove(&conversation).unwrap_or_default();
        let expected: Vec<String> = written
            .into_iter()
            .filter(|id| {
                sent.contains(id) || !parked.get(&conversation).is_some_and(|parked| parked.contains(id))
            })
            .collect();
        assert_eq!(sent, expected, "conversation {conversation}");
    }
    assert!(lines.is_empty());
    let unknown = raw.number("SELECT COALESCE(sum(unknowns), 0) FROM outbox").await;
    assert!(again <= unknown, "{again} were sent again, {unknown} outcomes were unknown");
}
