//! One connection: requests in, answers out, as badly as told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::reply::{After, Before, Manner, Reply};
use super::{Request, Shared};

/// A head longer than this is not one of ours.
const MAX_HEAD: usize = 256 * 1024;

/// Nor is such a body.
const MAX_BODY: usize = 1024 * 1024;

/// Serves until told to stop.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    // Ends every connection with the server: dropped with this function.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, remote)) = accepted {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    // A client that goes away is the client's right.
                    drop(converse(stream, remote, &shared).await);
                });
            },
        }
    }
}

/// Counts a request as being answered while it lives.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut state = shared.lock();
        state.in_flight += 1;
        state.peak = state.peak.max(state.in_flight);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

async fn converse(mut stream: TcpStream, remote: SocketAddr, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer, remote).await? else {
            return Ok(());
        };
        let _in_flight = InFlight::begin(shared);
        let reply = shared.answer(&request);
        tokio::time::sleep(reply.delay).await;
        match reply.before {
            Before::Answer => {}
            Before::Silence => {
                // Until the client gives up.
                while stream.read(&mut [0; 64]).await? > 0 {}
                return Ok(());
            }
            Before::Close => return Ok(()),
        }
        if let Manner::Raw(pace, after) = reply.manner {
            return send_raw(&mut stream, &reply.body, pace, after).await;
        }
        let goes_on = answer(&mut stream, &request, &reply).await?;
        stream.flush().await?;
        if !goes_on || wants_close(&request) {
            stream.shutdown().await?;
            return Ok(());
        }
    }
}

fn wants_close(request: &Request) -> bool {
    request
        .text("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// Reads one request. `None` when the client is done.
async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    remote: SocketAddr,
) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        // What begins otherwise is no HTTP: TLS, say. It is told so, as most servers do.
        if buffer.first().is_some_and(|first| !first.is_ascii_uppercase()) {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
            return Ok(None);
        }
        if buffer.len() > MAX_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head: Vec<u8> = buffer.drain(..end + 4).collect();
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: Vec<(String, Vec<u8>)> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            Some((String::from_utf8_lossy(name).into_owned(), value.to_vec()))
        })
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok())
        .unwrap_or(0);
    while buffer.len() < length {
        if length > MAX_BODY || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer.drain(..length).collect();
    Ok(Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body,
        at: Instant::now(),
        remote,
    }))
}

/// Sends an answer; whether the connection can be used again.
async fn answer(stream: &mut TcpStream, request: &Request, reply: &Reply) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, phrase(reply.status)).into_bytes();
    for (name, value) in &reply.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    let bodiless = request.method == "HEAD" || matches!(reply.status, 100..=199 | 204 | 304);
    let framing = match &reply.manner {
        _ if bodiless => String::new(),
        Manner::Whole | Manner::Drip(..) | Manner::CloseAfter(_) => {
            format!("Content-Length: {}\r\n", reply.body.len())
        }
        Manner::DeclaredLength(length) => format!("Content-Length: {length}\r\n"),
        Manner::Chunked(_) | Manner::Endless => "Transfer-Encoding: chunked\r\n".to_owned(),
        Manner::UntilClose => "Connection: close\r\n".to_owned(),
        // Sent by itself, head and all.
        Manner::Raw(..) => String::new(),
    };
    head.extend_from_slice(framing.as_bytes());
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head).await?;
    if bodiless {
        return Ok(true);
    }
    match &reply.manner {
        Manner::Whole => {
            stream.write_all(&reply.body).await?;
            Ok(true)
        }
        Manner::Chunked(bytes) => {
            for chunk in reply.body.chunks(*bytes) {
                write_chunk(stream, chunk).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
            Ok(true)
        }
        Manner::Drip(bytes, pause) => {
            for part in reply.body.chunks(*bytes) {
                stream.write_all(part).await?;
                stream.flush().await?;
                tokio::time::sleep(*pause).await;
            }
            Ok(true)
        }
        Manner::CloseAfter(bytes) => {
            stream
                .write_all(&reply.body.slice(..reply.body.len().min(*bytes)))
                .await?;
            Ok(false)
        }
        Manner::DeclaredLength(_) | Manner::UntilClose | Manner::Raw(..) => {
            stream.write_all(&reply.body).await?;
            Ok(false)
        }
        Manner::Endless => loop {
            write_chunk(stream, &reply.body).await?;
        },
    }
}

/// Sends bytes as they are and leaves the connection as told.
async fn send_raw(
    stream: &mut TcpStream,
    bytes: &[u8],
    pace: Option<(usize, Duration)>,
    after: After,
) -> io::Result<()> {
    loop {
        match pace {
            None => stream.write_all(bytes).await?,
            Some((at_a_time, pause)) => {
                for part in bytes.chunks(at_a_time) {
                    stream.write_all(part).await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        match after {
            After::Again => {}
            After::Close => return stream.shutdown().await,
            After::Reset => {
                // What is still on its way is lost with the connection; so it is given a moment.
                tokio::time::sleep(Duration::from_millis(50)).await;
                return stream.set_zero_linger();
            }
            After::Silence => {
                while stream.read(&mut [0; 64]).await? > 0 {}
                return Ok(());
            }
        }
    }
}

async fn write_chunk(stream: &mut TcpStream, chunk: &[u8]) -> io::Result<()> {
    // An empty chunk would end the body.
    let chunk = if chunk.is_empty() { b" " } else { chunk };
    stream
        .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
        .await?;
    stream.write_all(chunk).await?;
    stream.write_all(b"\r\n").await
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
