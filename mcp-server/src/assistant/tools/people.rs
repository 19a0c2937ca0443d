//! A person asked for is not replaced behind the customer's back.

use std::collections::BTreeMap;

use mcp_tenant::Profile;
use serde_json::Value;

use super::{BOOK, FIND, MOVE, args::Visit};
use crate::{
    assistant::plain::phrase::{folded, has},
    booking::SlotRef,
};

/// A slot with the people who were looked for in the conversation, or why it is not to be booked yet: it is by somebody
/// else, and nobody has named that one since. `contents` are the conversation as the model sees it, the oldest first.
pub fn held_to(contents: &[Value], profile: &Profile, slot: &SlotRef) -> Result<SlotRef, String> {
    let mut asked = Asked::default();
    for content in contents {
        asked.read(content);
    }
    let name = |id: &str| profile.staff_member(id).map_or_else(|| id.to_owned(), |one| one.name.clone());
    let mut slot = slot.clone();
    for part in &mut slot.parts {
        let Some(people) = asked.people.get(&part.service) else { continue };
        let by = name(&part.staff);
        if people.contains(&part.staff) {
            part.pinned = true;
        } else if !has(&folded(&asked.said), &folded(&by)) {
            let wanted: Vec<String> = people.iter().map(|id| name(id)).collect();
            return Err(format!(
                "the customer asked for {} and this slot is by {by}: say that first and let the customer decide",
                wanted.join(" or ")
            ));
        }
    }
    Ok(slot)
}

/// Who was looked for, for which service, and what was said since.
#[derive(Default)]
struct Asked {
    people: BTreeMap<String, Vec<String>>,
    said: String,
}

impl Asked {
    fn read(&mut self, content: &Value) {
        for part in content["parts"].as_array().into_iter().flatten() {
            let (call, result) = (&part["functionCall"], &part["functionResponse"]);
            if call["name"] == FIND {
                self.look(&call["args"]);
            }
            // What was done was told with the name of who does it; what was refused was not.
            let done = result["response"]["error"].is_null();
            if done && (result["name"] == BOOK || result["name"] == MOVE) {
                self.people.clear();
            }
            if let Some(text) = part["text"].as_str().filter(|_| part["thought"] != Value::Bool(true)) {
                self.said.extend([text, "\n"]);
            }
        }
    }

    fn look(&mut self, args: &Value) {
        let Ok(visit) = Visit::read(args) else { return };
        let wanted = visit.wanted().into_iter().filter_map(|(service, staff)| Some((service, staff?)));
        for (service, staff) in wanted {
            // Two who are looked for in one breath are both meant; after an answer the later one is.
            let people = self.people.entry(service.to_owned()).or_default();
            if !self.said.is_empty() {
                people.clear();
            }
            people.push(staff.to_owned());
        }
        if visit.staff.is_some() {
            self.said.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_bed::{local, profile};

    fn call(name: &str, args: &Value) -> Value {
        json!({"role": "model", "parts": [{"functionCall": {"name": name, "args": args}}]})
    }

    fn said(text: &str) -> Value {
        json!({"role": "model", "parts": [{"text": text}]})
    }

    fn is_dropped(contents: &[Value]) -> bool {
        let profile = crate::profile_file::read(&profile(""), local("2026-11-16T09:00")).unwrap().profile;
        let slot = SlotRef::one("corte", "rui", local("2026-11-17T10:00"), false);
        held_to(contents, &profile, &slot).is_err()
    }

    #[test]
    fn somebody_else_is_booked_only_after_being_named() {
        let ze = call(FIND, &json!({"service": "corte", "staff": "ze"}));
        let anyone = call(FIND, &json!({"service": "corte"}));
        assert!(!is_dropped(std::slice::from_ref(&anyone)), "nobody was asked for");
        assert!(is_dropped(&[ze.clone(), anyone.clone()]), "in one turn");
        assert!(is_dropped(&[said("com o Zé?"), ze.clone(), said("Tenho 10:00."), anyone.clone()]));
        assert!(!is_dropped(&[ze.clone(), said("O Zé não tem, o Rui tem 10:00."), anyone.clone()]));
        let rui = call(FIND, &json!({"service": "corte", "staff": "rui"}));
        assert!(!is_dropped(&[ze.clone(), rui]), "either of them will do");
        let result = |response: Value| json!({"role": "user", "parts": [{"functionResponse": {"name": BOOK, "response": response}}]});
        let booked = result(json!({"output": {"done": true}}));
        assert!(!is_dropped(&[ze.clone(), booked, anyone.clone()]), "that was for another appointment");
        let refused = result(json!({"error": {"code": "conflict"}}));
        assert!(is_dropped(&[ze.clone(), anyone, refused]), "to call it twice says nothing to the customer");
        let others = json!({"service": "corte", "staff": "ze", "by_others": ["corte"]});
        assert!(!is_dropped(&[call(FIND, &others)]));
    }

    #[test]
    fn who_was_asked_for_is_pinned_however_the_slot_was_found() {
        let profile = crate::profile_file::read(&profile(""), local("2026-11-16T09:00")).unwrap().profile;
        let slot = SlotRef::one("corte", "ze", local("2026-11-17T10:00"), false);
        let asked = [call(FIND, &json!({"service": "corte", "staff": "ze"}))];
        assert!(held_to(&asked, &profile, &slot).unwrap().parts[0].pinned);
        assert!(!held_to(&[], &profile, &slot).unwrap().parts[0].pinned);
    }
}
