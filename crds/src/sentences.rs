//! Patterns in words. An API server answers a text that misses a `pattern` with the pattern; a shop owner reads a
//! sentence. So in the installed definition every pattern becomes a CEL rule with a message. The types keep their
//! patterns: other readers of their schemas (editors, the server) understand nothing else.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};
use mcp_tenant::{profile::forms, scalar::Span};

/// Patterns of the spec that are not of the profile: those have their sentences with them ([`forms::FORMS`]).
const SENTENCES: &[(&str, &str)] = &[
    (
        r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        "the name of a Secret holds only small letters, digits, hyphens and points",
    ),
    (r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", "a tag holds only letters, digits, points, hyphens and underscores"),
    (
        r"^sha256:[0-9a-f]{64}$",
        "write a digest as the status shows it: sha256: and 64 digits or letters from a to f",
    ),
    (r"^[1-9][0-9]{0,4}m?$", "write processor time like 10m (a hundredth of a processor) or 1"),
    (r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$", "write memory like 64Mi or 1Gi"),
    (r"^[1-9][0-9]{0,3}(Mi|Gi)$", "write the size of a volume like 512Mi or 1Gi"),
    (
        r"^[0-9]{5,20}$",
        "phoneNumberId is the id Meta gives the number, digits only, e.g. 106540352242922; it is not the telephone number",
    ),
    (r"^[0-9]{5,21}$", "businessAccountId is the id Meta gives the WhatsApp business account, digits only"),
    (r"^[a-z0-9_]+$", "write the template's name as Meta shows it: small letters, digits and underscores"),
    (r"^[a-z]{2,3}(_[A-Z]{2,3})?$", "write the template's language as Meta does, e.g. pt_BR or en"),
    (r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", "write addresses with a prefix length, e.g. 192.0.2.0/28"),
    (r"^https://[^ ]+$", "write an address that begins with https://"),
    (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
        "write a host name alone, in small letters and without https://, e.g. wa.agency.example",
    ),
    (
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
        "write a host name, or *. and a domain for all below it, e.g. *.agency.example",
    ),
    (
        r"^(/[a-z0-9]([-a-z0-9._]*[a-z0-9])?)+$",
        "write a path like /bella-salon/production: it begins with a slash and does not end with one",
    ),
    (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "the name of a listener holds only small letters, digits, hyphens and points",
    ),
    (
        r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        "the value of a label holds only letters, digits, hyphens, underscores and points",
    ),
    (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a name holds only small letters, digits and hyphens"),
    (r"^[a-z0-9][a-z0-9._-]*$", "write the model as its provider names it, e.g. gemini-3.8-flash"),
];

/// Rules that are stricter than their patterns can be.
const STRICTER: &[(&str, &str)] = &[
    (
        Span::PATTERN,
        "self.matches('^(([0-2]?[0-9]{1,2}|3[0-5][0-9]|36[0-6])d)?([0-9]{1,3}h)?([0-9]{1,4}m)?$')",
    ),
    (forms::DATE, "!format.date().validate(self).hasValue()"),
];

fn sentence(pattern: &str) -> Option<&'static str> {
    let of_profile = forms::form_of(pattern).map(|form| form.sentence);
    of_profile
        .or_else(|| SENTENCES.iter().find(|(known, _)| *known == pattern).map(|(_, sentence)| *sentence))
}

/// Puts a rule with a sentence in the place of every pattern of `schema` that has one.
pub(crate) fn put_in_place_of_patterns(schema: &mut JSONSchemaProps) {
    let message = schema.pattern.as_deref().and_then(sentence);
    if let (Some(message), Some(pattern)) = (message, schema.pattern.take_if(|_| message.is_some())) {
        let stricter =
            STRICTER.iter().find(|(known, _)| *known == pattern).map(|(_, rule)| (*rule).to_owned());
        // Before the rules of the field itself: those speak of texts that are of its form.
        schema.x_kubernetes_validations.get_or_insert_default().insert(
            0,
            ValidationRule {
                rule: stricter.unwrap_or_else(|| format!("self.matches('{}')", pattern.replace('\\', r"\\"))),
                message: Some(message.to_owned()),
                ..ValidationRule::default()
            },
        );
    }
    for child in children(schema) {
        put_in_place_of_patterns(child);
    }
}

/// The schemas directly inside of one.
pub(crate) fn children(schema: &mut JSONSchemaProps) -> impl Iterator<Item = &mut JSONSchemaProps> {
    let items = match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(item.as_mut()),
        _ => None,
    };
    let values = match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => Some(value.as_mut()),
        _ => None,
    };
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).chain(items).chain(values)
}

#[cfg(test)]
mod tests {
    use mcp_tenant::scalar::Money;

    use super::*;

    fn patterns(schema: &mut JSONSchemaProps, path: &str, found: &mut Vec<String>) {
        found.extend(schema.pattern.as_ref().map(|pattern| format!("{path}: {pattern}")));
        for (index, child) in children(schema).enumerate() {
            patterns(child, &format!("{path}.{index}"), found);
        }
    }

    #[test]
    fn no_pattern_is_left_without_a_sentence() {
        let mut crd = crate::definition();
        let schema = crd.spec.versions[0].schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap();
        let mut left = Vec::new();
        patterns(schema, "", &mut left);
        assert_eq!(left, Vec::<String>::new());
    }

    #[test]
    fn a_backslash_of_a_pattern_survives_in_the_rule() {
        let mut schema =
            JSONSchemaProps { pattern: Some(Money::PATTERN.to_owned()), ..JSONSchemaProps::default() };
        put_in_place_of_patterns(&mut schema);
        let rules = schema.x_kubernetes_validations.unwrap();
        assert_eq!(rules[0].rule, r"self.matches('^[0-9]{1,9}(\\.[0-9]{1,2})?$')");
        assert!(schema.pattern.is_none());
    }
}
