//! Requests that end before they are whole, and readers that go away.

use crate::{AT_ONCE, database, keys, open, options, say};
use kefu_turns::{Host, Visitor};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends the head of a POST and a part of its body, and goes away.
fn cut_off(host: &Host, visitor: &Visitor, route: &str, part: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", host.port())).unwrap();
    let head = format!(
        "POST /v1/conversations/{}/{route} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: image/png\r\nContent-Length: 3000000\r\n\r\n",
        visitor.conversation(),
        visitor.token()
    );
    // It may be refused before all of it is sent.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(part));
}

#[tokio::test]
async fn a_body_that_is_cut_off_changes_nothing_and_is_no_news() {
    let host = Host::with(options());
    let visitor = host.site(AT_ONCE).await.visitor().await;
    visitor.post("before", "hello").await;
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 1_500_000]].concat();
    for _ in 0..20 {
        cut_off(&host, &visitor, "messages", br#"{"key":"half","te"#);
        cut_off(&host, &visitor, "uploads?name=a.png", &picture);
    }
    assert_eq!(say(&visitor, "after").await.0, 202);
    assert_eq!(keys(&visitor).await, ["before", "after"]);
    let pieces = "SELECT count(*) FROM upload";
    kefu_turns::soon("the pieces are gone", async {
        let database = open(&database(&host));
        while database.query_row(pieces, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(host.log().trim(), "", "nobody is told");
}

#[tokio::test]
async fn readers_that_go_away_leave_the_others_and_the_process_alone() {
    let host = Host::with(options());
    let visitor = host.site(AT_ONCE).await.visitor().await;
    let mut stays = visitor.event_stream().await;
    for _ in 0..40 {
        let mut stream = TcpStream::connect(("127.0.0.1", host.port())).unwrap();
        let head = format!(
            "GET /v1/conversations/{}/events?after=0 HTTP/1.1\r\nHost: desk\r\n\
             Authorization: Bearer {}\r\nAccept: text/event-stream\r\n\r\n",
            visitor.conversation(),
            visitor.token()
        );
        stream.write_all(head.as_bytes()).unwrap();
        assert!(stream.read(&mut [0; 512]).unwrap() > 0, "it began");
    }
    assert_eq!(say(&visitor, "still here").await.0, 202);
    stays.until("event", |frame| frame["event"]["message"]["key"] == "still here").await;
    assert!(host.running().ended().unwrap().is_none());
}
