//! The rows of a conversation, a site, a desk and a provider: SQL text and numbered migrations (SQLite).
//!
//! An object has a database of its own; where all share one, each table has a first column that
//! tells whose row it is. Both texts come from one source: `objects` and `rows` below differ in
//! that column and its parameter only, which always comes first.

pub mod script;

/// One step of a schema, run once and in order.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// From 1, dense.
    pub number: u32,
    /// Statements.
    pub statements: &'static [&'static str],
}

/// Which version of its schema an object's database has: `migration(number)`.
pub const MIGRATIONS_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY) STRICT";

/// The same where all share a database: `migration(part, number)`.
pub const SHARED_MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS migration
    (part TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (part, number)) STRICT";

/// Where in `state` a conversation's head is.
pub const STATE_HEAD: u32 = 1;
/// Where in `state` the record of its turns is.
pub const STATE_TURN: u32 = 2;

/// A conversation's, in a database of its own.
pub const CONVERSATION: &[Migration] = objects::CONVERSATION;
/// A site's, in a database of its own.
pub const SITE: &[Migration] = objects::SITE;
/// A desk's, in a database of its own.
pub const DESK: &[Migration] = objects::DESK;
/// A provider's, in a database of its own.
pub const PROVIDER: &[Migration] = objects::PROVIDER;
/// All parts of a shared database.
pub const SHARED: &[(&str, &[Migration])] = &[
    ("conversation", rows::CONVERSATION),
    ("site", rows::SITE),
    ("desk", rows::DESK),
    ("provider", rows::PROVIDER),
    ("host", HOST),
];

/// What a host without objects keeps besides.
const HOST: &[Migration] = &[
    Migration {
        number: 1,
        statements: &[
            // Alarms: when (Unix milliseconds) a conversation is looked at, set by whom.
            "CREATE TABLE due (log TEXT NOT NULL, holder INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (log, holder)) STRICT, WITHOUT ROWID",
            "CREATE INDEX due_at ON due (at)",
            // What waiting streams are woken for and no event tells: whose, and a frame as JSON.
            "CREATE TABLE news (id INTEGER PRIMARY KEY, log TEXT NOT NULL, frame TEXT) STRICT",
            // What is counted, such as sessions that addresses opened: `Counted::name`.
            "CREATE TABLE opened (address TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
            "CREATE INDEX opened_at ON opened (address, at)",
            // Raised with every change of a desk: a change to another state is refused.
            "CREATE TABLE desk (site TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        ],
    },
    // Instances (Unix milliseconds): when they began, when they last said that they are there, and
    // when they left.
    Migration {
        number: 2,
        statements: &["CREATE TABLE instance (holder INTEGER PRIMARY KEY, begun INTEGER NOT NULL,
            seen INTEGER NOT NULL, gone INTEGER) STRICT"],
    },
    // Several have a desk in memory, and look for what is new.
    Migration { number: 3, statements: &["CREATE INDEX inbox_revision ON inbox (site, revision)"] },
];

/// Tables whose first column is `$column`, and whose keys begin with `$key`.
macro_rules! tables {
    ($log:literal, $in_log:literal, $site:literal, $in_site:literal) => {
        /// A conversation's.
        pub(super) const CONVERSATION: &[Migration] = &[
            Migration {
                number: 1,
                statements: &[
                    // `seq` orders, `sender` makes a repeated key impossible, `spoke` (Unix
                    // milliseconds, on visitors' messages) counts towards rates, `envelope` is
                    // the encoded kefu.v1.Envelope.
                    concat!(
                        "CREATE TABLE event (",
                        $log,
                        "seq INTEGER NOT NULL, sender TEXT,
                        spoke INTEGER, envelope BLOB NOT NULL, PRIMARY KEY (",
                        $in_log,
                        "seq)) STRICT"
                    ),
                    concat!(
                        "CREATE UNIQUE INDEX event_sender ON event (",
                        $in_log,
                        "sender)
                        WHERE sender IS NOT NULL"
                    ),
                    // One row for the head and one for the turns, as JSON.
                    concat!(
                        "CREATE TABLE state (",
                        $log,
                        "id INTEGER NOT NULL, value TEXT NOT NULL,
                        PRIMARY KEY (",
                        $in_log,
                        "id)) STRICT"
                    ),
                    concat!(
                        "CREATE TABLE mark (",
                        $log,
                        "who TEXT NOT NULL, seq INTEGER NOT NULL,
                        PRIMARY KEY (",
                        $in_log,
                        "who)) STRICT, WITHOUT ROWID"
                    ),
                    // Uploads, cut into pieces below the size that a row may have.
                    concat!(
                        "CREATE TABLE upload (",
                        $log,
                        "id TEXT NOT NULL, piece INTEGER NOT NULL,
                        head TEXT, bytes BLOB NOT NULL, PRIMARY KEY (",
                        $in_log,
                        "id, piece))
                        STRICT, WITHOUT ROWID"
                    ),
                ],
            },
            // A state is only replaced by the one that follows it.
            Migration {
                number: 2,
                statements: &["ALTER TABLE state ADD COLUMN version INTEGER NOT NULL DEFAULT 0"],
            },
            // How the event came about: a kefu.v1.TurnTrace as JSON, on what ends a turn.
            Migration { number: 3, statements: &["ALTER TABLE event ADD COLUMN trace TEXT"] },
        ];

        /// A site's.
        pub(super) const SITE: &[Migration] = &[Migration {
            number: 1,
            statements: &[
                concat!(
                    "CREATE TABLE config (",
                    $site,
                    "version INTEGER NOT NULL, format TEXT NOT NULL,
                    document TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (",
                    $in_site,
                    "version)) STRICT"
                ),
                concat!(
                    "CREATE TABLE secret (",
                    $site,
                    "name TEXT NOT NULL, sealed TEXT NOT NULL,
                    hosts TEXT NOT NULL, PRIMARY KEY (",
                    $in_site,
                    "name)) STRICT"
                ),
                concat!(
                    "CREATE TABLE revision (",
                    $site,
                    "id INTEGER NOT NULL, number INTEGER NOT NULL,
                    PRIMARY KEY (",
                    $in_site,
                    "id)) STRICT"
                ),
            ],
        }];

        /// A provider's.
        pub(super) const PROVIDER: &[Migration] = &[Migration {
            number: 1,
            statements: &[
                // `value` is the guard as JSON; a version follows the stored one.
                concat!(
                    "CREATE TABLE guard (",
                    $site,
                    "provider TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
                    PRIMARY KEY (",
                    $in_site,
                    "provider)) STRICT, WITHOUT ROWID"
                ),
            ],
        }];

        /// A desk's.
        pub(super) const DESK: &[Migration] = &[
            Migration {
                number: 1,
                statements: &[
                    // `entry` is the encoded kefu.v1.InboxEntry. One row a change, no index: rows are
                    // the bill.
                    concat!(
                        "CREATE TABLE inbox (",
                        $site,
                        "conversation TEXT NOT NULL, entry BLOB NOT NULL,
                    PRIMARY KEY (",
                        $in_site,
                        "conversation)) STRICT, WITHOUT ROWID"
                    ),
                    // Cursors below it do not hold any more.
                    concat!(
                        "CREATE TABLE floor (",
                        $site,
                        "id INTEGER NOT NULL, revision INTEGER NOT NULL,
                    PRIMARY KEY (",
                        $in_site,
                        "id)) STRICT"
                    ),
                    // As JSON.
                    concat!(
                        "CREATE TABLE account (",
                        $site,
                        "id TEXT NOT NULL, value TEXT NOT NULL,
                    PRIMARY KEY (",
                        $in_site,
                        "id)) STRICT, WITHOUT ROWID"
                    ),
                    concat!(
                        "CREATE TABLE session (",
                        $site,
                        "id TEXT NOT NULL, value TEXT NOT NULL,
                    PRIMARY KEY (",
                        $in_site,
                        "id)) STRICT, WITHOUT ROWID"
                    ),
                    // Attempts to log in: whose, and when (Unix milliseconds).
                    concat!(
                        "CREATE TABLE try (",
                        $site,
                        "tag TEXT NOT NULL, at INTEGER NOT NULL) STRICT"
                    ),
                ],
            },
            // Of its newest change: whoever has the desk in memory reads what it lacks.
            Migration {
                number: 2,
                statements: &["ALTER TABLE inbox ADD COLUMN revision INTEGER NOT NULL DEFAULT 0"],
            },
            // Which floor was there before, and which conversations left since then, as JSON.
            Migration {
                number: 3,
                statements: &[
                    "ALTER TABLE floor ADD COLUMN before INTEGER NOT NULL DEFAULT 0",
                    "ALTER TABLE floor ADD COLUMN gone TEXT NOT NULL DEFAULT '[]'",
                ],
            },
        ];
    };
}

/// Statements whose keys begin with `$in`, parameters with `$p` and conditions with `$of`; `$all`
/// is the condition of those that have no other.
macro_rules! statements {
    (log: $in:literal, $p:literal, $of:literal, $all:literal) => {
        /// Adds an event: seq, sender, spoke, envelope, trace.
        pub const INSERT_EVENT: &str = concat!(
            "INSERT INTO event (",
            $in,
            "seq, sender, spoke, envelope, trace) VALUES (",
            $p,
            "?, ?, ?, ?, ?)"
        );
        /// Traces before an event, newest first: before, limit.
        pub const TRACES: &str = concat!(
            "SELECT trace FROM event WHERE ",
            $of,
            "seq < ? AND trace IS NOT NULL ORDER BY seq DESC LIMIT ?"
        );
        /// Forgets traces of a range: after, upto.
        pub const DROP_TRACES: &str = concat!(
            "UPDATE event SET trace = NULL WHERE ",
            $of,
            "seq > ? AND seq <= ? AND trace IS NOT NULL"
        );
        /// Keeps a state: id, value, version. It writes no row, and gives none, unless the version
        /// follows the stored one's: somebody else wrote meanwhile, and the transaction must fail.
        pub const PUT_STATE: &str = concat!(
            "INSERT INTO state (",
            $in,
            "id, value, version) VALUES (",
            $p,
            "?, ?, ?)
            ON CONFLICT (",
            $in,
            "id) DO UPDATE SET value = excluded.value, version = excluded.version
            WHERE excluded.version = version + 1"
        );
        /// Raises a mark: who, seq.
        pub const PUT_MARK: &str = concat!(
            "INSERT INTO mark (",
            $in,
            "who, seq) VALUES (",
            $p,
            "?, ?)
            ON CONFLICT (",
            $in,
            "who) DO UPDATE SET seq = max(seq, excluded.seq)"
        );
        /// All states.
        pub const STATES: &str = concat!("SELECT id, value FROM state", $all);
        /// All marks.
        pub const MARKS: &str = concat!("SELECT who, seq FROM mark", $all);
        /// The newest events, newest first: limit.
        pub const NEWEST: &str =
            concat!("SELECT envelope, sender FROM event", $all, " ORDER BY seq DESC LIMIT ?");
        /// Events of a range, oldest first: after, upto.
        pub const RANGE: &str =
            concat!("SELECT envelope FROM event WHERE ", $of, "seq > ? AND seq <= ? ORDER BY seq");
        /// Events after one, oldest first, with sender and spoke: after.
        pub const SINCE: &str = concat!(
            "SELECT envelope, sender, spoke FROM event WHERE ",
            $of,
            "seq > ? ORDER BY seq"
        );
        /// Adds a piece of an upload: id, piece, head, bytes. The piece 0, which comes last, has
        /// the head: an upload without one is not there.
        pub const PUT_PIECE: &str = concat!(
            "INSERT INTO upload (",
            $in,
            "id, piece, head, bytes) VALUES (",
            $p,
            "?, ?, ?, ?)"
        );
        /// An upload's head: id.
        pub const UPLOAD_HEAD: &str =
            concat!("SELECT head FROM upload WHERE ", $of, "id = ? AND piece = 0");
        /// An upload's bytes: id.
        pub const UPLOAD_BYTES: &str =
            concat!("SELECT bytes FROM upload WHERE ", $of, "id = ? ORDER BY piece");
        /// How many bytes all uploads have.
        pub const UPLOADS_SIZE: &str = concat!("SELECT total(length(bytes)) FROM upload", $all);
        /// Forgets an upload: id.
        pub const DROP_UPLOAD: &str = concat!("DELETE FROM upload WHERE ", $of, "id = ?");
        /// The event of a sender.
        pub const BY_SENDER: &str = concat!("SELECT envelope FROM event WHERE ", $of, "sender = ?");
    };
    (site: $in:literal, $p:literal, $of:literal, $all:literal) => {
        /// A site's versions, newest first.
        pub const VERSIONS: &str =
            concat!("SELECT version, format, document FROM config", $all, " ORDER BY version DESC");
        /// Its secrets.
        pub const SECRETS: &str =
            concat!("SELECT name, sealed, hosts FROM secret", $all, " ORDER BY name");
        /// Its revision.
        pub const REVISION: &str = concat!("SELECT number FROM revision", $all);
        /// Keeps a version: version, format, document, at.
        pub const PUT_VERSION: &str = concat!(
            "INSERT INTO config (",
            $in,
            "version, format, document, at) VALUES (",
            $p,
            "?, ?, ?, ?)"
        );
        /// Drops versions: up to which.
        pub const DROP_VERSIONS: &str = concat!("DELETE FROM config WHERE ", $of, "version <= ?");
        /// Keeps a secret: name, sealed, hosts.
        pub const PUT_SECRET: &str = concat!(
            "INSERT INTO secret (",
            $in,
            "name, sealed, hosts) VALUES (",
            $p,
            "?, ?, ?)
            ON CONFLICT (",
            $in,
            "name) DO UPDATE SET sealed = excluded.sealed, hosts = excluded.hosts"
        );
        /// Drops a secret: name.
        pub const DROP_SECRET: &str = concat!("DELETE FROM secret WHERE ", $of, "name = ?");
        /// Raises the revision.
        pub const RAISE_REVISION: &str = concat!(
            "INSERT INTO revision (",
            $in,
            "id, number) VALUES (",
            $p,
            "1, 1)
            ON CONFLICT (",
            $in,
            "id) DO UPDATE SET number = number + 1"
        );
    };
    (provider: $in:literal, $p:literal, $of:literal, $all:literal) => {
        /// A provider's guard and its version: provider.
        pub const GUARD: &str =
            concat!("SELECT value, version FROM guard WHERE ", $of, "provider = ?");
        /// Keeps a guard: provider, value, version. It gives a row only if the version follows the
        /// stored one's.
        pub const PUT_GUARD: &str = concat!(
            "INSERT INTO guard (",
            $in,
            "provider, value, version) VALUES (",
            $p,
            "?, ?, ?)
            ON CONFLICT (",
            $in,
            "provider) DO UPDATE SET value = excluded.value, version = excluded.version
            WHERE excluded.version = version + 1 RETURNING version"
        );
    };
    (desk: $in:literal, $p:literal, $of:literal, $all:literal) => {
        /// All entries.
        pub const ENTRIES: &str = concat!("SELECT entry FROM inbox", $all);
        /// The floor.
        pub const FLOOR: &str = concat!("SELECT revision FROM floor", $all);
        /// All accounts.
        pub const ACCOUNTS: &str = concat!("SELECT value FROM account", $all);
        /// All sessions.
        pub const SESSIONS: &str = concat!("SELECT value FROM session", $all);
        /// All attempts to log in.
        pub const TRIES: &str = concat!("SELECT tag, at FROM try", $all, " ORDER BY at");
        /// Keeps an entry: conversation, entry, revision.
        pub const PUT_ENTRY: &str = concat!(
            "INSERT INTO inbox (",
            $in,
            "conversation, entry, revision) VALUES (",
            $p,
            "?, ?, ?)
            ON CONFLICT (",
            $in,
            "conversation) DO UPDATE SET entry = excluded.entry, revision = excluded.revision"
        );
        /// Drops entries: conversations, as JSON.
        pub const DROP_ENTRIES: &str = concat!(
            "DELETE FROM inbox WHERE ",
            $of,
            "conversation IN (SELECT value FROM json_each(?))"
        );
        /// Keeps the floor: revision, the one before, the conversations that left, as JSON.
        pub const PUT_FLOOR: &str = concat!(
            "INSERT INTO floor (",
            $in,
            "id, revision, before, gone) VALUES (",
            $p,
            "1, ?, ?, ?)
            ON CONFLICT (",
            $in,
            "id) DO UPDATE SET revision = excluded.revision, before = excluded.before,
                gone = excluded.gone"
        );
        /// Keeps an account: id, value.
        pub const PUT_ACCOUNT: &str = concat!(
            "INSERT INTO account (",
            $in,
            "id, value) VALUES (",
            $p,
            "?, ?)
            ON CONFLICT (",
            $in,
            "id) DO UPDATE SET value = excluded.value"
        );
        /// Drops an account: id.
        pub const DROP_ACCOUNT: &str = concat!("DELETE FROM account WHERE ", $of, "id = ?");
        /// Keeps a session: id, value.
        pub const PUT_SESSION: &str = concat!(
            "INSERT INTO session (",
            $in,
            "id, value) VALUES (",
            $p,
            "?, ?)
            ON CONFLICT (",
            $in,
            "id) DO UPDATE SET value = excluded.value"
        );
        /// Drops a session: id.
        pub const DROP_SESSION: &str = concat!("DELETE FROM session WHERE ", $of, "id = ?");
        /// Notes an attempt to log in: tag, at.
        pub const PUT_TRY: &str =
            concat!("INSERT INTO try (", $in, "tag, at) VALUES (", $p, "?, ?)");
        /// Drops the newest attempt of a tag: tag.
        pub const DROP_NEWEST_TRY: &str = concat!(
            "DELETE FROM try WHERE rowid = (SELECT rowid FROM try WHERE ",
            $of,
            "tag = ?
            ORDER BY at DESC, rowid DESC LIMIT 1)"
        );
        /// Drops attempts: up to when.
        pub const DROP_TRIES: &str = concat!("DELETE FROM try WHERE ", $of, "at <= ?");
    };
}

/// Tables of a database that one object has for itself.
mod objects {
    use super::Migration;
    tables!("", "", "", "");
}

/// Tables of a database that all share.
mod rows {
    use super::Migration;
    tables!("log TEXT NOT NULL, ", "log, ", "site TEXT NOT NULL, ", "site, ");
}

/// The statements of a conversation in a database of its own.
pub mod sql {
    statements!(log: "", "", "", "");
    /// When visitors' messages among the newest events were: how many events, since. It reads back
    /// to the first message that is too old, and a conversation that slept has none that is not.
    pub const WINDOW: &str = "SELECT spoke FROM event WHERE spoke > ?2 AND seq > max(
        (SELECT coalesce(max(seq), 0) FROM event) - ?1,
        coalesce((SELECT seq FROM (SELECT seq, spoke FROM event ORDER BY seq DESC LIMIT ?1)
            WHERE spoke <= ?2 LIMIT 1), 0))";
}

/// The statements of a site in a database of its own.
pub mod site_sql {
    statements!(site: "", "", "", "");
}

/// The statements of a desk in a database of its own.
pub mod desk_sql {
    statements!(desk: "", "", "", "");
}

/// The statements of a provider in a database of its own.
pub mod provider_sql {
    statements!(provider: "", "", "", "");
}

/// The same in a shared database: the first parameter tells whose row it is.
pub mod shared_sql {
    /// Of a conversation.
    pub mod log {
        statements!(log: "log, ", "?, ", "log = ? AND ", " WHERE log = ?");
        /// The same as in a database of its own: log, how many events, since.
        pub const WINDOW: &str =
            "SELECT spoke FROM event WHERE log = ?1 AND spoke > ?3 AND seq > max(
            (SELECT coalesce(max(seq), 0) FROM event WHERE log = ?1) - ?2,
            coalesce((SELECT seq FROM
                (SELECT seq, spoke FROM event WHERE log = ?1 ORDER BY seq DESC LIMIT ?2)
                WHERE spoke <= ?3 LIMIT 1), 0))";
        /// What is new, in one look: log, newest known event, site, conversation, known versions of
        /// head and turns, and whether what the desk knows is wanted although nothing is new (1 or
        /// 0). Gives what a row is (`ROW_…`) and four values: of a state that is newer id and value,
        /// of a mark seq and who, of an event seq, sender, spoke and envelope, of the desk's entry
        /// the fourth, of the site its revision.
        pub const LOOK: &str = "SELECT 1, id, value, NULL, NULL FROM state
                WHERE log = ?1 AND version > CASE id WHEN 1 THEN ?5 ELSE ?6 END
            UNION ALL SELECT 2, seq, who, NULL, NULL FROM mark WHERE log = ?1
            UNION ALL SELECT 3, seq, sender, spoke, envelope FROM event
                WHERE log = ?1 AND seq > ?2
            UNION ALL SELECT 4, NULL, NULL, NULL, entry FROM inbox
                WHERE site = ?3 AND conversation = ?4
                    AND (?7 OR EXISTS (SELECT 1 FROM event WHERE log = ?1 AND seq > ?2))
            UNION ALL SELECT 5, number, NULL, NULL, NULL FROM revision WHERE site = ?3
            ORDER BY 1, 2";
        /// All states and marks, the newest events and what the desk knows, in the same rows: log,
        /// how many events, site, conversation.
        pub const LOAD: &str = "SELECT 1, id, value, NULL, NULL FROM state WHERE log = ?1
            UNION ALL SELECT 2, seq, who, NULL, NULL FROM mark WHERE log = ?1
            UNION ALL SELECT * FROM (SELECT 3, seq, sender, spoke, envelope FROM event
                WHERE log = ?1 ORDER BY seq DESC LIMIT ?2)
            UNION ALL SELECT 4, NULL, NULL, NULL, entry FROM inbox
                WHERE site = ?3 AND conversation = ?4
            ORDER BY 1, 2";
        /// A row of [`LOOK`] that is a state.
        pub const ROW_STATE: u32 = 1;
        /// A row of [`LOOK`] that is a mark.
        pub const ROW_MARK: u32 = 2;
        /// A row of [`LOOK`] that is an event.
        pub const ROW_EVENT: u32 = 3;
        /// A row of [`LOOK`] that is what the desk knows.
        pub const ROW_TOLD: u32 = 4;
        /// A row of [`LOOK`] that is the site's revision.
        pub const ROW_REVISION: u32 = 5;
    }

    /// Of a site.
    pub mod site {
        statements!(site: "site, ", "?, ", "site = ? AND ", " WHERE site = ?");
    }

    /// Of a desk.
    pub mod desk {
        statements!(desk: "site, ", "?, ", "site = ? AND ", " WHERE site = ?");

        /// All of a desk but the entries up to a revision, in one look: site, revision, floor. All
        /// entries where that floor is neither the one that is there nor the one before it. Gives
        /// what a row is (`ROW_…`) and four values: of the floor its revision, who left if it is a
        /// new one, nothing and the one before; of an account and a session nothing and the value;
        /// of an attempt to log in when and whose; of an entry the entry as the third.
        pub const LOOK: &str = "SELECT 1, revision, CASE revision WHEN ?3 THEN '[]' ELSE gone END,
                NULL, before FROM floor WHERE site = ?1
            UNION ALL SELECT 2, NULL, value, NULL, NULL FROM account WHERE site = ?1
            UNION ALL SELECT 3, NULL, value, NULL, NULL FROM session WHERE site = ?1
            UNION ALL SELECT 4, at, tag, NULL, NULL FROM try WHERE site = ?1
            UNION ALL SELECT 5, NULL, NULL, entry, NULL FROM inbox WHERE site = ?1 AND revision >
                CASE WHEN EXISTS (SELECT 1 FROM floor
                    WHERE site = ?1 AND ?3 <> revision AND ?3 <> before) THEN -1 ELSE ?2 END
            ORDER BY 1, 2";
        /// A row of [`LOOK`] that is the floor.
        pub const ROW_FLOOR: u32 = 1;
        /// A row of [`LOOK`] that is an account.
        pub const ROW_ACCOUNT: u32 = 2;
        /// A row of [`LOOK`] that is a session.
        pub const ROW_SESSION: u32 = 3;
        /// A row of [`LOOK`] that is an attempt to log in.
        pub const ROW_TRY: u32 = 4;
        /// A row of [`LOOK`] that is an entry.
        pub const ROW_ENTRY: u32 = 5;
    }

    /// Of a provider.
    pub mod provider {
        statements!(provider: "site, ", "?, ", "site = ? AND ", " WHERE site = ?");
    }

    /// Of the host.
    pub mod host {
        /// Sets an alarm: log, holder, at.
        pub const SET_ALARM: &str = "INSERT INTO due (log, holder, at) VALUES (?, ?, ?)
            ON CONFLICT (log, holder) DO UPDATE SET at = excluded.at";
        /// Clears an alarm: log, holder.
        pub const CLEAR_ALARM: &str = "DELETE FROM due WHERE log = ? AND holder = ?";
        /// Clears what is due of a conversation: log, up to when.
        pub const CLEAR_DUE: &str = "DELETE FROM due WHERE log = ? AND at <= ?";
        /// Conversations whose alarm is due: when, how many. Gives each with the latest of those.
        pub const DUE: &str = "SELECT log, max(at) FROM due WHERE at <= ?
            GROUP BY log ORDER BY min(at) LIMIT ?";
        /// What is new since: event's rowid, news' id. Gives rowid, id, log, seq and frame.
        pub const NEWS: &str = "SELECT rowid, NULL, log, seq, NULL FROM event WHERE rowid > ?
            UNION ALL SELECT NULL, id, log, 0, frame FROM news WHERE id > ?";
        /// Where news begin.
        pub const NEWS_END: &str =
            "SELECT (SELECT max(rowid) FROM event), (SELECT max(id) FROM news)";
        /// Tells news: log, frame.
        pub const TELL: &str = "INSERT INTO news (log, frame) VALUES (?, ?)";
        /// Old news go: how many of the newest stay.
        pub const DROP_NEWS: &str = "DELETE FROM news WHERE id <= (SELECT max(id) FROM news) - ?";
        /// What was counted under a name: name, since.
        pub const OPENED: &str = "SELECT at FROM opened WHERE address = ? AND at > ? ORDER BY at";
        /// Counts one under a name: name, at.
        pub const OPEN: &str = "INSERT INTO opened (address, at) VALUES (?, ?)";
        /// Forgets old ones: up to when.
        pub const DROP_OPENED: &str = "DELETE FROM opened WHERE at <= ?";
        /// An instance is there: holder, begun, now.
        pub const SEE: &str = "INSERT INTO instance (holder, begun, seen) VALUES (?, ?, ?)
            ON CONFLICT (holder) DO UPDATE SET seen = excluded.seen";
        /// An instance leaves: now, holder.
        pub const LEAVE: &str = "UPDATE instance SET gone = ? WHERE holder = ?";
        /// Forgets instances: not seen since when.
        pub const DROP_INSTANCES: &str = "DELETE FROM instance WHERE seen < ?";
        /// How many instances are there that are older, and how many left: seen since, begun, holder,
        /// gone since.
        pub const OTHERS: &str = "SELECT
            (SELECT count(*) FROM instance
                WHERE gone IS NULL AND seen > ?1 AND (begun, holder) < (?2, ?3)),
            (SELECT count(*) FROM instance WHERE gone > ?4)";
        /// A desk's version: site.
        pub const DESK_VERSION: &str = "SELECT version FROM desk WHERE site = ?";
        /// Puts a desk's version one up, and gives a row if it was the one: site, the new version.
        pub const RAISE_DESK: &str = "INSERT INTO desk (site, version) VALUES (?, ?)
            ON CONFLICT (site) DO UPDATE SET version = excluded.version
            WHERE excluded.version = version + 1 RETURNING version";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_densely() {
        let shared = SHARED.iter().map(|(_, migrations)| *migrations);
        for migrations in [CONVERSATION, SITE, DESK].into_iter().chain(shared) {
            for (index, migration) in migrations.iter().enumerate() {
                assert_eq!(migration.number as usize, index + 1);
            }
        }
    }

    #[test]
    fn a_shared_database_has_the_objects_tables_with_one_column_more() {
        for (own, shared) in objects::CONVERSATION.iter().zip(rows::CONVERSATION) {
            for (own, shared) in own.statements.iter().zip(shared.statements) {
                let without = shared.replace("log TEXT NOT NULL, ", "").replace("log, ", "");
                assert_eq!(*own, without);
            }
        }
    }
}
