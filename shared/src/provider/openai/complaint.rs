//! What a chat-completions server says when it fails, in the forms that are about.

use super::super::json::{self, Node};
use super::super::{Class, Failure, Remedy, wait};

/// What an error object says, wherever it stands.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    message: String,
    code: Option<String>,
    kind: Option<String>,
    param: Option<String>,
}

impl Complaint {
    /// Finds `{"error": {…}}`, `{"error": "…"}`, either in a list, and a bare `{"message": …}`,
    /// which counts only where an error is `expected` or says that it is one.
    pub(super) fn find(value: &Node<'_>, expected: bool) -> Option<Self> {
        let value = value.first().unwrap_or(value);
        match value.get("error") {
            Some(error @ Node::Object(fields)) if !fields.is_empty() => {
                return Some(Self::read(error));
            }
            Some(Node::Text(text)) if !text.is_empty() => {
                return Some(Self { message: text.to_string(), ..Self::read(value) });
            }
            _ => {}
        }
        let named = json::text(value, "object") == Some("error")
            || value.get("choices").is_none() && value.get("code").is_some();
        let bare = (expected || named).then(|| Self::read(value))?;
        (expected || !bare.message.is_empty()).then_some(bare)
    }

    pub(super) fn text(message: &str) -> Self {
        Self { message: message.to_owned(), ..Self::default() }
    }

    fn read(error: &Node<'_>) -> Self {
        let message = ["message", "msg", "detail"].iter().find_map(|key| json::any(error, key));
        Self {
            message: message.unwrap_or_default().into_owned(),
            code: json::word(error, "code"),
            kind: json::word(error, "type").or_else(|| json::word(error, "status")),
            param: json::word(error, "param"),
        }
    }

    /// What follows from it, and from the response's status where there is one.
    pub(super) fn failure(&self, status: Option<u16>) -> Failure {
        let named = self.status().or(status);
        let mut class = self.class(named);
        let mut remedy = None;
        if self.says(TOO_LONG) || named == Some(413) {
            (class, remedy) = (Class::BadRequest, Some(Remedy::ShorterContext));
        } else if class == Class::BadRequest && self.is_about_stream_options() {
            remedy = Some(Remedy::NoStreamOptions);
        } else if matches!(status, Some(502..=504)) && class == Class::Upstream {
            remedy = Some(Remedy::Again);
        }
        let code = self.code.clone().or_else(|| self.kind.clone());
        let code = code.or_else(|| status.map(|status| format!("http_{status}")));
        let retry_after = (class == Class::RateLimited).then(|| wait::in_words(&self.message));
        Failure { code, remedy, retry_after: retry_after.flatten(), ..Failure::new(class, "") }
            .with_message(&self.message)
    }

    /// By what it says, then by status, then by words that many errors share.
    fn class(&self, status: Option<u16>) -> Class {
        let first = |table: &[Words]| table.iter().find(|words| self.says(words)).map(|w| w.class);
        first(PLAIN)
            .or_else(|| status.map(Class::of_status))
            .or_else(|| first(VAGUE))
            .unwrap_or(Class::Upstream)
    }

    /// A code that is a status, as gateways hand on.
    fn status(&self) -> Option<u16> {
        self.code.as_ref()?.parse().ok().filter(|code| (400..600).contains(code))
    }

    fn says(&self, words: &Words) -> bool {
        let has = |text: &str, any: &[&str]| {
            let text = text.to_lowercase();
            any.iter().any(|word| text.contains(word))
        };
        [&self.code, &self.kind].into_iter().flatten().any(|code| has(code, words.codes))
            || has(&self.message, words.phrases)
    }

    /// It names them, or says nothing at all.
    fn is_about_stream_options(&self) -> bool {
        let names = |text: &str| text.contains("stream_options") || text.contains("include_usage");
        names(&self.message)
            || self.param.as_deref().is_some_and(names)
            || self.message.is_empty() && self.code.is_none() && self.kind.is_none()
    }
}

/// Words that tell a class, in lower case. Phrases are looked for in sentences, which mention much
/// that they do not mean; so they are few and long.
struct Words {
    /// Occur in a code or a type.
    codes: &'static [&'static str],
    /// Occur in a message.
    phrases: &'static [&'static str],
    class: Class,
}

const TOO_LONG: &Words = &Words {
    codes: &["context_length_exceeded", "string_above_max_length"],
    phrases: super::super::failure::TOO_LONG,
    class: Class::BadRequest,
};

/// Mean one thing, whatever the status: quota comes as 429, filters as 400 and 403.
const PLAIN: &[Words] = &[
    Words {
        codes: &[
            "insufficient_quota",
            "insufficient_balance",
            "exceeded_current_quota",
            "billing",
            "arrearage",
            "accountoverdue",
        ],
        phrases: &["insufficient balance", "余额不足", "欠费"],
        class: Class::Quota,
    },
    Words {
        codes: &[
            "content_policy",
            "content_filter",
            "data_inspection_failed",
            "datainspectionfailed",
            "moderation",
        ],
        phrases: &["content management policy", "敏感内容"],
        class: Class::ContentFilter,
    },
    Words {
        codes: &["rate_limit", "ratelimit", "too_many_requests", "throttl", "resource_exhausted"],
        phrases: &[],
        class: Class::RateLimited,
    },
    Words {
        codes: &["invalid_api_key", "incorrect_api_key", "authentication_error"],
        phrases: &["api key not valid"],
        class: Class::Auth,
    },
    Words {
        codes: &["model_not_found", "model_not_exist", "unknown_model"],
        phrases: &["model not exist"],
        class: Class::Config,
    },
];

/// Count only where there is no status to go by.
const VAGUE: &[Words] = &[
    Words {
        codes: &["overloaded", "server_error", "internal_error", "unavailable"],
        phrases: &[],
        class: Class::Upstream,
    },
    Words { codes: &["timeout"], phrases: &["timed out"], class: Class::Timeout },
    Words {
        codes: &["permission", "unauthorized", "authentication"],
        phrases: &[],
        class: Class::Auth,
    },
    Words {
        codes: &["invalid_request", "bad_request", "badrequest", "invalid_argument"],
        phrases: &[],
        class: Class::BadRequest,
    },
    Words { codes: &["quota"], phrases: &[], class: Class::Quota },
];
