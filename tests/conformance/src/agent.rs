//! An agent of a site: its account, its routes and its gateway.

use crate::{Answer, Dial, EventStream, Framing, Host, PATIENCE, Site, Socket, Visitor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Instant;

/// The password of every account that [`Site::agent`] makes.
pub const PASSWORD: &str = "correct horse";

/// An agent that is logged in.
#[derive(Clone, Debug)]
pub struct Agent {
    pub host: Host,
    pub site: String,
    pub id: String,
    pub email: String,
    pub token: String,
}

impl Site {
    /// `POST …/agents`
    pub async fn add_agent(&self, account: &Value) -> Answer {
        let request = self.host.as_operator(Method::POST, &self.path("agents"));
        Answer::of_json(request, account).await
    }

    /// A new agent that is logged in; the address is made of the name.
    pub async fn agent(&self, name: &str) -> Agent {
        self.agent_as(name, "AGENT").await
    }

    /// The same in that role.
    pub async fn agent_as(&self, name: &str, role: &str) -> Agent {
        let email = format!("{}@shop.example", name.to_lowercase());
        let account = json!({"email": email, "name": name, "role": role, "password": PASSWORD});
        self.add_agent(&account).await.ok();
        let login = self.log_in(&email, PASSWORD).await.ok();
        Agent {
            host: self.host.clone(),
            site: self.id.clone(),
            id: login["agent"]["id"].as_str().unwrap().to_owned(),
            email,
            token: login["token"].as_str().unwrap().to_owned(),
        }
    }

    /// `POST /v1/agent/login`
    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        let login = json!({"site": self.id, "email": email, "password": password});
        Answer::of_json(self.host.request(Method::POST, "/v1/agent/login"), &login).await
    }
}

impl Agent {
    /// A request with the agent's token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.host.request(method, path).bearer_auth(&self.token)
    }

    /// `POST /v1/conversations/{id}/{act}`
    pub async fn post(&self, conversation: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/conversations/{conversation}/{act}");
        Answer::of_json(self.request(Method::POST, &path), body).await
    }

    /// Takes a conversation, which must succeed; the new term.
    pub async fn take(&self, conversation: &str) -> u64 {
        self.post(conversation, "take", &json!({})).await.ok()["term"].as_u64().unwrap()
    }

    /// `GET …/inbox?{query}`
    pub async fn inbox(&self, query: &str) -> Answer {
        let path = format!("/v1/sites/{}/inbox?{query}", self.site);
        Answer::of(self.request(Method::GET, &path)).await
    }

    /// The entry of a visitor's conversation as soon as it has that seq.
    pub async fn entry(&self, visitor: &Visitor, seq: u64) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let page = self.inbox("limit=500").await.ok();
            let entries = page["entries"].as_array().unwrap();
            let entry = entries.iter().find(|entry| entry["conversation"] == visitor.conversation);
            match entry {
                Some(entry) if entry["seq"].as_u64().unwrap() >= seq => return entry.clone(),
                _ => assert!(Instant::now() < until, "no entry with seq {seq}: {page:#}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// How to dial the gateway, to be changed before it is.
    pub fn dial(&self, framing: Framing) -> Dial {
        Dial::new(&self.host, "/v1/agent/ws").offer(framing.subprotocol()).token(&self.token)
    }

    /// The gateway, with its hello unread.
    pub async fn gateway(&self, framing: Framing, query: &str) -> Socket {
        self.dial(framing).query(query).open(framing).await
    }

    /// The gateway over server-sent events.
    pub async fn gateway_events(&self, query: &str) -> EventStream {
        let path = format!("/v1/agent/events?{query}");
        EventStream::open(self.request(Method::GET, &path)).await
    }
}
