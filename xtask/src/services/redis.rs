//! A private Redis.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::home::Home;
use super::programs::Program;
use crate::failure::Result;
use crate::process::Process;

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long one look at the server may take.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// Starts the server on `port` with persistence off: Redis is never the only copy of anything here.
pub fn start(home: &Home, port: u16) -> Result<Process> {
    let directory = home.data("redis")?;
    let mut command = home.command(&Program::Redis.require()?, &directory);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    let mut process = Process::start("Redis", command, home.log("redis"), home.pid_file("redis"))?;
    let pid = process.pid();
    process.wait_until(START_TIMEOUT, || answers_as(port, pid))?;
    Ok(process)
}

/// Whether the server on `port` is the process we started: it says its own pid.
fn answers_as(port: u16, pid: u32) -> bool {
    info(port).is_ok_and(|text| text.lines().any(|line| line.trim_end() == format!("process_id:{pid}")))
}

fn info(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
    stream.write_all(b"INFO server\r\nQUIT\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
