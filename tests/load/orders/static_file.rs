//! The floor of reads: nginx answering one kilobyte of JSON from a file, which is as fast as HTTP gets on this machine.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The process's name in /proc.
pub const PROCESS: &str = "nginx";
/// The path of the file.
pub const PATH: &str = "/order.json";

/// nginx must listen within this time.
const START_LIMIT: Duration = Duration::from_secs(10);

/// nginx with a folder of its own. Dropping the value stops it.
pub struct StaticFile {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl StaticFile {
    /// Serves these bytes.
    ///
    /// # Panics
    /// When nginx is missing or does not start.
    pub fn serve(bytes: &[u8]) -> Self {
        let folder = env::temp_dir().join(format!("order-service-floor-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(PATH.trim_start_matches('/')), bytes).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::write(folder.join("nginx.conf"), configuration(&folder.display().to_string(), port)).unwrap();
        let mut command = nginx();
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "error.log"]).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("nginx is missing: it is the floor of reads");
        let this = Self { process, folder, port };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || fs::read_to_string(this.folder.join("error.log")).unwrap_or_default();
            assert!(started.elapsed() < START_LIMIT, "nginx does not listen: {}", log());
            std::thread::yield_now();
        }
        this
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for StaticFile {
    fn drop(&mut self) {
        let stop = ["-p".as_ref(), self.folder.as_os_str(), "-c".as_ref(), "nginx.conf".as_ref(), "-s".as_ref(), "stop".as_ref()];
        let stopped = nginx().args(stop).stderr(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program that the runner found, or the one on the path.
fn nginx() -> Command {
    Command::new(env::var_os("NGINX").unwrap_or_else(|| "nginx".into()))
}

/// As many workers as cores, connections kept, no access log: what the service must be compared with.
fn configuration(folder: &str, port: u16) -> String {
    format!(
        "daemon off;
pid {folder}/nginx.pid;
worker_processes auto;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 10000000;
    open_file_cache max=16;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"
    )
}
