use std::{fs, path::PathBuf};

use serde_json::Value;

use mcp_store::usage::Priced;

use super::*;
use crate::status::{Dependency, Reason};

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Every example, by its name.
fn examples() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root("mcp-server/tests/data/status")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        all.push((name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap()));
    }
    assert!(all.len() >= 5, "{all:?}");
    all
}

fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(Status)).unwrap()
}

/// `UPDATE_SCHEMA=1 cargo test` writes the file anew.
#[test]
fn the_schema_that_is_published_is_that_of_the_types() {
    let path = root("docs/status.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "docs/status.schema.json is old");
}

#[test]
fn every_example_is_what_the_process_would_write_and_keeps_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, example) in examples() {
        let wrong: Vec<_> = validator.iter_errors(&example).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        let read: Status = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), example, "{name}");
        let dependencies = read.dependencies;
        for known in
            [&dependencies.whatsapp, &dependencies.webhook, &dependencies.gemini, &dependencies.calendar]
        {
            assert_eq!(known.state, known.reason.state(), "{name}: each reason belongs to one state");
        }
    }
}

#[test]
fn the_schema_refuses_what_readers_could_not_understand() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let (_, good) = examples().into_iter().find(|(name, _)| name == "all-is-well").unwrap();
    for (pointer, wrong) in [
        ("/dependencies/whatsapp/state", Value::from("fine")),
        ("/dependencies/whatsapp/reason", Value::from("no idea")),
        ("/dependencies/webhook", Value::Null),
        ("/database", Value::Null),
        ("/now", Value::Null),
        ("/next", Value::from("all is well")),
    ] {
        let mut bent = good.clone();
        *bent.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&bent), "{pointer}");
    }
    for dependency in Dependency::ALL {
        let mut bent = good.clone();
        bent["dependencies"].as_object_mut().unwrap().remove(dependency.as_str()).unwrap();
        assert!(!validator.is_valid(&bent), "{dependency:?} is always listed");
    }
}

#[test]
fn the_page_names_every_reason_with_its_state() {
    let page = fs::read_to_string(root("docs/status.md")).unwrap();
    for reason in Reason::ALL {
        let written = serde_json::to_value(reason).unwrap();
        assert_eq!(written, reason.as_str());
        let state = serde_json::to_value(reason.state()).unwrap();
        let row = format!("| `{}` | `{}` |", reason.as_str(), state.as_str().unwrap());
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn a_cost_is_told_where_it_is_whole_and_never_a_part_of_it() {
    let day = jiff::civil::date(2026, 11, 21);
    let paid = |currency: &str, tokens| (currency.to_owned(), Priced { nanos: 1_500, tokens });
    let spent = |costs: &[(String, Priced)]| {
        let costs = costs.iter().cloned().collect();
        Usage { tokens_in: 100, tokens_out: 10, costs, ..Usage::default() }
    };
    let used = spent(&[paid("USD", 110)]);
    let told = UsageStatus::of(day, &used, "USD");
    assert_eq!(told.cost, Some(Cost { amount: "0.000002".into(), currency: "USD".into() }));
    assert_eq!(UsageStatus::of(day, &used, "BRL"), told, "what was paid in dollars stays dollars");
    let partly = UsageStatus::of(day, &spent(&[paid("USD", 100)]), "USD");
    assert_eq!((partly.cost, partly.unpriced_tokens), (None, 10));
    let mixed = UsageStatus::of(day, &spent(&[paid("USD", 60), paid("BRL", 50)]), "BRL");
    let currencies: Vec<&str> = mixed.costs.iter().map(|cost| &*cost.currency).collect();
    assert_eq!((mixed.cost, currencies), (None, vec!["BRL", "USD"]), "no sum is of two currencies");
    let never = UsageStatus::of(day, &Usage { tokens_in: 5, ..Usage::default() }, "");
    assert_eq!((never.cost, never.unpriced_tokens), (None, 5), "no price is not nothing");
    let nothing = UsageStatus::of(day, &Usage::default(), "USD");
    assert_eq!(nothing.cost.unwrap().amount, "0.000000", "nothing used costs nothing");
}
