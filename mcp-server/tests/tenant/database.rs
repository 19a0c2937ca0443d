//! Looks into the tenant's database from outside, with the sqlite3 program: not our code.

use std::path::PathBuf;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

pub struct Database(PathBuf);

/// The write lock of a database, held by another process.
pub struct WriteLock(Child);

impl Database {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }

    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        let output = Command::new("sqlite3")
            .args(["-readonly", "-json"])
            .arg(&self.0)
            .arg(sql)
            .output()
            .await
            .expect("sqlite3");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if output.stdout.is_empty() { Vec::new() } else { serde_json::from_slice(&output.stdout).unwrap() }
    }

    pub async fn bookings(&self) -> Vec<Value> {
        self.rows(
            "SELECT *, items_json ->> '$[0].service_id' AS service_id, items_json ->> '$[0].staff_id' AS staff_id
             FROM booking",
        )
        .await
    }

    /// Changes it, as another program would.
    pub async fn write(&self, sql: &str) {
        // The server may be writing.
        let mut command = Command::new("sqlite3");
        let output =
            command.args(["-cmd", ".timeout 10000"]).arg(&self.0).arg(sql).output().await.expect("sqlite3");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.rows(&format!("SELECT COUNT(*) AS n FROM {table}")).await[0]["n"].as_i64().unwrap()
    }

    /// Takes the write lock; nobody else can commit until it is dropped.
    pub async fn lock(&self) -> WriteLock {
        let mut child = Command::new("sqlite3")
            .arg(&self.0)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("sqlite3");
        let input = child.stdin.as_mut().unwrap();
        input.write_all(b".timeout 5000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n").await.unwrap();
        input.flush().await.unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
        assert_eq!(line.trim(), "locked");
        WriteLock(child)
    }
}

impl WriteLock {
    pub async fn release(mut self) {
        self.0.kill().await.unwrap();
    }
}
