//! Ports for programs that are told theirs, and that may be started again at the same one.

use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that Linux gives to connections and to whoever asks for port 0 (32,768 and up),
/// among which a port that is free now may be a connection's a moment later.
const PORTS: Range<u16> = 10_000..32_000;
/// So many are tried.
const TRIES: usize = 1_000;
/// Where the next search begins, counted from where this process's ones do.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that nobody has. It is reserved for nobody, but is the last that another
/// search of this process comes to, and each process begins elsewhere.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    let mut free = Err(io::Error::from(io::ErrorKind::AddrInUse));
    for _ in 0..TRIES {
        free = TcpListener::bind(("127.0.0.1", next())).and_then(|it| it.local_addr());
        if free.is_ok() {
            break;
        }
    }
    free.map(|address| address.port())
}

fn next() -> u16 {
    let count = u32::from(PORTS.end - PORTS.start);
    // Processes that begin together have numbers close to each other.
    let first = std::process::id().wrapping_mul(577) % count;
    let next = (first + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % count;
    PORTS.start + u16::try_from(next).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_port_is_given_twice_in_a_row_and_none_that_somebody_has() {
        let had = next() + 1;
        // By this test, or by somebody else.
        let _taken = TcpListener::bind(("127.0.0.1", had));
        let ports: BTreeSet<u16> = (0..100).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 100);
        assert!(ports.iter().all(|port| PORTS.contains(port) && *port != had));
    }
}
