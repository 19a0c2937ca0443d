//! Patterns in words. An API server answers a text that misses a `pattern` with the pattern; a shop owner reads a
//! sentence. So in the installed definition every pattern becomes a CEL rule with a message. The types keep their
//! patterns: other readers of their schemas (editors, the server) understand nothing else.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};
use mcp_tenant::{
    hours::Interval,
    scalar::{Money, Span},
};

/// A pattern of the types, what the API server checks in its place, and what is said where that fails.
struct Sentence {
    pattern: &'static str,
    /// A rule that is stricter than the pattern can be; the pattern itself when there is none.
    rule: Option<&'static str>,
    message: &'static str,
}

const fn sentence(pattern: &'static str, message: &'static str) -> Sentence {
    Sentence { pattern, rule: None, message }
}

/// Every pattern of the spec must stand here; a test sees to it.
const SENTENCES: &[Sentence] = &[
    sentence(
        Interval::PATTERN,
        "write opening hours like 09:00-12:00, with two digits each; 24:00 may end a day",
    ),
    Sentence {
        pattern: Span::PATTERN,
        rule: Some(
            "self.matches('^(([0-2]?[0-9]{1,2}|3[0-5][0-9]|36[0-6])d)?([0-9]{1,3}h)?([0-9]{1,4}m)?$')",
        ),
        message: "write a length of time like 45m, 1h30m or 60d: whole numbers, days before hours before minutes, at \
                  most 366d",
    },
    sentence(
        Money::PATTERN,
        "write an amount of money like \"80.00\": in quotes, with a point, without the currency",
    ),
    Sentence {
        pattern: r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        rule: Some("!format.date().validate(self).hasValue()"),
        message: "write a day of the calendar as year-month-day, e.g. 2026-12-24",
    },
    sentence(
        r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$",
        "write the time zone as a place of the IANA list, e.g. America/Sao_Paulo",
    ),
    sentence(r"^[a-z]{2,3}(-[A-Z]{2})?$", "write a language like pt-BR, en or de"),
    sentence(r"^[A-Z]{3}$", "write the currency as three capital letters, e.g. BRL"),
    sentence(
        r"^\+[0-9][0-9 ()-]{5,30}$",
        "write the telephone number in international form, e.g. +55 11 3333-4444",
    ),
    sentence(r"^[^@ ]+@[^@ ]+$", "write an e-mail address like contact@example.com"),
    sentence(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "an id holds only small letters, digits and hyphens, and neither begins nor ends with a hyphen, e.g. corte-e-barba",
    ),
    sentence(
        r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        "the name of a Secret holds only small letters, digits, hyphens and points",
    ),
    sentence(
        r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
        "a tag holds only letters, digits, points, hyphens and underscores",
    ),
    sentence(r"^[1-9][0-9]{0,4}m?$", "write processor time like 10m (a hundredth of a processor) or 1"),
    sentence(r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$", "write memory like 64Mi or 1Gi"),
    sentence(r"^[1-9][0-9]{0,3}(Mi|Gi)$", "write the size of a volume like 512Mi or 1Gi"),
    sentence(
        r"^[0-9]{5,20}$",
        "phoneNumberId is the id Meta gives the number, digits only, e.g. 106540352242922; it is not the telephone number",
    ),
    sentence(r"^[a-z0-9][a-z0-9._-]*$", "write the model as its provider names it, e.g. gemini-3.8-flash"),
    sentence(
        r"^[^ ]+$",
        "a calendar's id holds no spaces; it is shown in the calendar's settings, under \"Integrate calendar\"",
    ),
];

/// Puts a rule with a sentence in the place of every pattern of `schema` that has one.
pub(crate) fn put_in_place_of_patterns(schema: &mut JSONSchemaProps) {
    let known = schema.pattern.as_deref().and_then(|pattern| SENTENCES.iter().find(|s| s.pattern == pattern));
    if let Some(Sentence { pattern, rule, message }) = known {
        let matches = || format!("self.matches('{}')", pattern.replace('\\', r"\\"));
        schema.x_kubernetes_validations.get_or_insert_default().push(ValidationRule {
            rule: rule.map_or_else(matches, str::to_owned),
            message: Some((*message).to_owned()),
            ..ValidationRule::default()
        });
        schema.pattern = None;
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
