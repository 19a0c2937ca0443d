//! Whose the fields of an object are, as its `managedFields` tell. What a person sets beside what is rendered belongs to
//! nobody's manifest, and server-side apply leaves it alone for good. Here it is made the operator's own: the next apply,
//! which does not have it, takes it away. It is the way `kubectl` takes over what was written before server-side apply
//! (`client-go/util/csaupgrade`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde_json::{Map, Value};

use crate::MANAGER;

/// Kinds in which others may set what the operator leaves open: controllers of the cluster keep their own fields there
/// (the volume of a claim, the pull secrets of an account, what policies need on a namespace).
const SHARED: [&str; 3] = ["Namespace", "PersistentVolumeClaim", "ServiceAccount"];
/// Labels, annotations, finalizers and owners may be anybody's, the status is the controllers'.
const OPEN: [&str; 2] = ["f:metadata", "f:status"];
/// What `kubectl rollout restart` writes into a Deployment.
const RESTARTED: [&str; 5] =
    ["f:spec", "f:template", "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt"];

/// The `managedFields` with which everything the operator owns wholly is its own; none where it is so already.
pub fn taken_over(kind: &str, entries: &[ManagedFieldsEntry]) -> Option<Vec<ManagedFieldsEntry>> {
    if SHARED.contains(&kind) {
        return None;
    }
    let mine = entries.iter().position(is_mine)?;
    let mut taken = Map::new();
    let mut left = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let fields = entry.fields_v1.as_ref().and_then(|fields| fields.0.as_object());
        let (false, None | Some("" | "scale"), Some(fields)) =
            (index == mine, entry.subresource.as_deref(), fields)
        else {
            left.push(entry.clone());
            continue;
        };
        let (theirs, ours) = split(kind, fields);
        merge(&mut taken, ours);
        if !theirs.is_empty() {
            left.push(ManagedFieldsEntry {
                fields_v1: Some(FieldsV1(Value::Object(theirs))),
                ..entry.clone()
            });
        }
    }
    if taken.is_empty() {
        return None;
    }
    let own = left.iter_mut().find(|entry| is_mine(entry))?;
    let before = own.fields_v1.take().map(|fields| fields.0);
    let mut all = before.and_then(|fields| fields.as_object().cloned()).unwrap_or_default();
    merge(&mut all, taken);
    own.fields_v1 = Some(FieldsV1(Value::Object(all)));
    Some(left)
}

/// Whether the entry is of what the operator applied.
pub fn is_mine(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.as_deref().unwrap_or_default().is_empty()
}

/// What may stay with somebody else, and what may not.
fn split(kind: &str, fields: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let (mut theirs, mut ours) = (Map::new(), Map::new());
    for (name, inside) in fields {
        if OPEN.contains(&name.as_str()) {
            theirs.insert(name.clone(), inside.clone());
        } else {
            ours.insert(name.clone(), inside.clone());
        }
    }
    if kind == "Deployment"
        && let Some(mark) = take(&mut ours, &RESTARTED)
    {
        merge(&mut theirs, mark);
    }
    (theirs, ours)
}

/// Takes one field out, with the path to it; what is empty then goes as well.
fn take(fields: &mut Map<String, Value>, path: &[&str]) -> Option<Map<String, Value>> {
    let (first, rest) = path.split_first()?;
    let taken = if rest.is_empty() {
        fields.remove(*first)?
    } else {
        let inside = fields.get_mut(*first)?.as_object_mut()?;
        let taken = take(inside, rest)?;
        // That the map is there at all comes with the field in it.
        if inside.keys().all(|key| key == ".") {
            fields.remove(*first);
        }
        Value::Object(taken)
    };
    Some(Map::from_iter([((*first).to_owned(), taken)]))
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(inside)), Value::Object(more)) => merge(inside, more),
            (Some(_), _) => {}
            (None, value) => drop(into.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            operation: Some(operation.to_owned()),
            fields_type: Some("FieldsV1".to_owned()),
            fields_v1: Some(FieldsV1(fields)),
            ..ManagedFieldsEntry::default()
        }
    }

    fn mine(fields: Value) -> ManagedFieldsEntry {
        entry(MANAGER, "Apply", fields)
    }

    fn of(entries: &[ManagedFieldsEntry], manager: &str) -> Vec<Value> {
        let theirs = entries.iter().filter(|entry| entry.manager.as_deref() == Some(manager));
        theirs.filter_map(|entry| Some(entry.fields_v1.as_ref()?.0.clone())).collect()
    }

    #[test]
    fn what_a_person_set_beside_ours_becomes_ours_and_its_labels_stay_theirs() {
        let theirs = json!({
            "f:metadata": {"f:labels": {"f:team": {}}},
            "f:spec": {"f:selector": {"f:extra": {}}, "f:externalIPs": {}},
        });
        let entries =
            [mine(json!({"f:spec": {"f:selector": {"f:app": {}}}})), entry("kubectl-edit", "Update", theirs)];
        let taken = taken_over("Service", &entries).unwrap();
        assert_eq!(
            of(&taken, MANAGER),
            [json!({"f:spec": {"f:selector": {"f:app": {}, "f:extra": {}}, "f:externalIPs": {}}})]
        );
        assert_eq!(of(&taken, "kubectl-edit"), [json!({"f:metadata": {"f:labels": {"f:team": {}}}})]);
        assert!(taken_over("Service", &taken).is_none(), "once is enough");
    }

    #[test]
    fn a_restart_by_hand_is_kept_and_what_came_with_it_is_not() {
        let annotations = json!({".": {}, "f:kubectl.kubernetes.io/restartedAt": {}});
        let mark = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": annotations}}}});
        let only = [mine(json!({"f:spec": {}})), entry("kubectl-rollout", "Update", mark.clone())];
        assert!(taken_over("Deployment", &only).is_none());
        let mut more = mark;
        more["f:spec"]["f:template"]["f:spec"] = json!({"f:hostNetwork": {}});
        let taken = taken_over("Deployment", &[mine(json!({})), entry("kubectl", "Update", more)]).unwrap();
        assert_eq!(
            of(&taken, MANAGER),
            [json!({"f:spec": {"f:template": {"f:spec": {"f:hostNetwork": {}}}}})]
        );
        let left = of(&taken, "kubectl")[0].to_string();
        assert!(left.contains("restartedAt") && !left.contains("hostNetwork"), "{left}");
    }

    #[test]
    fn our_own_writes_of_another_kind_are_taken_over_and_a_status_is_not() {
        let mut status = entry("kube-controller-manager", "Update", json!({"f:spec": {"f:x": {}}}));
        status.subresource = Some("status".to_owned());
        assert!(taken_over("Deployment", &[mine(json!({})), status]).is_none());
        let merged = entry(MANAGER, "Update", json!({"f:spec": {"f:ports": {}}}));
        assert_eq!(taken_over("Service", &[mine(json!({})), merged]).unwrap().len(), 1);
    }

    #[test]
    fn kinds_that_controllers_write_into_and_objects_never_applied_are_left_alone() {
        let entries = [
            mine(json!({})),
            entry("kube-controller-manager", "Update", json!({"f:spec": {"f:volumeName": {}}})),
        ];
        assert!(taken_over("PersistentVolumeClaim", &entries).is_none());
        assert!(taken_over("Service", &entries[1..]).is_none());
    }
}
