//! A request on its way: what has to be done before it can be sent, one thing after the other.
//!
//! A host asks for the [`Next`] thing, does it and tells what came of it, until the request itself
//! is to be sent. All of it is one attempt, in its time.

use super::oauth::{SignIn, Token};
use super::tokens::{Part, Tokens};
use super::{Class, Failure, Loaded, RequestParts, ResponseHead};
use crate::time::{Millis, Tick};
use std::time::Duration;

/// How long to wait before looking again for a token that somebody else fetches.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Bytes of an answer on the way that are read: none of them says more.
pub const ANSWER_MOST: usize = 64 * 1024;

/// What a host does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Signs the text by RS256, for [`Errand::signed`].
    Sign {
        /// PKCS #8, DER.
        key: Vec<u8>,
        /// What is signed.
        text: String,
    },
    /// Sends this and reads the answer, for [`Errand::answered`].
    Ask(RequestParts),
    /// Loads the stored file of that id, for [`Errand::loaded`].
    Load(String),
    /// Lets so much time pass: another errand does what this one needs too.
    Wait(Duration),
    /// Gives up: the other one failed.
    Fail(Failure),
    /// Sends this: its answer is what all of it is for.
    Send(RequestParts),
}

/// A request on its way.
#[derive(Debug)]
pub struct Errand {
    request: RequestParts,
    /// Since when it needs a token.
    since: Option<Millis>,
    /// What was given out to be signed.
    statement: String,
    signature: Vec<u8>,
    /// A file that was loaded and is to be uploaded.
    upload: Option<RequestParts>,
}

impl Errand {
    /// The way of this request.
    pub fn new(request: RequestParts) -> Self {
        Self { request, since: None, statement: String::new(), signature: Vec::new(), upload: None }
    }

    /// What is to be done now. After [`Next::Send`] there is nothing more.
    pub fn next(&mut self, tokens: &mut Tokens, tick: Tick) -> Next {
        if let Some(sign_in) = self.request.sign_in.take() {
            let since = *self.since.get_or_insert(tick.now);
            let Some(token) = tokens.find(&sign_in, since, tick.now) else {
                let next = self.signing_in(&sign_in, tokens, since, tick);
                self.request.sign_in = Some(sign_in);
                return next;
            };
            self.request.authorize(&token.secret);
        }
        if let Some(upload) = self.upload.take() {
            return Next::Ask(upload);
        }
        if let Some(files) = &self.request.files {
            if let Some(id) = files.wanted() {
                return Next::Load(id.clone());
            }
            files.put_into(&mut self.request.body);
        }
        Next::Send(RequestParts { files: None, ..std::mem::take(&mut self.request) })
    }

    fn signing_in(
        &mut self,
        sign_in: &SignIn,
        tokens: &mut Tokens,
        since: Millis,
        tick: Tick,
    ) -> Next {
        let app = &sign_in.app;
        if !self.signature.is_empty() {
            return Next::Ask(app.request(&self.statement, &self.signature));
        }
        match tokens.join(app, since, tick.now) {
            Part::Fetch => {}
            Part::Wait => return Next::Wait(LOOK_AGAIN),
            Part::Fail(failure) => return Next::Fail(failure),
        }
        self.statement = app.statement(tick);
        Next::Sign { key: app.private_key().to_vec(), text: self.statement.clone() }
    }

    /// The file of [`Next::Load`]; none when it is not there.
    pub fn loaded(&mut self, file: Loaded) {
        if let Some(mut files) = self.request.files.take() {
            self.upload = files.loaded(file, &self.request);
            self.request.files = Some(files);
        }
    }

    /// The signature of [`Next::Sign`]; none when the key cannot sign.
    pub fn signed(
        &mut self,
        tokens: &mut Tokens,
        now: Millis,
        signature: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let signature = signature.filter(|signature| !signature.is_empty());
        match signature.ok_or_else(Failure::bad_private_key) {
            Ok(signature) => self.signature = signature,
            Err(failure) => return self.give_up(tokens, now, failure),
        }
        Ok(())
    }

    /// The answer to [`Next::Ask`], its head and its body; the failure [`Failure::cancelled`] when
    /// it was asked no longer. A file that cannot be uploaded does not go along.
    pub fn answered(
        &mut self,
        tokens: &mut Tokens,
        now: Millis,
        answer: Result<(ResponseHead, Vec<u8>), Failure>,
    ) -> Result<(), Failure> {
        if self.request.sign_in.is_none() {
            if let (Some(files), Ok((head, body))) = (&mut self.request.files, answer) {
                files.uploaded(&head, &body);
            }
            return Ok(());
        }
        match answer.and_then(|(head, body)| Token::read(&head, &body)) {
            Ok(token) => {
                self.request.authorize(&token.secret);
                let sign_in = self.request.sign_in.take();
                sign_in.into_iter().for_each(|it| tokens.keep(it.app, token.clone(), now));
                Ok(())
            }
            Err(failure) => self.give_up(tokens, now, failure),
        }
    }

    /// Those that wait for the same fail too, unless it was only this one that was stopped.
    fn give_up(&self, tokens: &mut Tokens, now: Millis, failure: Failure) -> Result<(), Failure> {
        if let Some(SignIn { app, .. }) = self.request.sign_in.as_deref() {
            if failure.class == Class::Cancelled {
                tokens.forget(app);
            } else {
                tokens.fail(app, &failure, now);
            }
        }
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ask, provider};
    use super::super::{Ask, Remedy, request};
    use super::*;
    use crate::config::ProviderKind;
    use crate::time::Millis;

    const NOW: Millis = Millis(1_764_000_000_000);
    const TICK: Tick = Tick { now: NOW, entropy: 10 };
    const LATER: Tick = Tick { now: Millis(NOW.0 + 1), entropy: 10 };
    const APP: &str = r#"{"client_id":"1","public_key_id":"k","private_key":"-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----"}"#;
    const TOKEN: &[u8] = br#"{"access_token":"czs_1","expires_in":1764080000}"#;

    fn question(remedy: Option<Remedy>) -> Errand {
        let provider = provider(ProviderKind::Coze);
        Errand::new(request(&Ask { api_key: Some(APP), remedy, ..ask(&provider) }).unwrap())
    }

    fn answer(status: u16, body: &[u8]) -> Result<(ResponseHead, Vec<u8>), Failure> {
        Ok((ResponseHead { status, ..ResponseHead::default() }, body.to_vec()))
    }

    fn is_sent_with(errand: &mut Errand, tokens: &mut Tokens, token: &str) {
        let Next::Send(sent) = errand.next(tokens, TICK) else { panic!("it is not sent") };
        assert!(sent.url.ends_with("/v3/chat") && !sent.body.is_empty());
        let authorization: Vec<_> =
            sent.headers.iter().filter(|(name, _)| *name == "authorization").collect();
        assert_eq!(authorization, [&("authorization", format!("Bearer {token}"))]);
    }

    /// Signs in, up to the answer.
    fn sign_in(errand: &mut Errand, tokens: &mut Tokens) {
        let Next::Sign { key, text } = errand.next(tokens, TICK) else {
            panic!("nothing is signed")
        };
        assert_eq!(key, b"sec");
        errand.signed(tokens, NOW, Some(vec![255])).unwrap();
        let Next::Ask(asked) = errand.next(tokens, TICK) else { panic!("no token is asked for") };
        assert!(asked.url.ends_with("/oauth2/token"));
        assert!(asked.headers.contains(&("authorization", format!("Bearer {text}._w"))));
    }

    #[test]
    fn a_request_with_a_token_of_its_own_is_sent_at_once() {
        let provider = provider(ProviderKind::Coze);
        let mut errand = Errand::new(request(&ask(&provider)).unwrap());
        is_sent_with(&mut errand, &mut Tokens::new(), "sk-1");
    }

    #[test]
    fn an_app_signs_in_once_and_its_next_requests_are_sent_at_once() {
        let mut tokens = Tokens::new();
        let mut first = question(None);
        sign_in(&mut first, &mut tokens);
        first.answered(&mut tokens, NOW, answer(200, TOKEN)).unwrap();
        is_sent_with(&mut first, &mut tokens, "czs_1");
        is_sent_with(&mut question(None), &mut tokens, "czs_1");
    }

    #[test]
    fn a_refused_token_is_fetched_anew() {
        let mut tokens = Tokens::new();
        let mut first = question(None);
        sign_in(&mut first, &mut tokens);
        first.answered(&mut tokens, NOW, answer(200, TOKEN)).unwrap();
        let mut again = question(Some(Remedy::NewToken));
        sign_in(&mut again, &mut tokens);
        let newer = br#"{"access_token":"czs_2","expires_in":1764080000}"#;
        again.answered(&mut tokens, NOW, answer(200, newer)).unwrap();
        is_sent_with(&mut again, &mut tokens, "czs_2");
        is_sent_with(&mut question(None), &mut tokens, "czs_2");
    }

    #[test]
    fn an_app_that_is_refused_or_cannot_sign_fails_and_no_token_is_kept() {
        let mut tokens = Tokens::new();
        let mut errand = question(None);
        sign_in(&mut errand, &mut tokens);
        let body = br#"{"error_code":"access_denied"}"#;
        let refused = errand.answered(&mut tokens, NOW, answer(401, body)).unwrap_err();
        assert_eq!(refused.to_string(), "auth (access_denied)");
        for signature in [None, Some(Vec::new())] {
            let bad = question(None).signed(&mut tokens, NOW, signature).unwrap_err();
            assert_eq!(bad.to_string(), "config (bad_private_key)");
        }
        assert!(matches!(question(None).next(&mut tokens, LATER), Next::Sign { .. }));
    }

    #[test]
    fn of_many_that_need_a_token_one_signs_in_and_its_token_or_its_failure_is_everybodys() {
        let mut tokens = Tokens::new();
        let (mut first, mut second) = (question(None), question(None));
        sign_in(&mut first, &mut tokens);
        assert_eq!(second.next(&mut tokens, TICK), Next::Wait(LOOK_AGAIN));
        first.answered(&mut tokens, NOW, answer(200, TOKEN)).unwrap();
        is_sent_with(&mut second, &mut tokens, "czs_1");

        let mut tokens = Tokens::new();
        let (mut first, mut second) = (question(None), question(None));
        sign_in(&mut first, &mut tokens);
        second.next(&mut tokens, TICK);
        let failure = first.answered(&mut tokens, NOW, Err(Failure::unreachable())).unwrap_err();
        assert_eq!(second.next(&mut tokens, TICK), Next::Fail(failure));
    }

    #[test]
    fn who_is_stopped_while_it_signs_in_leaves_it_to_the_next_one() {
        let mut tokens = Tokens::new();
        let (mut first, mut second) = (question(None), question(None));
        sign_in(&mut first, &mut tokens);
        second.next(&mut tokens, TICK);
        first.answered(&mut tokens, NOW, Err(Failure::cancelled())).unwrap_err();
        assert!(matches!(second.next(&mut tokens, TICK), Next::Sign { .. }));
    }
}
