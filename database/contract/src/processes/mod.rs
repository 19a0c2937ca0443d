//! Processes of their own: what they do, and how a case runs and kills them.

pub mod race;
pub mod scatter;
pub mod script;
pub mod work;

use std::{io::Write as _, process::Stdio, sync::Arc};

use jiff::Timestamp;
use mcp_store::{LeaseTime, Store};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{Bed, Place};

/// Where a process finds its tenant: a [`Place`] as JSON. Not an argument: everybody could read it there.
const PLACE: &str = "CONTRACT_PLACE";

/// A process that a case started. Killed where it is dropped.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts the worker program on a case's tenant.
    pub fn start(bed: &Bed, arguments: &[&str]) -> Self {
        let mut child = Command::new(&bed.worker)
            .args(arguments)
            .env(PLACE, serde_json::to_string(&bed.place).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, lines }
    }

    /// The next line it prints; `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        self.lines.next_line().await.unwrap()
    }

    /// All lines it still prints, then its end, which must be a good one.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "a worker ended with {status}");
        lines
    }

    /// Writes a line to it.
    pub async fn say(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.stdin.flush().await.unwrap();
    }

    /// Ends it as `kill -9` does; returns the lines that it had printed and nobody had read.
    pub async fn kill(&mut self) -> Vec<String> {
        self.child.start_kill().unwrap();
        let mut lines = Vec::new();
        // A line cut off by the end counts for nothing: it has no newline.
        while let Ok(Some(line)) = self.lines.next_line().await {
            lines.push(line);
        }
        self.child.wait().await.unwrap();
        lines
    }
}

/// The worker program.
pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match arguments.as_slice() {
            ["race", process, attempts] => race::run(number(process), number(attempts)).await,
            ["scatter", process, attempts] => scatter::run(number(process), number(attempts)).await,
            ["script", round] => script::run(number(round)).await,
            ["work", seed, log] => work::run(number(seed), log).await,
            other => panic!("no such work: {other:?}"),
        }
    });
}

fn number(text: &str) -> u64 {
    text.parse().unwrap()
}

async fn open(leases: LeaseTime) -> Arc<dyn Store> {
    let place: Place = serde_json::from_str(&std::env::var(PLACE).unwrap()).unwrap();
    place.open(leases).await
}

/// Prints a line at once.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Says that it is ready and waits for the word to begin.
async fn wait_for_the_word() {
    print("ready");
    let mut stdin = BufReader::new(tokio::io::stdin()).lines();
    stdin.next_line().await.unwrap();
}

/// The time of processes that have leases by the database's own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "processes that run beside each other share the machine's clock"
)]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
