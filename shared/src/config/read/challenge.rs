//! `[challenge]`.

use super::{SHORT_TEXT, provider, rated};
use crate::config::address::check_url;
use crate::config::document::quoted;
use crate::config::fields::Fields;
use crate::config::{Challenge, ChallengeKind, Turnstile};

/// Below, work costs a machine nothing; above, a phone may not end within a puzzle's life.
const DIFFICULTIES: std::ops::RangeInclusive<u32> = 8..=22;
/// Each newcomer who is let in is remembered for as long as the window is.
const ATTACK_MOST: u32 = 10_000;

/// Which keys belong to which kind only.
const OWN_KEYS: [(&str, Kind); 5] = [
    ("difficulty", Kind::ProofOfWork),
    ("site_key", Kind::Turnstile),
    ("secret", Kind::Turnstile),
    ("endpoint", Kind::Turnstile),
    ("fail_open", Kind::Turnstile),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ProofOfWork,
    Turnstile,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ProofOfWork => "proof_of_work",
            Self::Turnstile => "turnstile",
        }
    }
}

pub(super) fn challenge(fields: &mut Fields<'_>) -> Option<Challenge> {
    fields.require("kind", "kind = \"proof_of_work\" or \"turnstile\"");
    let kind = fields.parsed("kind", kind);
    let always = fields.parsed("when", when).unwrap_or(false);
    let attack = rated(fields, "attack", ATTACK_MOST).unwrap_or(Challenge::ATTACK);
    if always && fields.has("attack") {
        fields.fault("attack", "counts for nothing with when = \"always\": remove one of both");
    }
    let difficulty = fields.count("difficulty", DIFFICULTIES).unwrap_or(ChallengeKind::DIFFICULTY);
    let turnstile = turnstile(fields);
    let kind = kind?;
    fits(fields, kind);
    let kind = match kind {
        Kind::ProofOfWork => ChallengeKind::ProofOfWork(difficulty),
        Kind::Turnstile => ChallengeKind::Turnstile(turnstile?),
    };
    Some(Challenge { kind, attack: (!always).then_some(attack) })
}

fn turnstile(fields: &mut Fields<'_>) -> Option<Turnstile> {
    let site_key = fields.text("site_key", SHORT_TEXT);
    let secret = fields.parsed("secret", provider::template);
    let endpoint = fields.parsed("endpoint", |text| check_url(text).map(|()| text.to_owned()));
    let fail_open = fields.flag("fail_open").unwrap_or(true);
    Some(Turnstile { site_key: site_key?, secret: secret?, endpoint, fail_open })
}

/// Whether what is written is what this kind needs.
fn fits(fields: &mut Fields<'_>, kind: Kind) {
    if kind == Kind::Turnstile {
        fields.require("site_key", "site_key = \"…\", as Cloudflare shows it");
        fields.require("secret", "secret = \"${NAME}\" and store the secret NAME");
    }
    for (key, owner) in OWN_KEYS {
        if fields.has(key) && owner != kind {
            let (owner, kind) = (owner.name(), kind.name());
            fields
                .fault(key, format!("belongs to kind {owner} only; this one is {kind}: remove it"));
        }
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let kinds = [Kind::ProofOfWork, Kind::Turnstile];
    kinds
        .into_iter()
        .find(|kind| kind.name() == text)
        .ok_or_else(|| format!("found {}; expected proof_of_work or turnstile", quoted(text)))
}

/// Whether newcomers always prove.
fn when(text: &str) -> Result<bool, String> {
    match text {
        "always" => Ok(true),
        "attack" => Ok(false),
        _ => Err(format!(
            "found {}; expected \"attack\" (while more newcomers come than `attack` says) or \"always\"",
            quoted(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Challenge, ChallengeKind, Format, Rate, Template, Turnstile, read};
    use std::time::Duration;

    #[test]
    fn a_challenge_says_what_newcomers_prove_and_when() {
        let toml = |text: &str| read(text.as_bytes(), Format::Toml).unwrap().challenge;
        let read = |text: &str| toml(&format!("[challenge]\n{text}"));
        let attack = Rate { count: 120, window: Duration::from_secs(60) };
        let work =
            |bits, attack| Some(Challenge { kind: ChallengeKind::ProofOfWork(bits), attack });
        assert_eq!(toml(""), None);
        assert_eq!(read("kind = 'proof_of_work'"), work(16, Some(attack)));
        assert_eq!(read("kind = 'proof_of_work'\nwhen = 'always'\ndifficulty = 8"), work(8, None));
        let hour = Rate { count: 5, window: Duration::from_secs(3_600) };
        let declared = "kind = 'proof_of_work'\nwhen = 'attack'\nattack = '5/h'\ndifficulty = 22";
        assert_eq!(read(declared), work(22, Some(hour)));
        let turnstile = |endpoint: Option<&str>, fail_open| {
            let kind = ChallengeKind::Turnstile(Turnstile {
                site_key: "0x4A".into(),
                secret: Template("${T}".into()),
                endpoint: endpoint.map(str::to_owned),
                fail_open,
            });
            Some(Challenge { kind, attack: Some(attack) })
        };
        let keys = "kind = 'turnstile'\nsite_key = '0x4A'\nsecret = '${T}'";
        assert_eq!(read(keys), turnstile(None, true));
        let own = format!("{keys}\nendpoint = 'https://verify.example/v'\nfail_open = false");
        assert_eq!(read(&own), turnstile(Some("https://verify.example/v"), false));
    }

    #[test]
    fn a_challenge_that_contradicts_itself_is_refused_with_key_and_line() {
        for (text, key, line, told) in [
            ("when = 'always'", "challenge.kind", 1, "missing"),
            ("kind = 'captcha'\nsite_key = 'a'", "challenge.kind", 2, "proof_of_work or turnstile"),
            ("kind = 'proof_of_work'\nwhen = 'now'", "challenge.when", 3, "attack"),
            ("kind = 'proof_of_work'\ndifficulty = 7", "challenge.difficulty", 3, "from 8 to 22"),
            ("kind = 'proof_of_work'\ndifficulty = 23", "challenge.difficulty", 3, "from 8 to 22"),
            ("kind = 'proof_of_work'\nattack = '120'", "challenge.attack", 3, "120"),
            ("kind = 'proof_of_work'\nattack = '10001/s'", "challenge.attack", 3, "1 to 10000"),
            (
                "kind = 'proof_of_work'\nwhen = 'always'\nattack = '1/s'",
                "challenge.attack",
                4,
                "always",
            ),
            (
                "kind = 'proof_of_work'\nsite_key = 'a'",
                "challenge.site_key",
                3,
                "kind turnstile only",
            ),
            (
                "kind = 'proof_of_work'\nsecret = '${A}'",
                "challenge.secret",
                3,
                "kind turnstile only",
            ),
            (
                "kind = 'proof_of_work'\nfail_open = true",
                "challenge.fail_open",
                3,
                "turnstile only",
            ),
            ("kind = 'turnstile'\nsecret = '${A}'", "challenge.site_key", 1, "missing"),
            ("kind = 'turnstile'\nsite_key = 'a'", "challenge.secret", 1, "missing"),
            (
                "kind = 'turnstile'\nsite_key = 'a'\nsecret = '${A}'\ndifficulty = 16",
                "challenge.difficulty",
                5,
                "kind proof_of_work only",
            ),
            (
                "kind = 'turnstile'\nsite_key = 'a'\nsecret = '${A}'\nendpoint = 'verify'",
                "challenge.endpoint",
                5,
                "an address",
            ),
            ("kind = 'proof_of_work'\ndificulty = 16", "challenge.dificulty", 3, "`difficulty`"),
        ] {
            let document = format!("[challenge]\n{text}");
            let mut faults = read(document.as_bytes(), Format::Toml).unwrap_err().faults;
            let fault = faults.remove(0);
            assert_eq!(faults, [], "{text}");
            assert_eq!((fault.key.as_str(), fault.line), (key, line), "{text}");
            assert!(fault.message.contains(told), "{text}: {}", fault.message);
        }
    }
}
