//! What stands in the files of `mcp-server/dialogues`.
//!
//! ```yaml
//! profile: barbearia                  # dialogues/profiles/barbearia.yaml, as a tenant would write it
//! ownerApproves: true                 # each booking is a request that the owner decides about; optional
//! now: 2026-11-24T10:00               # where the clock begins, in the business's zone; optional
//! dialogues:
//!   - name: books a cut for tomorrow at three
//!     model: honest                   # or: down, slow, lying, weak … (see tenant.rs); optional
//!     replies: [{text: …}]            # what the model answers first, word for word; optional
//!     before:                         # what stands already; of: me (default) or another customer
//!       - {of: other, service: corte, staff: ze, at: "+1d 16:00"}
//!     steps:
//!       - say: [oi, "quero cortar amanhã às 15h"]   # a burst, or one text
//!         reads: [confirmado, "15:00"]              # in the one answer, upper or lower case alike
//!         not: [cancelado]
//!       - tap: Cancelar                             # a button or row of the newest message, by its title
//!       - voice: quero cancelar                     # a voice note in which this is said
//!       - {tap: Confirmar, voice: "não, espera"}    # both in one burst
//!       - edits: quero às 16h                       # the customer's newest text reads so now
//!       - revokes: true                             # the customer's newest text is deleted
//!         unheard: [segredo]                        # not in what the model was asked last
//!       - sends: {type: image, image: {…}}          # any other message
//!         answers: 0                                # how many messages come; 1 where something is said
//!       - wait: 3h                                  # the clock goes on
//!       - owner: fechado amanhã                     # the owner writes; reads/not are about what the owner reads
//!       - ownerTaps: Confirmar                      # beside `say`: both at once, and what the customer reads counts
//!       - fault: {vendor: gemini, status: 503, times: 9}
//!     bookings:                       # all of the customer's rows at the end, in order of start
//!       - {service: corte, staff: ze, at: "+1d 15:00", state: confirmed}
//! ```
//!
//! `+1d 15:00` is tomorrow at three where the business is.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    profile: String,
    #[serde(default)]
    now: Option<String>,
    #[serde(default)]
    owner_approves: bool,
    dialogues: Vec<Dialogue>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dialogue {
    pub name: String,
    #[serde(default)]
    pub model: Model,
    #[serde(default)]
    pub replies: Vec<Value>,
    #[serde(default)]
    pub before: Vec<Standing>,
    pub steps: Vec<Step>,
    #[serde(default)]
    pub bookings: Vec<Expected>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    #[default]
    Honest,
    Down,
    Slow,
    Lying,
    #[serde(rename = "wrong-times")]
    WrongTimes,
    Weak,
    Obedient,
    Empty,
    Safety,
    Malformed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    #[serde(default)]
    pub of: Of,
    pub service: String,
    pub staff: String,
    pub at: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    #[default]
    Me,
    Other,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub service: String,
    #[serde(default)]
    pub staff: Option<String>,
    pub at: String,
    #[serde(default = "confirmed")]
    pub state: String,
}

fn confirmed() -> String {
    "confirmed".to_owned()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    #[serde(default)]
    pub say: Option<Texts>,
    #[serde(default)]
    pub tap: Option<String>,
    #[serde(default)]
    pub voice: Option<String>,
    #[serde(default)]
    pub sends: Option<Map<String, Value>>,
    #[serde(default)]
    pub edits: Option<String>,
    #[serde(default)]
    pub revokes: bool,
    #[serde(default)]
    pub unheard: Vec<String>,
    #[serde(default)]
    pub wait: Option<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub owner_taps: Option<String>,
    #[serde(default)]
    pub fault: Option<Value>,
    #[serde(default)]
    pub reads: Vec<String>,
    #[serde(default)]
    pub not: Vec<String>,
    #[serde(default)]
    pub answers: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    One(String),
    Burst(Vec<String>),
}

impl Texts {
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Burst(texts) => texts,
        }
    }
}

/// A dialogue with the file it stands in.
#[derive(Clone, Debug)]
pub struct Script {
    pub file: String,
    /// The profile's text.
    pub profile: String,
    pub now: Option<String>,
    pub dialogue: Dialogue,
}

impl Script {
    pub fn title(&self) -> String {
        format!("{}: {}", self.file, self.dialogue.name)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dialogues")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All dialogues of all files, in order of file and place.
pub fn all() -> Vec<Script> {
    let mut files = Vec::new();
    collect(&folder(), &mut files);
    files.sort();
    let mut scripts = Vec::new();
    for path in files {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        let file: File = serde_yaml::from_str(&read(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut profile = read(&folder().join("profiles").join(format!("{}.yaml", file.profile)));
        if file.owner_approves {
            profile = profile.replace("rules: {", "rules: {confirmation: owner-approves, ");
            assert!(profile.contains("owner-approves"), "{name}: the profile has no rules on one line");
        }
        scripts.extend(file.dialogues.into_iter().map(|dialogue| Script {
            file: name.clone(),
            profile: profile.clone(),
            now: file.now.clone(),
            dialogue,
        }));
    }
    let mut titles: Vec<String> = scripts.iter().map(Script::title).collect();
    titles.sort();
    for pair in titles.windows(2) {
        assert_ne!(pair[0], pair[1], "two dialogues of one file have the same name");
    }
    scripts
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "profiles") {
                collect(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            into.push(path);
        }
    }
}
