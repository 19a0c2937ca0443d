//! A PostgreSQL server of the test's own, to be killed: the programs of the server that `MCP_TEST_POSTGRES` names, on a
//! folder and a port of its own.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use secrecy::SecretString;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A server; its programs and its folder end with it.
pub struct Server {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    password: String,
    process: Option<Child>,
}

impl Server {
    /// Makes a database cluster and serves it.
    pub async fn start() -> Self {
        let admin = std::env::var("MCP_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("MCP_TEST_POSTGRES: run `make test`, or this test under `scripts/postgres run --`")
        });
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        let programs: String = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let programs = PathBuf::from(programs);
        assert!(
            programs.join("initdb").exists(),
            "the server of MCP_TEST_POSTGRES is not of this machine, and this test needs its programs: install the same \
             PostgreSQL here, or leave MCP_TEST_POSTGRES to `make test`"
        );
        let folder = tempfile::Builder::new().prefix("server-").tempdir_in("/var/tmp").unwrap();
        let password =
            mcp_store::sha256::hex_of(&[admin.as_bytes(), folder.path().as_os_str().as_encoded_bytes()]);
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = Self { programs, folder, port, password, process: None };
        server.make();
        server.start_again().await;
        server
    }

    /// The password of its administrator.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The administrator's URL.
    pub fn url(&self) -> SecretString {
        let Self { password, port, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres?sslmode=disable").into()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server. PostgreSQL refuses to run as root: then the user who owns the folder runs it.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match user() {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                let who = [format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
                command.args(who).arg(program);
                command
            }
        };
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn make(&self) {
        let (folder, password) = (self.folder.path(), self.folder.path().join("password"));
        std::fs::write(&password, &self.password).unwrap();
        if let Some(user) = user() {
            assert!(Command::new("chown").arg("-R").arg(&user).arg(folder).status().unwrap().success());
        }
        let mut initdb = self.program("initdb");
        initdb.args([
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&password);
        assert!(initdb.status().unwrap().success(), "initdb in {}", folder.display());
        std::fs::remove_file(&password).unwrap();
    }

    /// Serves what is there, recovering it where it was killed.
    pub async fn start_again(&mut self) {
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data()).args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        postgres.args(["-c", &format!("port={}", self.port), "-c", "shared_buffers=16MB"]).process_group(0);
        let began = Instant::now();
        self.process = Some(postgres.spawn().unwrap());
        let url = secrecy::ExposeSecret::expose_secret(&self.url()).to_owned();
        loop {
            if let Ok(connection) = PgConnection::connect(&url).await {
                connection.close().await.unwrap();
                return;
            }
            // What the killed one left in shared memory can keep the next one from starting for a moment.
            if self.process.as_mut().unwrap().try_wait().unwrap().is_some() {
                self.process = Some(postgres.spawn().unwrap());
            }
            assert!(began.elapsed() < Duration::from_mins(1), "the server did not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends all its processes at once, with nothing they could do about it.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        // It must not start another one meanwhile.
        signal("-STOP", &[process.id()]);
        let mut all = children(process.id());
        all.push(process.id());
        signal("-KILL", &all);
        process.wait().unwrap();
        while all.iter().any(|pid| Path::new(&format!("/proc/{pid}")).exists()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal("-INT", &[process.id()]);
            process.wait().ok();
        }
    }
}

/// The unprivileged user for the server, where this one may not run it.
fn user() -> Option<String> {
    let whose = std::fs::metadata("/proc/self").unwrap();
    if std::os::unix::fs::MetadataExt::uid(&whose) != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let there = users.lines().any(|line| line.starts_with("postgres:"));
    Some(if there { "postgres" } else { "nobody" }.to_owned())
}

fn signal(which: &str, processes: &[u32]) {
    Command::new("kill").arg(which).args(processes.iter().map(ToString::to_string)).status().unwrap();
}

/// Processes that one started (Linux: the parent is the fourth word of `stat`, behind the name in brackets).
fn children(of: u32) -> Vec<u32> {
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| parent(*pid) == Some(of))
        .collect()
}
