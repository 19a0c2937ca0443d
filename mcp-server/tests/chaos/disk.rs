//! The disk under the tenant's database is full, and later it is not.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mcp_simulator::Say;

use crate::{
    database::Database,
    harness::{NUMBER, Tenant, http},
};

/// A file system of this size, in memory; gone with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, megabytes: u32) -> Self {
        std::fs::create_dir(&at).unwrap();
        assert!(mounts(&at, megabytes), "no tmpfs could be mounted at {}", at.display());
        Self(at)
    }

    /// Fills what is left; returns the file to delete.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The process may still be ending.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mounts(at: &Path, megabytes: u32) -> bool {
    let size = format!("size={megabytes}m");
    let mut mount = Command::new("mount");
    let mount = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

/// Says that a test is in a namespace of its own already.
const INSIDE: &str = "MCP_IN_A_NAMESPACE";

/// Whether a test was run elsewhere, because nobody but root may mount here: as the root of a namespace of users and
/// mounts of its own. Where that is refused as well the test fails, and says so.
fn ran_as_root_of_a_namespace(test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    if mounts(folder.path(), 1) {
        let _ = Command::new("umount").arg("--lazy").arg(folder.path()).status();
        return false;
    }
    let advice =
        "this test mounts a small tmpfs: run it as root, or where unprivileged user namespaces are allowed";
    assert!(std::env::var_os(INSIDE).is_none(), "{advice}");
    let mut inside = Command::new("unshare");
    inside.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
    inside.args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    assert!(inside.status().is_ok_and(|status| status.success()), "{advice}");
    true
}

fn copy_of(file: &Path, disk: &SmallDisk) -> PathBuf {
    let to = disk.0.join("tenant.db");
    std::fs::copy(file, &to).unwrap();
    to
}

async fn readiness(tenant: &Tenant) -> (u16, String) {
    let answer = http().get(tenant.internal_url("/readyz")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_accepted_that_is_not_kept_and_all_goes_on_when_there_is_room() {
    let name = "disk::on_a_full_disk_nothing_is_accepted_that_is_not_kept_and_all_goes_on_when_there_is_room";
    if ran_as_root_of_a_namespace(name) {
        return;
    }
    let mut tenant = Tenant::start().await;
    tenant.stop().await;
    let disk = SmallDisk::mount(tenant.path("disk"), 4);
    tenant.db = Database::new(copy_of(&tenant.path("tenant.db"), &disk));
    tenant.run().await;
    tenant.say("5511999990000", "Quanto custa o corte?").await;
    tenant.until("an answer", |state| state.messages.len() == 1).await;

    let ballast = disk.fill();
    // What is there of the log of writes may still take some.
    let (mut accepted, mut refused) = (0, 0);
    while refused < 3 {
        let from = format!("551199999{:04}", 1 + accepted + refused);
        let text = format!("Quanto custa o corte? {}", "x".repeat(3000));
        match tenant.sim.say(Say::text(NUMBER, &from, "Ana", &text)).await.unwrap().status {
            200 => accepted += 1,
            503 => refused += 1,
            other => panic!("answered {other}: {}", tenant.log()),
        }
        assert!(accepted < 200, "the disk is full and everything is accepted");
        disk.fill();
    }
    // The last pages are taken by what is small.
    let began = Instant::now();
    let why = loop {
        match readiness(&tenant).await {
            (503, why) => break why,
            other => assert!(began.elapsed() < Duration::from_secs(30), "{other:?}: {}", tenant.log()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(why.contains("disk is full; make the volume larger or free space"), "{why}");
    let status = tenant.internal("/status").await;
    assert!(status.contains("disk is full; make the volume larger or free space"), "{status}");

    // Long enough for whoever would give up.
    tokio::time::sleep(Duration::from_secs(8)).await;
    std::fs::remove_file(ballast).unwrap();
    let began = Instant::now();
    while readiness(&tenant).await.0 != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", tenant.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let everybody = 1 + accepted + refused;
    let state = tenant.until("an answer for everybody", |state| state.messages.len() >= everybody).await;
    let asked = state.messages.iter().filter(|sent| sent.text().contains("80,00")).count();
    assert_eq!(
        asked,
        everybody,
        "an answer to what was asked: {:?}",
        tenant.db.rows("SELECT * FROM dead_letter").await
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(tenant.sim.sent_to().values().all(|n| *n == 1), "{:?}", tenant.sim.sent_to());
    assert_eq!(tenant.sim.sent_to().len(), everybody);
    assert_eq!(tenant.db.count("dead_letter").await, 0);
    tenant.stop().await;
}
