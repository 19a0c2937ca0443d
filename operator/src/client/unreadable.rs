//! Where an object that does not fit its type is wrong. Who wrote it around admission reads the field, as everybody else does.

use mcp_crds::McpClientSpec;
use serde_json::Value;

/// The place and what is wrong there, `spec.environments[0].name: …`; none where all of it can be read.
pub fn fault(spec: &Value) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, McpClientSpec>(spec).err()?;
    let path = error.path().to_string();
    let place = if path == "." { "spec".to_owned() } else { format!("spec.{path}") };
    Some(format!("{place}: {}", error.into_inner()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::tests::barbershop;

    #[test]
    fn the_field_is_named_however_deep_it_is() {
        let good = serde_json::to_value(barbershop().spec).unwrap();
        assert_eq!(fault(&good), None);
        for (pointer, value, place) in [
            ("", json!("nothing"), "spec: "),
            ("/environments", json!("none"), "spec.environments: "),
            ("/environments/0/name", json!("kube-system"), "spec.environments[0].name: "),
            ("/environments/0/replicas", json!(-1), "spec.environments[0].replicas: "),
            ("/deletionPolicy", json!("Perhaps"), "spec.deletionPolicy: "),
            ("/profile/rules/horizon", json!("366d23h"), "spec.profile.rules.horizon: "),
            ("/profile/services/1", json!({"id": "x"}), "spec.profile.services[1]: missing field"),
            ("/credentialsSecretRef", json!({}), "spec.credentialsSecretRef: missing field"),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            let told = fault(&bad).unwrap();
            assert!(told.starts_with(place), "{told}");
        }
    }
}
