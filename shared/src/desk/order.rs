//! What a desk can be told and asked, and what it answers: between the edge, the conversations
//! and the desk.

use super::logins::bad_login;
use super::{Account, Desk, Query, Step};
use crate::problem::{Code, Refusal};
use crate::time::Tick;
use kefu_proto::v1::{Inbox, InboxEntry, ProviderChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a desk can be told and asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// How conversations stand.
    Tell(Vec<InboxEntry>),
    /// Add an agent.
    AddAgent(Account),
    /// Tell all agents.
    Agents,
    /// Remove an agent.
    RemoveAgent {
        /// Its id.
        id: String,
    },
    /// Count an attempt to log in, and tell what its password is to be held against.
    AdmitLogin {
        /// Of whom.
        email: String,
        /// From where.
        address: String,
    },
    /// The password was right for this hash: begin a session.
    LogIn {
        /// Of whom.
        email: String,
        /// From where.
        address: String,
        /// What the password was held against.
        hash: String,
    },
    /// Tell whose session it is, if it is in force.
    CheckSession {
        /// Its id.
        session: String,
    },
    /// End a session.
    EndSession {
        /// Its id.
        session: String,
    },
    /// Tell whether an agent is there.
    WhoIsThere,
    /// A provider's breaker changed: show it to those who look after providers.
    Provider(ProviderChange),
    /// Tell entries of the inbox.
    Look {
        /// Who asks; none is the operator.
        agent: Option<String>,
        /// The query string.
        query: String,
    },
}

/// What a desk answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Done, and it is durable.
    Done,
    /// What was told is durable; the places of those among it that wait for a person.
    Told {
        /// By conversation, from 1.
        places: BTreeMap<String, u32>,
    },
    /// An agent.
    Account(Account),
    /// All agents.
    Accounts(Vec<Account>),
    /// The hash to hold a password against.
    HoldAgainst {
        /// As [`crate::password::hash`] writes it.
        hash: String,
    },
    /// A session began.
    LoggedIn {
        /// Whose.
        account: Account,
        /// Its id.
        session: String,
    },
    /// Entries of the inbox.
    Inbox(Inbox),
    /// Whether an agent is there.
    OnDuty(bool),
    /// Not done: nothing was changed.
    Refused {
        /// A [`Code`]'s text.
        code: String,
        /// For people.
        detail: String,
        /// When trying again makes sense, in milliseconds.
        retry_after_ms: Option<u32>,
    },
}

impl Outcome {
    pub(super) fn refused(refusal: &Refusal) -> Self {
        Self::Refused {
            code: refusal.code.as_str().into(),
            detail: refusal.detail.clone(),
            retry_after_ms: refusal.retry_after_ms(),
        }
    }

    /// The answer, unless it is a refusal.
    pub fn granted(self) -> Result<Self, Refusal> {
        let Self::Refused { code, detail, retry_after_ms } = self else { return Ok(self) };
        let code = Code::of(&code).unwrap_or(Code::Internal);
        let refusal = Refusal::new(code, detail);
        Err(match retry_after_ms {
            Some(wait) => refusal.retry_after(Duration::from_millis(wait.into())),
            None => refusal,
        })
    }

    /// The session that a login began. An answer of another kind is none.
    pub fn logged_in(self) -> Result<(Account, String), Refusal> {
        match self.granted()? {
            Self::LoggedIn { account, session } => Ok((account, session)),
            Self::Done
            | Self::Told { .. }
            | Self::Account(_)
            | Self::Accounts(_)
            | Self::HoldAgainst { .. }
            | Self::Inbox(_)
            | Self::OnDuty(_)
            | Self::Refused { .. } => Err(bad_login()),
        }
    }
}

impl Desk {
    pub(super) fn carry_out(&mut self, tick: Tick, order: Order, step: &mut Step) -> Outcome {
        match order {
            Order::Tell(entries) => {
                let told: Vec<String> =
                    entries.iter().map(|entry| entry.conversation.clone()).collect();
                for entry in entries {
                    self.merge(entry, tick.now, step);
                }
                self.places_of(&told, tick.now)
            }
            Order::AddAgent(account) => self.add_agent(account, step),
            Order::Agents => self.agents(),
            Order::RemoveAgent { id } => self.remove_agent(&id, step),
            Order::AdmitLogin { email, address } => {
                self.admit_login(&email, &address, tick.now, step)
            }
            Order::LogIn { email, address, hash } => {
                self.log_in(tick, &email, &address, &hash, step)
            }
            Order::CheckSession { session } => self.check_session(&session, tick.now),
            Order::EndSession { session } => self.end_session(&session, step),
            Order::WhoIsThere => Outcome::OnDuty(self.is_attended(tick.now)),
            Order::Provider(change) => self.show_provider(&change, tick.now, step),
            Order::Look { agent, query } => match Query::parse(&query) {
                Ok(query) => Outcome::Inbox(self.look(&query, agent.as_deref())),
                Err(refusal) => Outcome::refused(&refusal),
            },
        }
    }
}
