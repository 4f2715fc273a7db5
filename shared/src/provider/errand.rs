//! A request on its way: what has to be done before it can be sent, one thing after the other.
//!
//! A host asks for the [`Next`] thing, does it and tells what came of it, until the request itself
//! is to be sent. All of it is one attempt, in its time.

use super::oauth::{SignIn, Token, Tokens};
use super::{Failure, Loaded, RequestParts, ResponseHead};
use crate::time::Tick;

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
    /// Sends this: its answer is what all of it is for.
    Send(RequestParts),
}

/// A request on its way.
#[derive(Debug)]
pub struct Errand {
    request: RequestParts,
    /// What was given out to be signed.
    statement: String,
    signature: Vec<u8>,
    /// A file that was loaded and is to be uploaded.
    upload: Option<RequestParts>,
}

impl Errand {
    /// The way of this request.
    pub fn new(request: RequestParts) -> Self {
        Self { request, statement: String::new(), signature: Vec::new(), upload: None }
    }

    /// What is to be done now. After [`Next::Send`] there is nothing more.
    pub fn next(&mut self, tokens: &Tokens, tick: Tick) -> Next {
        if let Some(sign_in) = self.request.sign_in.take() {
            let Some(token) = tokens.find(&sign_in, tick.now) else {
                let next = self.signing_in(&sign_in, tick);
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

    fn signing_in(&mut self, sign_in: &SignIn, tick: Tick) -> Next {
        let app = &sign_in.app;
        if !self.signature.is_empty() {
            return Next::Ask(app.request(&self.statement, &self.signature));
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
    pub fn signed(&mut self, signature: Option<Vec<u8>>) -> Result<(), Failure> {
        self.signature = signature
            .filter(|signature| !signature.is_empty())
            .ok_or_else(Failure::bad_private_key)?;
        Ok(())
    }

    /// The answer to [`Next::Ask`].
    pub fn answered(
        &mut self,
        tokens: &mut Tokens,
        head: &ResponseHead,
        body: &[u8],
    ) -> Result<(), Failure> {
        if let Some(sign_in) = self.request.sign_in.take() {
            let token = Token::read(head, body)?;
            self.request.authorize(&token.secret);
            tokens.keep(sign_in.app, token);
        } else if let Some(files) = &mut self.request.files {
            files.uploaded(head, body);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ask, provider};
    use super::super::{Ask, Remedy, request};
    use super::*;
    use crate::config::ProviderKind;
    use crate::time::Millis;

    const TICK: Tick = Tick { now: Millis(1_764_000_000_000), entropy: 10 };
    const APP: &str = r#"{"client_id":"1","public_key_id":"k","private_key":"-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----"}"#;
    const TOKEN: &[u8] = br#"{"access_token":"czs_1","expires_in":1764080000}"#;

    fn question(remedy: Option<Remedy>) -> Errand {
        let provider = provider(ProviderKind::Coze);
        Errand::new(request(&Ask { api_key: Some(APP), remedy, ..ask(&provider) }).unwrap())
    }

    fn answer(status: u16) -> ResponseHead {
        ResponseHead { status, ..ResponseHead::default() }
    }

    fn is_sent_with(errand: &mut Errand, tokens: &Tokens, token: &str) {
        let Next::Send(sent) = errand.next(tokens, TICK) else { panic!("it is not sent") };
        assert!(sent.url.ends_with("/v3/chat") && !sent.body.is_empty());
        let authorization: Vec<_> =
            sent.headers.iter().filter(|(name, _)| *name == "authorization").collect();
        assert_eq!(authorization, [&("authorization", format!("Bearer {token}"))]);
    }

    /// Signs in, up to the answer.
    fn sign_in(errand: &mut Errand, tokens: &Tokens) {
        let Next::Sign { key, text } = errand.next(tokens, TICK) else {
            panic!("nothing is signed")
        };
        assert_eq!(key, b"sec");
        errand.signed(Some(vec![255])).unwrap();
        let Next::Ask(asked) = errand.next(tokens, TICK) else { panic!("no token is asked for") };
        assert!(asked.url.ends_with("/oauth2/token"));
        assert!(asked.headers.contains(&("authorization", format!("Bearer {text}._w"))));
    }

    #[test]
    fn a_request_with_a_token_of_its_own_is_sent_at_once() {
        let provider = provider(ProviderKind::Coze);
        let mut errand = Errand::new(request(&ask(&provider)).unwrap());
        is_sent_with(&mut errand, &Tokens::new(), "sk-1");
    }

    #[test]
    fn an_app_signs_in_once_and_its_next_requests_are_sent_at_once() {
        let mut tokens = Tokens::new();
        let mut first = question(None);
        sign_in(&mut first, &tokens);
        first.answered(&mut tokens, &answer(200), TOKEN).unwrap();
        is_sent_with(&mut first, &tokens, "czs_1");
        is_sent_with(&mut question(None), &tokens, "czs_1");
    }

    #[test]
    fn a_refused_token_is_fetched_anew() {
        let mut tokens = Tokens::new();
        let mut first = question(None);
        sign_in(&mut first, &tokens);
        first.answered(&mut tokens, &answer(200), TOKEN).unwrap();
        let mut again = question(Some(Remedy::NewToken));
        sign_in(&mut again, &tokens);
        let newer = br#"{"access_token":"czs_2","expires_in":1764080000}"#;
        again.answered(&mut tokens, &answer(200), newer).unwrap();
        is_sent_with(&mut again, &tokens, "czs_2");
        is_sent_with(&mut question(None), &tokens, "czs_2");
    }

    #[test]
    fn an_app_that_is_refused_or_cannot_sign_fails_and_no_token_is_kept() {
        let mut tokens = Tokens::new();
        let mut errand = question(None);
        sign_in(&mut errand, &tokens);
        let body = br#"{"error_code":"access_denied"}"#;
        let refused = errand.answered(&mut tokens, &answer(401), body).unwrap_err();
        assert_eq!(refused.to_string(), "auth (access_denied)");
        for signature in [None, Some(Vec::new())] {
            let bad = question(None).signed(signature).unwrap_err();
            assert_eq!(bad.to_string(), "config (bad_private_key)");
        }
        assert!(matches!(question(None).next(&tokens, TICK), Next::Sign { .. }));
    }
}
