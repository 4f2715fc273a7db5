//! The tokens at hand in one process, and who fetches one: of many that need the same at once, one
//! asks for it and the others wait.

use super::super::Failure;
use super::oauth::{App, SignIn, Token};
use crate::time::Millis;
use std::time::Duration;

/// Apps whose tokens are kept, and apps that sign in.
const APPS_MOST: usize = 64;
/// How long one fetch is waited for. After that the next one asks too: whoever asked may be gone.
const FETCH_MOST: Duration = Duration::from_secs(2);

/// The tokens at hand, of whoever works in one process.
#[derive(Debug, Default)]
pub struct Tokens {
    kept: Vec<Kept>,
    fetches: Vec<Fetch>,
}

#[derive(Debug)]
struct Kept {
    app: App,
    token: Token,
    /// When it came.
    at: Millis,
}

/// An app's newest fetch that has brought no token.
#[derive(Debug)]
struct Fetch {
    app: App,
    begun: Millis,
    /// When it failed, if it did.
    failed: Option<(Millis, Failure)>,
}

/// What one does that needs a token which is not at hand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It fetches one.
    Fetch,
    /// It waits: another one does.
    Wait,
    /// It fails as the fetch did that it waited for.
    Fail(Failure),
}

impl Tokens {
    /// None of any app.
    pub const fn new() -> Self {
        Self { kept: Vec::new(), fetches: Vec::new() }
    }

    /// One that can be sent by whoever needs it `since` then: who was refused takes no older one.
    pub fn find(&self, sign_in: &SignIn, since: Millis, now: Millis) -> Option<&Token> {
        // Only who has the private key too is that app.
        let found = self.kept.iter().find(|kept| kept.app == sign_in.app)?;
        let usable = found.token.is_fresh(now) && (!sign_in.renew || found.at > since);
        usable.then_some(&found.token)
    }

    /// What one does that needs a token of the app since then.
    pub(crate) fn join(&mut self, app: &App, since: Millis, now: Millis) -> Part {
        match self.fetches.iter().find(|fetch| fetch.app == *app) {
            Some(Fetch { failed: Some((at, failure)), .. }) if since <= *at => {
                return Part::Fail(failure.clone());
            }
            Some(Fetch { failed: None, begun, .. }) if now.since(*begun) < FETCH_MOST => {
                return Part::Wait;
            }
            Some(_) | None => {}
        }
        self.forget(app);
        if self.fetches.len() >= APPS_MOST {
            self.fetches.remove(0);
        }
        self.fetches.push(Fetch { app: app.clone(), begun: now, failed: None });
        Part::Fetch
    }

    /// Keeps one in place of the app's last: its fetch is done.
    pub(crate) fn keep(&mut self, app: App, token: Token, at: Millis) {
        self.forget(&app);
        self.kept.retain(|known| known.app != app);
        if self.kept.len() >= APPS_MOST {
            self.kept.remove(0);
        }
        self.kept.push(Kept { app, token, at });
    }

    /// The app's fetch failed: so do those that wait for it.
    pub(crate) fn fail(&mut self, app: &App, failure: &Failure, at: Millis) {
        let fetch = self.fetches.iter_mut().find(|fetch| fetch.app == *app);
        fetch.into_iter().for_each(|fetch| fetch.failed = Some((at, failure.clone())));
    }

    /// The app's fetch was given up, which says nothing: the next one asks.
    pub(crate) fn forget(&mut self, app: &App) {
        self.fetches.retain(|fetch| fetch.app != *app);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::provider;
    use super::*;
    use crate::config::ProviderKind;

    const NOW: Millis = Millis(1_764_000_000_000);

    fn app(account: usize) -> App {
        let file = format!(
            r#"{{"client_id":"1","public_key_id":"k","account_id":{account},"private_key":"-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----"}}"#
        );
        App::of(&provider(ProviderKind::Coze), &file).unwrap().unwrap()
    }

    fn token(secret: &str) -> Token {
        Token { secret: secret.into(), until: after(100) }
    }

    fn after(seconds: u64) -> Millis {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn only_the_same_app_gets_a_token_and_who_was_refused_only_a_newer_one() {
        let mut tokens = Tokens::new();
        tokens.keep(app(1), token("czs_1"), NOW);
        let found = |tokens: &Tokens, account, renew, since, now| {
            let sign_in = SignIn { app: app(account), renew };
            tokens.find(&sign_in, since, now).map(|token| token.secret.clone())
        };
        assert_eq!(found(&tokens, 1, false, after(9), after(9)).as_deref(), Some("czs_1"));
        assert_eq!(found(&tokens, 1, false, after(50), after(50)), None, "too old");
        assert_eq!(found(&tokens, 1, true, after(9), after(9)), None, "it was refused");
        assert_eq!(found(&tokens, 2, false, after(9), after(9)), None, "another's");
        tokens.keep(app(1), token("czs_2"), after(10));
        assert_eq!(found(&tokens, 1, true, after(9), after(11)).as_deref(), Some("czs_2"));
    }

    #[test]
    fn of_many_one_fetches_and_the_others_wait_for_its_token_or_its_failure() {
        let mut tokens = Tokens::new();
        let refused = Failure::unreachable();
        assert_eq!(tokens.join(&app(1), NOW, NOW), Part::Fetch);
        assert_eq!(tokens.join(&app(1), NOW, after(1)), Part::Wait);
        assert_eq!(tokens.join(&app(2), NOW, NOW), Part::Fetch, "another app's is another's");
        tokens.fail(&app(1), &refused, after(1));
        assert_eq!(tokens.join(&app(1), NOW, after(1)), Part::Fail(refused));
        assert_eq!(
            tokens.join(&app(1), after(2), after(2)),
            Part::Fetch,
            "it did not wait for that"
        );
        tokens.keep(app(1), token("czs_1"), after(3));
        assert_eq!(tokens.join(&app(1), after(60), after(60)), Part::Fetch, "once it is too old");
    }

    #[test]
    fn who_fetches_and_is_gone_is_not_waited_for_long() {
        let mut tokens = Tokens::new();
        assert_eq!(tokens.join(&app(1), NOW, NOW), Part::Fetch);
        assert_eq!(tokens.join(&app(1), NOW, after(2)), Part::Fetch, "the next one asks");
        assert_eq!(tokens.join(&app(1), NOW, after(3)), Part::Wait, "and is waited for");
        tokens.forget(&app(1));
        assert_eq!(tokens.join(&app(1), NOW, after(3)), Part::Fetch);
    }

    #[test]
    fn tokens_and_fetches_are_kept_of_so_many_apps() {
        let mut tokens = Tokens::new();
        for account in 0..=APPS_MOST {
            tokens.join(&app(account), NOW, NOW);
        }
        assert_eq!(tokens.fetches.len(), APPS_MOST);
        for account in 0..=APPS_MOST {
            tokens.keep(app(account), token("czs"), NOW);
        }
        assert_eq!((tokens.kept.len(), tokens.fetches.len()), (APPS_MOST, 0));
    }
}
