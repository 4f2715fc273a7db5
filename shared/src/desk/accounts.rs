//! The agents of a site.

use super::{Desk, Outcome, Step, Write};
use crate::password;
use crate::problem::{Code, Refusal};
use crate::sorted;
use kefu_proto::v1::{self, agent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Agents that a site may have.
pub const ACCOUNTS_MOST: usize = 1_000;
/// The longest e-mail address, in bytes (RFC 5321, 4.5.3.1).
pub const EMAIL_MOST: usize = 254;
/// The longest name, in characters.
pub const NAME_MOST: usize = 64;

/// What an agent may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Answers conversations.
    #[default]
    Agent,
    /// Also sees how questions were answered.
    Supervisor,
    /// Also configures the site.
    Admin,
}

/// An agent's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Unique within the site.
    pub id: String,
    /// As it is compared: lower case.
    pub email: String,
    /// Shown to visitors.
    pub name: String,
    /// What the agent may do.
    pub role: Role,
    /// As [`crate::password::hash`] writes it.
    pub hash: String,
}

impl Account {
    /// The account that a request asks for, if there can be such a one.
    pub fn checked(request: &v1::AgentRequest, entropy: u128) -> Result<Self, Refusal> {
        let refuse = |detail: String| Err(Refusal::new(Code::BadAccount, detail));
        let email = normal_email(&request.email);
        if !is_email(&email) {
            return refuse("`email` is not an e-mail address".into());
        }
        let name = request.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MOST || name.chars().any(char::is_control)
        {
            return refuse(format!(
                "`name` must have 1 to {NAME_MOST} characters and no control characters"
            ));
        }
        password::check(&request.password)?;
        let role = match request.role() {
            agent::Role::Admin => Role::Admin,
            agent::Role::Supervisor => Role::Supervisor,
            agent::Role::Agent | agent::Role::Unspecified => Role::Agent,
        };
        // Half of the bits name the agent, the other half salt the password.
        let id = format!("a{:016x}", u64::try_from(entropy >> 64).unwrap_or(0));
        let hash = password::hash(&request.password, entropy.rotate_left(64));
        Ok(Self { id, email, name: name.to_owned(), role, hash })
    }

    /// As the contract writes it; the address is for admins and the agent.
    pub fn wire(&self, with_email: bool) -> v1::Agent {
        let role = match self.role {
            Role::Agent => agent::Role::Agent,
            Role::Supervisor => agent::Role::Supervisor,
            Role::Admin => agent::Role::Admin,
        };
        v1::Agent {
            id: self.id.clone(),
            name: self.name.clone(),
            role: role.into(),
            email: with_email.then(|| self.email.clone()),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Accounts(BTreeMap<String, Account>);

impl Accounts {
    pub(super) fn resume(accounts: Vec<Account>) -> Self {
        Self(sorted::map(accounts.into_iter().map(|account| (account.id.clone(), account))))
    }

    pub(super) fn get(&self, id: &str) -> Option<&Account> {
        self.0.get(id)
    }

    pub(super) fn of_email(&self, email: &str) -> Option<&Account> {
        let email = normal_email(email);
        self.0.values().find(|account| account.email == email)
    }
}

impl Desk {
    pub(super) fn add_agent(&mut self, account: Account, step: &mut Step) -> Outcome {
        if self.accounts.of_email(&account.email).is_some() {
            let detail = "an agent with this e-mail address is there already";
            return Outcome::refused(&Refusal::new(Code::EmailTaken, detail));
        }
        if self.accounts.0.len() >= ACCOUNTS_MOST {
            let detail = format!("a site may have {ACCOUNTS_MOST} agents");
            return Outcome::refused(&Refusal::new(Code::TooManyAgents, detail));
        }
        step.write(Write::Account(account.clone()));
        self.accounts.0.insert(account.id.clone(), account.clone());
        Outcome::Account(account)
    }

    /// Removes an agent; all its sessions are over at once.
    pub(super) fn remove_agent(&mut self, id: &str, step: &mut Step) -> Outcome {
        if self.accounts.0.remove(id).is_none() {
            return Outcome::refused(&Refusal::new(Code::NotFound, "there is no such agent"));
        }
        step.write(Write::Forget(id.to_owned()));
        self.end_sessions(step, |session| session.agent == id);
        Outcome::Done
    }

    pub(super) fn agents(&self) -> Outcome {
        Outcome::Accounts(self.accounts.0.values().cloned().collect())
    }
}

/// Addresses are compared without regard to case and surrounding space.
pub(super) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether it has the shape of an address; only sending to it would tell more.
fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    email.len() <= EMAIL_MOST
        && !local.is_empty()
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && email.chars().all(plain)
}
