//! A load for benchmarks: a process of its own sends requests from a file over connections that stay open, so that the
//! processor time measured here is the service's alone. The program is started again with an order in its environment.
#![allow(dead_code, reason = "each benchmark uses its part")]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use shutong::server::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CONNECTIONS: usize = 64;
/// Set for the process that is the load.
const LOAD: &str = "SHUTONG_BENCH_LOAD";

/// The order, if this process is to be the load.
pub fn order() -> Option<String> {
    std::env::var(LOAD).ok()
}

/// Adds a request to a file of them.
pub fn write(file: &mut impl Write, request: &[u8]) -> std::io::Result<()> {
    file.write_all(&(request.len() as u32).to_le_bytes())?;
    file.write_all(request)
}

/// What one load came to. Times of answers in microseconds.
pub struct Load {
    requests: f64,
    seconds: f64,
    processor: Duration,
    p50: f64,
    p99: f64,
    pub most: f64,
    wrong: f64,
}

impl Load {
    pub fn rate(&self) -> f64 {
        self.requests / self.seconds
    }

    /// Seconds of the service's processor time for one request.
    pub fn each(&self) -> f64 {
        self.processor.as_secs_f64() / self.requests
    }
}

/// A line of the table.
pub fn print_line(name: &str, load: &Load) {
    let Load { p50, p99, most, wrong, .. } = load;
    println!(
        "{name:<34} {:>8.0} requests/s, {:>6.0} µs of processor each, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms, {wrong} wrong",
        load.rate(),
        load.each() * 1e6,
        p50 / 1e3,
        p99 / 1e3,
        most / 1e3
    );
}

/// Serves while another process sends what the file holds.
pub fn run<S: Future<Output = ()> + Send + 'static>(
    file: &Path,
    serve: impl FnOnce(TcpListener, ConnectionLimits, std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) -> S,
) -> Outcome<Load> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(128).build()?;
    let limits = ConnectionLimits::of(1024);
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let order = format!("{} {}", listener.local_addr()?, file.display());
        let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
        let stopped = Box::pin(async {
            let _ = stopping.await;
        });
        let served = tokio::spawn(serve(listener, limits, stopped));
        let before = processor_time()?;
        let program = std::env::current_exe()?;
        let load = move || std::process::Command::new(program).env(LOAD, order).output();
        let output = tokio::task::spawn_blocking(load).await??;
        let processor = processor_time()? - before;
        let _ = stop.send(());
        served.await?;
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [requests, seconds, p50, p99, most, wrong] = numbers[..] else {
            return Err(format!("the load failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        };
        Ok(Load { requests, seconds, processor, p50, p99, most, wrong })
    })
}

/// User and system time of all this process's threads so far, in hundredths of a second.
pub fn processor_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold spaces; it ends with a parenthesis.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// A size from the environment.
pub fn setting(name: &str, default: usize) -> Outcome<usize> {
    Ok(std::env::var(name).ok().map(|text| text.parse()).transpose()?.unwrap_or(default))
}

/// Sends everything in the file over [`CONNECTIONS`] connections and prints the figures of [`Load`].
pub fn be_the_load(order: &str) -> Outcome<()> {
    let (address, file) = order.split_once(' ').ok_or("an address and a file")?;
    let bytes = std::fs::read(file)?;
    let mut requests: Vec<&[u8]> = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (request, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        requests.push(request);
        rest = behind;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (seconds, mut waits, wrong) = runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connections.push(stream);
        }
        let started = Instant::now();
        let shares = connections.into_iter().enumerate().map(|(number, stream)| {
            let share = requests.iter().copied().skip(number).step_by(CONNECTIONS);
            talk(stream, share)
        });
        let outcomes = futures_util::future::try_join_all(shares).await?;
        let wrong: usize = outcomes.iter().map(|(_, wrong)| wrong).sum();
        let waits: Vec<f64> = outcomes.into_iter().flat_map(|(waits, _)| waits).collect();
        Outcome::Ok((started.elapsed().as_secs_f64(), waits, wrong))
    })?;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!("{} {seconds} {} {} {} {wrong}", waits.len(), at(0.5), at(0.99), at(1.0));
    Ok(())
}

/// One connection: each request, its answer, and how many microseconds that took.
async fn talk<'a>(mut stream: TcpStream, requests: impl Iterator<Item = &'a [u8]>) -> Outcome<(Vec<f64>, usize)> {
    let (mut waits, mut wrong) = (Vec::new(), 0);
    let mut answer = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    for request in requests {
        let asked = Instant::now();
        stream.write_all(request).await?;
        answer.clear();
        while !is_whole(&answer) {
            let length = stream.read(&mut piece).await?;
            if length == 0 {
                return Err("the service has closed the connection".into());
            }
            answer.extend_from_slice(&piece[..length]);
        }
        waits.push(asked.elapsed().as_secs_f64() * 1e6);
        wrong += usize::from(!answer.starts_with(b"HTTP/1.1 200"));
    }
    Ok((waits, wrong))
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
