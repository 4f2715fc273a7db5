//! The rows of a conversation and of a site: SQL text and numbered migrations, the same on every
//! host (SQLite).

/// One step of a schema, run once and in order.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// From 1, dense.
    pub number: u32,
    /// Statements.
    pub statements: &'static [&'static str],
}

/// Which version of its schema a database has: `migration(number)`.
pub const MIGRATIONS_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY) STRICT";

/// A conversation's.
pub const CONVERSATION: &[Migration] = &[CONVERSATION_TABLES, STATE_VERSIONS];

const CONVERSATION_TABLES: Migration = Migration {
    number: 1,
    statements: &[
        // `seq` orders, `sender` makes a repeated key impossible, `spoke` (Unix milliseconds, on
        // visitors' messages) counts towards rates, `envelope` is the encoded kefu.v1.Envelope.
        "CREATE TABLE event (
            seq INTEGER PRIMARY KEY,
            sender TEXT,
            spoke INTEGER,
            envelope BLOB NOT NULL
        ) STRICT",
        "CREATE UNIQUE INDEX event_sender ON event (sender) WHERE sender IS NOT NULL",
        // One row for the head and one for the turns, as JSON.
        "CREATE TABLE state (id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT",
        "CREATE TABLE mark (who TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        // Uploads, cut into pieces below the size that a row may have.
        "CREATE TABLE upload (
            id TEXT NOT NULL,
            piece INTEGER NOT NULL,
            head TEXT,
            bytes BLOB NOT NULL,
            PRIMARY KEY (id, piece)
        ) STRICT, WITHOUT ROWID",
    ],
};

/// A state is only replaced by the one that follows it.
const STATE_VERSIONS: Migration = Migration {
    number: 2,
    statements: &["ALTER TABLE state ADD COLUMN version INTEGER NOT NULL DEFAULT 0"],
};

/// Where in `state` a conversation's head is.
pub const STATE_HEAD: u32 = 1;
/// Where in `state` the record of its turns is.
pub const STATE_TURN: u32 = 2;

/// A site's.
pub const SITE: &[Migration] = &[Migration {
    number: 1,
    statements: &[
        "CREATE TABLE config (
            version INTEGER PRIMARY KEY,
            format TEXT NOT NULL,
            document TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT",
        "CREATE TABLE secret (name TEXT PRIMARY KEY, sealed TEXT NOT NULL, hosts TEXT NOT NULL) STRICT",
        "CREATE TABLE revision (id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT",
    ],
}];

/// A desk's.
pub const DESK: &[Migration] = &[Migration {
    number: 1,
    statements: &[
        // `entry` is the encoded kefu.v1.InboxEntry. One row a change, no index: rows are the bill.
        "CREATE TABLE inbox (conversation TEXT PRIMARY KEY, entry BLOB NOT NULL) STRICT, WITHOUT ROWID",
        // Cursors below it do not hold any more.
        "CREATE TABLE floor (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL) STRICT",
        // As JSON.
        "CREATE TABLE account (id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE session (id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        // Attempts to log in: whose, and when (Unix milliseconds).
        "CREATE TABLE try (tag TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
    ],
}];

/// The statements of a conversation's host.
pub mod sql {
    /// Adds an event: seq, sender, spoke, envelope.
    pub const INSERT_EVENT: &str =
        "INSERT INTO event (seq, sender, spoke, envelope) VALUES (?, ?, ?, ?)";
    /// Keeps a state: id, value, version. It writes no row unless the version follows the stored
    /// one's: somebody else wrote meanwhile, and the transaction must fail.
    pub const PUT_STATE: &str = "INSERT INTO state (id, value, version) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET value = excluded.value, version = excluded.version
        WHERE excluded.version = version + 1";
    /// Raises a mark: who, seq.
    pub const PUT_MARK: &str = "INSERT INTO mark (who, seq) VALUES (?, ?)
        ON CONFLICT (who) DO UPDATE SET seq = max(seq, excluded.seq)";
    /// All states.
    pub const STATES: &str = "SELECT id, value FROM state";
    /// All marks.
    pub const MARKS: &str = "SELECT who, seq FROM mark";
    /// The newest events, newest first: limit.
    pub const NEWEST: &str = "SELECT envelope, sender FROM event ORDER BY seq DESC LIMIT ?";
    /// Events of a range, oldest first: after, upto.
    pub const RANGE: &str = "SELECT envelope FROM event WHERE seq > ? AND seq <= ? ORDER BY seq";
    /// Adds a piece of an upload: id, piece, head, bytes. The piece 0, which comes last, has the
    /// head: an upload without one is not there.
    pub const PUT_PIECE: &str = "INSERT INTO upload (id, piece, head, bytes) VALUES (?, ?, ?, ?)";
    /// An upload's head: id.
    pub const UPLOAD_HEAD: &str = "SELECT head FROM upload WHERE id = ? AND piece = 0";
    /// An upload's bytes: id.
    pub const UPLOAD_BYTES: &str = "SELECT bytes FROM upload WHERE id = ? ORDER BY piece";
    /// How many bytes all uploads have.
    pub const UPLOADS_SIZE: &str = "SELECT total(length(bytes)) FROM upload";
    /// Forgets an upload: id.
    pub const DROP_UPLOAD: &str = "DELETE FROM upload WHERE id = ?";
    /// The event of a sender.
    pub const BY_SENDER: &str = "SELECT envelope FROM event WHERE sender = ?";
    /// When visitors' messages among the newest events were: how many events, since. It reads back
    /// to the first message that is too old, and a conversation that slept has none that is not.
    pub const WINDOW: &str = "SELECT spoke FROM event WHERE spoke > ?2 AND seq > max(
        (SELECT coalesce(max(seq), 0) FROM event) - ?1,
        coalesce((SELECT seq FROM (SELECT seq, spoke FROM event ORDER BY seq DESC LIMIT ?1)
            WHERE spoke <= ?2 LIMIT 1), 0))";
}

/// The statements of a desk's host.
pub mod desk_sql {
    /// All entries.
    pub const ENTRIES: &str = "SELECT entry FROM inbox";
    /// The floor.
    pub const FLOOR: &str = "SELECT revision FROM floor";
    /// All accounts.
    pub const ACCOUNTS: &str = "SELECT value FROM account";
    /// All sessions.
    pub const SESSIONS: &str = "SELECT value FROM session";
    /// All attempts to log in.
    pub const TRIES: &str = "SELECT tag, at FROM try ORDER BY at";
    /// Keeps an entry: conversation, entry.
    pub const PUT_ENTRY: &str = "INSERT INTO inbox (conversation, entry) VALUES (?, ?)
        ON CONFLICT (conversation) DO UPDATE SET entry = excluded.entry";
    /// Drops an entry: conversation.
    pub const DROP_ENTRY: &str = "DELETE FROM inbox WHERE conversation = ?";
    /// Keeps the floor: revision.
    pub const PUT_FLOOR: &str = "INSERT INTO floor (id, revision) VALUES (1, ?)
        ON CONFLICT (id) DO UPDATE SET revision = excluded.revision";
    /// Keeps an account: id, value.
    pub const PUT_ACCOUNT: &str = "INSERT INTO account (id, value) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET value = excluded.value";
    /// Drops an account: id.
    pub const DROP_ACCOUNT: &str = "DELETE FROM account WHERE id = ?";
    /// Keeps a session: id, value.
    pub const PUT_SESSION: &str = "INSERT INTO session (id, value) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET value = excluded.value";
    /// Drops a session: id.
    pub const DROP_SESSION: &str = "DELETE FROM session WHERE id = ?";
    /// Notes an attempt to log in: tag, at.
    pub const PUT_TRY: &str = "INSERT INTO try (tag, at) VALUES (?, ?)";
    /// Drops the newest attempt of a tag: tag.
    pub const DROP_NEWEST_TRY: &str = "DELETE FROM try WHERE rowid =
        (SELECT rowid FROM try WHERE tag = ? ORDER BY at DESC, rowid DESC LIMIT 1)";
    /// Drops attempts: up to when.
    pub const DROP_TRIES: &str = "DELETE FROM try WHERE at <= ?";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_densely() {
        for migrations in [CONVERSATION, SITE, DESK] {
            for (index, migration) in migrations.iter().enumerate() {
                assert_eq!(migration.number as usize, index + 1);
            }
        }
    }
}
