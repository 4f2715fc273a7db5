use super::*;
use crate::config::{
    Budget, Budgets, Challenge, ChallengeKind, Channel, CircuitBreaker, Direction, Fault, Handoff,
    Hours, MaskKind, MaskPattern, Masking, Matching, Mode, ModeRule, OnLimit, Price, Provider,
    ProviderKind, Rule, RuleAction, Template, Timeouts, Turnstile, When, Widget, WordAction, Words,
};
use kefu_proto::v1::channel;
use std::collections::BTreeMap;

fn toml(text: &str) -> Result<Site, Invalid> {
    read(text.as_bytes(), Format::Toml)
}

fn faults(text: &str) -> Vec<Fault> {
    toml(text).unwrap_err().faults
}

/// The only fault of a TOML document.
#[track_caller]
fn fault(text: &str) -> Fault {
    let mut faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

#[test]
fn a_whole_document_is_read() {
    let site = toml(include_str!("fixtures/whole.toml")).unwrap();
    assert_eq!(site, whole());
}

#[test]
fn the_same_document_in_yaml_and_json_is_the_same_site() {
    assert_eq!(read(include_bytes!("fixtures/whole.yaml"), Format::Yaml), Ok(whole()));
    assert_eq!(read(include_bytes!("fixtures/whole.json"), Format::Json), Ok(whole()));
}

#[test]
fn an_empty_document_is_a_site_with_defaults() {
    for (text, format) in [("", Format::Toml), ("", Format::Yaml), ("{}", Format::Json)] {
        assert_eq!(read(text.as_bytes(), format), Ok(Site::default()), "{format:?}");
    }
}

#[test]
fn the_article_s_yaml_is_accepted_once_a_secret_and_a_bot_are_added() {
    let article = "\
ai_providers:
  - name: \"扣子API\"
    type: \"kouzi\"
    endpoint: \"https://api.kouzi.ai/v1\"
    rate_limit: 1000/分钟
    circuit_breaker:
      failure_threshold: 5
      cooldown: 30s
";
    let faults = read(article.as_bytes(), Format::Yaml).unwrap_err().faults;
    let keys: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), fault.line)).collect();
    assert_eq!(keys, [("ai_providers[0].bot_id", 2), ("ai_providers[0].api_key", 2)]);

    let added =
        format!("{article}    api_key: ${{COZE_TOKEN}}\n    bot_id: 7300000000000000000123\n");
    let site = read(added.as_bytes(), Format::Yaml).unwrap();
    let provider = &site.providers[0];
    assert_eq!(provider.kind, ProviderKind::Coze);
    assert_eq!(provider.bot_id.as_deref(), Some("7300000000000000000123"));
    assert_eq!(provider.rate_limit, Some(Rate { count: 1_000, window: Duration::from_secs(60) }));
}

#[test]
fn numbers_where_texts_are_natural_keep_all_digits() {
    let digits = "7300000000000000000123";
    for (text, format) in [
        (
            format!("ai_providers = [{{name='a',type='coze',api_key='${{A}}',bot_id={digits}}}]"),
            Format::Toml,
        ),
        (
            format!("ai_providers: [{{name: a,type: coze,api_key: '${{A}}',bot_id: {digits}}}]"),
            Format::Yaml,
        ),
        (
            format!(
                r#"{{"ai_providers":[{{"name":"a","type":"coze","api_key":"${{A}}","bot_id":{digits}}}]}}"#
            ),
            Format::Json,
        ),
    ] {
        let site = read(text.as_bytes(), format).unwrap();
        assert_eq!(site.providers[0].bot_id.as_deref(), Some(digits), "{format:?}");
    }
}

#[test]
fn every_fault_names_its_key_its_line_and_the_remedy() {
    const PROVIDER: &str =
        "[[ai_providers]]\nname = 'a'\ntype = 'openai'\nmodel = 'm'\napi_key = '${K}'\n";
    const RULE: &str = "[[rules]]\nname = 'a'\nreply = 'b'\n";
    const PATTERN: &str = "[[privacy.patterns]]\n";
    const WORDS: &str = "[[words]]\naction = 'replace'\n";
    for (head, text, key, line, told) in [
        ("", "[site]\nnme = 'x'", "site.nme", 2, "nearest known one is `name`"),
        ("", "[sites]\nname = 'x'", "sites", 1, "nearest known one is `site`"),
        ("", "[site]\nname = true", "site.name", 2, "found true; expected a text"),
        ("", "[site]\nname = ' '", "site.name", 2, "write a text or remove the key"),
        ("", "[site]\nlocale = 'zh_CN'", "site.locale", 2, "perhaps \"zh-CN\""),
        (
            "",
            "[site]\nallowed_origins = 'https://a.b'",
            "site.allowed_origins",
            2,
            "expected a list",
        ),
        (
            "",
            "[site]\nallowed_origins = [\n'https://a.b',\n'a.b/']",
            "site.allowed_origins[1]",
            4,
            "expected an origin",
        ),
        ("", "site = 1", "site", 1, "expected a table"),
        (
            "",
            "[ai]\nturn_budget = '0s'",
            "ai.turn_budget",
            2,
            "found 0s; expected from 100ms to 2m",
        ),
        ("", "[ai]\nturn_budget = 15", "ai.turn_budget", 2, "write \"15s\""),
        ("", "[ai]\nquiet_window = '6s'", "ai.quiet_window", 2, "from 0s to 5s"),
        (
            "",
            "[ai]\nmax_attempts = 0",
            "ai.max_attempts",
            2,
            "the number 0; expected a whole number from 1 to 10",
        ),
        ("", "[ai]\nmax_attempts = 11", "ai.max_attempts", 2, "from 1 to 10"),
        ("", "[ai]\nmax_attempts = '3'", "ai.max_attempts", 2, "without quotation marks"),
        ("", "[ai]\nmax_attempts = 1.5", "ai.max_attempts", 2, "a whole number"),
        ("", "[ai]\nwhile_queued = 'yes'", "ai.while_queued", 2, "true or false"),
        ("", "[context]\nrounds = 21", "context.rounds", 2, "from 1 to 20"),
        ("", "[context]\nrounds = 0", "context.rounds", 2, "from 1 to 20"),
        (
            "",
            "[limits]\nmessages_per_visitor = '0/min'",
            "limits.messages_per_visitor",
            2,
            "count from 1",
        ),
        ("", "[widget]\ncolor = 'red'", "widget.color", 2, "#1668dc"),
        (
            PROVIDER,
            "endpoint = 'api.x.example'",
            "ai_providers[0].endpoint",
            6,
            "expected an address",
        ),
        (PROVIDER, "rate_limit = '1000'", "ai_providers[0].rate_limit", 6, "\"1000/min\""),
        (PROVIDER, "rate_limit = 1000", "ai_providers[0].rate_limit", 6, "\"1000/min\""),
        (PROVIDER, "price = { input = 1 }", "ai_providers[0].price.output", 6, "missing"),
        (PROVIDER, "price = { input = -1, output = 2 }", "ai_providers[0].price.input", 6, "0.8"),
        ("", "[budgets]\non_limit = 'message'", "budgets.message", 1, "missing"),
        ("", "[budgets]\nmessage = 'x'", "budgets.message", 2, "remove one"),
        ("", "[budgets]\non_limit = 'stop'", "budgets.on_limit", 2, "rules, person or message"),
        ("", "[budgets]\nsite = { turns = 0 }", "budgets.site.turns", 2, "from 1"),
        (PROVIDER, "canary = '101%'", "ai_providers[0].canary", 6, "\"100%\""),
        (PROVIDER, "canary = '5%'\nweight = 2", "ai_providers[0].canary", 6, "remove one"),
        (
            PROVIDER,
            "timeouts = { connect = '5s', first_token = '8s' }\n[ai]\nturn_budget = '3s'",
            "ai.turn_budget",
            8,
            "the shortest of which is 5s",
        ),
        (PROVIDER, "ratelimit = '1/s'", "ai_providers[0].ratelimit", 6, "`rate_limit`"),
        (
            PROVIDER,
            "bot_id = '1'",
            "ai_providers[0].bot_id",
            6,
            "belongs to type coze and fastgpt only",
        ),
        (
            PROVIDER,
            "inputs = { a = 'b' }",
            "ai_providers[0].inputs",
            6,
            "belongs to type dify and coze only",
        ),
        (
            PROVIDER,
            "circuit_breaker = { cooldown = '30' }",
            "ai_providers[0].circuit_breaker.cooldown",
            6,
            "write \"30s\"",
        ),
        (PROVIDER, "timeouts = { ide = '5s' }", "ai_providers[0].timeouts.ide", 6, "`idle`"),
        (PROVIDER, "timeouts = '5s'", "ai_providers[0].timeouts", 6, "expected a table"),
        ("", "[[ai_providers]]\nname = 'a'", "ai_providers[0].type", 1, "missing; write type ="),
        (
            "",
            "[[ai_providers]]\nname = 'a'\ntype = 'kozi'",
            "ai_providers[0].type",
            3,
            "expected one of kouzi",
        ),
        (
            "",
            "[[ai_providers]]\ntype = 'workers_ai'\nname = 'a'",
            "ai_providers[0].model",
            1,
            "missing",
        ),
        ("", "[ai_providers]\nname = 'a'", "ai_providers", 1, "expected a list of tables"),
        (RULE, "when = 'always'", "rules[0].when", 4, "\"fallback\""),
        (RULE, "action = 'hand'", "rules[0].action", 4, "\"handoff\""),
        (RULE, "priority = 'high'", "rules[0].priority", 4, "whole number"),
        (RULE, "match = { any = '退货' }", "rules[0].match.any", 4, "[\"…\"]"),
        (RULE, "match = { any = ['a', ''] }", "rules[0].match.any[1]", 4, "blank"),
        (RULE, "match = { any = ['\u{200b}'] }", "rules[0].match.any[0]", 4, "invisible"),
        (RULE, "match = { regex = '(' }", "rules[0].match.regex", 4, "regular expression"),
        (RULE, "match = { regexp = 'a' }", "rules[0].match.regexp", 4, "`regex`"),
        (RULE, "hours = { days = 'mon-fri' }", "rules[0].hours.utc_offset", 4, "missing"),
        (RULE, "hours = { from = '9', utc_offset = '+8' }", "rules[0].hours.from", 4, "\"09:00\""),
        (
            RULE,
            "hours = { days = ['mon', 'xxx'], utc_offset = '+8' }",
            "rules[0].hours.days[1]",
            4,
            "mon-fri",
        ),
        ("", "[privacy]\nmask = ['fone']", "privacy.mask[0]", 2, "one of phone, id_card"),
        ("", "[privacy]\nmask = 'phone'", "privacy.mask", 2, "expected a list"),
        ("", "[privacy]\nmasks = []", "privacy.masks", 2, "nearest known one is `mask`"),
        (PATTERN, "name = 'a'\nregex = '('", "privacy.patterns[0].regex", 3, "regular expression"),
        (PATTERN, "name = 'a'\nregex = 'x*'", "privacy.patterns[0].regex", 3, "nothing is"),
        (PATTERN, "name = 'A b'\nregex = 'x'", "privacy.patterns[0].name", 2, "lower-case"),
        (PATTERN, "name = 'phone'\nregex = 'x'", "privacy.patterns[0].name", 2, "built in"),
        (PATTERN, "name = 'a'", "privacy.patterns[0].regex", 1, "missing"),
        (WORDS, "list = ['a', '，']", "words[0].list[1]", 3, "begins with no letter"),
        (WORDS, "list = ['a', '']", "words[0].list[1]", 3, "blank"),
        (WORDS, "list = 'a'", "words[0].list", 3, "expected a list"),
        (WORDS, "list = ['a']\ndirection = 'up'", "words[0].direction", 4, "\"out\" (answers)"),
        (WORDS, "list = ['a']\nwith = 'b'", "words[0].with", 4, "unknown key"),
        ("", "[[words]]\naction = 'drop'\nlist = []", "words[0].action", 2, "\"refuse\""),
        ("", "[[words]]\nlist = ['a']", "words[0].action", 1, "missing"),
        (WORDS, "", "words[0].list", 1, "missing"),
        (RULE, "locales = ['中文']", "rules[0].locales[0]", 4, "language tag"),
        ("", "[[rules]]\nname = 'a'", "rules[0].reply", 1, "or action = \"handoff\""),
        ("", "[[rules]]\nreply = 'a'", "rules[0].name", 1, "missing"),
        ("", "[[channels]]\naccount = 'a'", "channels[0].type", 1, "one of wechat"),
        ("", "[[channels]]\ntype = 'wechat'", "channels[0].account", 1, "webhook path"),
        (
            "",
            "[[channels]]\ntype = 'wechta'\naccount = 'a'\nx = 1",
            "channels[0].type",
            2,
            "nearest known type is \"wechat\"",
        ),
        ("", "[[channels]]\ntype = 'line'\naccount = 'a b'", "channels[0].account", 3, "1 to 64"),
        (
            "",
            "[[channels]]\ntype = 'line'\naccount = 'a'\nbot_token = 'x'",
            "channels[0].bot_token",
            4,
            "nearest known one is",
        ),
    ] {
        let fault = fault(&format!("{head}{text}"));
        assert_eq!((fault.key.as_str(), fault.line), (key, line), "{text}: {}", fault.message);
        assert!(fault.message.contains(told), "{text}: {}", fault.message);
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_their_lines() {
    let faults = faults(
        "[ai]\nquiet_window = '9s'\n[[rules]]\nname = 'a'\nreply = 1\npriority = 'x'\n\
         [[ai_providers]]\ntype = 'kouzi'\nrate_limit = '9/x'\n[site]\nfoo = 1\n",
    );
    let keys: Vec<_> = faults.iter().map(|fault| (fault.key.as_str(), fault.line)).collect();
    assert_eq!(
        keys,
        [
            ("ai.quiet_window", 2),
            ("rules[0].priority", 6),
            ("ai_providers[0].name", 7),
            ("ai_providers[0].bot_id", 7),
            ("ai_providers[0].api_key", 7),
            ("ai_providers[0].rate_limit", 9),
            ("site.foo", 11),
        ]
    );
}

#[test]
fn a_mask_list_replaces_the_built_in_one_and_an_empty_one_masks_nothing() {
    let kinds = |text: &str| toml(text).unwrap().masking.kinds;
    let built_in = [MaskKind::Phone, MaskKind::IdCard, MaskKind::BankCard];
    assert_eq!(kinds("[[privacy.patterns]]\nname = 'a'\nregex = 'x'"), built_in);
    assert_eq!(kinds("[privacy]\nmask = ['email']"), [MaskKind::Email]);
    assert_eq!(kinds("[privacy]\nmask = []"), []);
}

#[test]
fn names_must_be_told_apart() {
    for (table, rest) in [
        ("ai_providers", "type = 'openai'\nmodel = 'm'\nendpoint = 'http://a'\n"),
        ("rules", "reply = 'x'\naction = 'handoff'\n\n"),
    ] {
        let entry = format!("[[{table}]]\nname = 'a'\n{rest}");
        let fault = fault(&entry.repeat(2));
        assert_eq!((fault.key, fault.line), (format!("{table}[1].name"), 7));
    }
    let channel = "[[channels]]\ntype = 'line'\naccount = 'a'\n";
    assert_eq!(fault(&channel.repeat(2)).key, "channels[1].account");
    assert!(toml(&format!("{channel}{}", channel.replace("line", "email"))).is_ok());
}

#[test]
fn secrets_are_not_shown_in_faults() {
    for value in ["'${hunter2}'", "'${hunter2'", "['hunter2']"] {
        let faults = faults(&format!(
            "[[ai_providers]]\nname = 'a'\ntype = 'openai'\nmodel = 'm'\napi_key = {value}\n\
             [[channels]]\ntype = 'line'\naccount = 'a'\nchannel_secret = {value}\n"
        ));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(!format!("{faults:?}").contains("hunter2"), "{faults:?}");
    }
}

#[test]
fn too_much_is_refused() {
    let rule = |index: usize| format!("[[rules]]\nname = 'r{index}'\nreply = 'x'\n");
    let rules: String = (0..2_001).map(rule).collect();
    let provider = |index: usize| {
        format!(
            "[[ai_providers]]\nname = '{index}'\ntype = 'openai'\nmodel = 'm'\nendpoint = 'http://a'\n"
        )
    };
    let providers: String = (0..33).map(provider).collect();
    let patterns: String =
        (0..201).map(|index| format!("{}match = {{ regex = 'a' }}\n", rule(index))).collect();
    let keywords = format!("{}match = {{ any = [{}] }}\n", rule(0), "'a',".repeat(10_001));
    let keywords = format!("{keywords}{}", keywords.replace("r0", "r1").replace("any", "all"));
    let words = |count: usize| {
        let list: String = (0..count).map(|word| format!("'w{word}',")).collect();
        format!("[[words]]\naction = 'replace'\nlist = [{list}]\n")
    };
    let patterns_of_data = |count: usize| -> String {
        let pattern = |n| format!("[[privacy.patterns]]\nname = 'p{n}'\nregex = 'a'\n");
        (0..count).map(pattern).collect()
    };
    assert!(toml(&words(10_000)).is_ok() && toml(&patterns_of_data(20)).is_ok());
    for (text, key, told) in [
        (words(10_001), "words[0].list", "found 10001 entries; at most 10000"),
        (words(10_000) + &words(1), "words", "found 10001 words in all; at most 10000"),
        (patterns_of_data(21), "privacy.patterns", "found 21 entries; at most 20"),
        (rules, "rules", "found 2001 entries; at most 2000"),
        (providers, "ai_providers", "found 33 entries; at most 32"),
        (patterns, "rules", "found 201 regular expressions"),
        (keywords, "rules", "found 20002 keywords"),
        (
            format!("[[rules]]\nname = 'a'\nreply = '{}'", "x".repeat(65_537)),
            "rules[0].reply",
            "at most 65536",
        ),
    ] {
        let fault = fault(&text);
        assert_eq!(fault.key, key);
        assert!(fault.message.contains(told), "{}", fault.message);
    }
}

#[test]
fn hosts_of_dingtalk_may_be_a_list() {
    let site = toml("[[channels]]\ntype='dingtalk'\naccount='a'\nwebhook_hosts=['OAPI.dingtalk.com', '127.0.0.1:8080']").unwrap();
    assert_eq!(site.channels[0].settings["webhook_hosts"].0, "oapi.dingtalk.com,127.0.0.1:8080");
    assert_eq!(
        fault("[[channels]]\ntype='dingtalk'\naccount='a'\nwebhook_hosts=['https://x.example']")
            .key,
        "channels[0].webhook_hosts[0]"
    );
}

/// What the fixtures say.
fn whole() -> Site {
    let minute = |count| Rate { count, window: Duration::from_secs(60) };
    let template = |text: &str| Template(text.to_owned());
    Site {
        name: "演示".to_owned(),
        locale: "zh-CN".to_owned(),
        allowed_origins: vec!["https://shop.example".to_owned()],
        identity_secret: Some(template("${IDENTITY}")),
        providers: whole_providers(),
        ai: Ai {
            enabled: false,
            mode: Mode::OffDuty,
            modes: vec![ModeRule {
                mode: Mode::Draft,
                channels: vec![channel::Type::Wechat],
                hours: Some(night()),
            }],
            draft_reply: Some("请稍候".into()),
            handoff: Handoff {
                request: vec!["人工".into()],
                negative: Vec::new(),
                negative_limit: 2,
                unsure_limit: 1,
                sources_required: true,
                repeated_limit: 3,
                ..Site::default().ai.handoff
            },
            keep_traces: Duration::from_secs(7 * 86_400),
            turn_budget: Duration::from_secs(12),
            max_attempts: 2,
            quiet_window: Duration::from_millis(400),
            while_queued: true,
            fail_open: false,
            sticky: false,
        },
        rounds: 10,
        context_characters: 9_000,
        budgets: Budgets {
            visitor: Budget { turns: Some(50), ..Budget::default() },
            site: Budget { turns: None, tokens: Some(2_000_000), cost: Some(12_500_000) },
            utc_offset: 0,
            on_limit: OnLimit::Message("明天再来".to_owned()),
        },
        challenge: Some(Challenge {
            kind: ChallengeKind::Turnstile(Turnstile {
                site_key: "0x4A".to_owned(),
                secret: template("${TURNSTILE_SECRET}"),
                endpoint: Some("https://verify.example/turnstile".to_owned()),
                fail_open: false,
            }),
            attack: Some(minute(30)),
        }),
        limits: Limits { sessions_per_address: minute(30), messages_per_visitor: minute(20) },
        rules: whole_rules(),
        masking: Masking {
            kinds: vec![MaskKind::Phone, MaskKind::Email],
            patterns: vec![MaskPattern { name: "order".to_owned(), regex: r"DD\d{8}".to_owned() }],
        },
        words: whole_words(),
        channels: vec![Channel {
            kind: "wechat".to_owned(),
            account: "shop-oa".to_owned(),
            settings: [
                ("api_base", "https://api.weixin.qq.com"),
                ("app_id", "wx123"),
                ("app_secret", "${WECHAT_SECRET}"),
                ("token", "${WECHAT_TOKEN}"),
                ("encoding_aes_key", "${WECHAT_AES_KEY}"),
            ]
            .map(|(key, value)| (key.to_owned(), template(value)))
            .into(),
        }],
        widget: Widget {
            greeting: Some("您好".to_owned()),
            suggestions: vec!["怎么退货".to_owned()],
            color: Some("#1668dc".to_owned()),
            ..Widget::default()
        },
    }
}

fn whole_providers() -> Vec<Provider> {
    let bare = Provider {
        name: "扣子API".to_owned(),
        kind: ProviderKind::Coze,
        endpoint: Some("https://api.coze.cn".to_owned()),
        api_key: Some(Template("${COZE_TOKEN}".to_owned())),
        model: None,
        bot_id: Some("7300000000000000000".to_owned()),
        system_prompt: None,
        inputs: BTreeMap::new(),
        variables: BTreeMap::new(),
        rate_limit: Some(Rate { count: 1_000, window: Duration::from_secs(60) }),
        circuit_breaker: CircuitBreaker { failure_threshold: 4, cooldown: Duration::from_secs(31) },
        timeouts: Timeouts { connect: Duration::from_secs(4), ..Timeouts::default() },
        weight: Some(3),
        canary: None,
        price: Some(Price { input: 800_000, output: 2_000_000 }),
    };
    let second = Provider {
        name: "dify".to_owned(),
        kind: ProviderKind::Dify,
        endpoint: None,
        bot_id: None,
        inputs: [("lang", "zh"), ("size", "5"), ("vip", "true")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        rate_limit: None,
        circuit_breaker: CircuitBreaker::default(),
        timeouts: Timeouts::default(),
        weight: None,
        canary: Some(5),
        price: None,
        ..bare.clone()
    };
    vec![bare, second]
}

fn whole_words() -> Vec<Words> {
    let replaced = Words {
        list: ["笨蛋", "傻瓜"].map(str::to_owned).into(),
        direction: Direction::Both,
        action: WordAction::Replace,
        text: Some("＊".to_owned()),
    };
    let refused = Words {
        list: vec!["赌博".to_owned()],
        direction: Direction::In,
        action: WordAction::Refuse,
        text: None,
    };
    vec![replaced, refused]
}

/// Outside the hours of an office.
fn night() -> Hours {
    Hours {
        days: [true, true, true, true, true, false, false],
        from: 540,
        to: 1_080,
        utc_offset: 480,
        outside: true,
    }
}

fn whole_rules() -> Vec<Rule> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let first = Rule {
        name: "退货".to_owned(),
        when: When::Fallback,
        priority: 0,
        matching: Matching { any: words(&["退货", "退款", "refund"]), ..Matching::default() },
        hours: None,
        locales: Vec::new(),
        reply: Some("退货请在订单页申请".to_owned()),
        quick_replies: Vec::new(),
        action: None,
    };
    let second = Rule {
        name: "转人工".to_owned(),
        when: When::First,
        priority: -5,
        matching: Matching {
            any: Vec::new(),
            all: words(&["人工"]),
            none: words(&["不"]),
            regex: Some("^转".to_owned()),
        },
        hours: Some(night()),
        locales: words(&["zh"]),
        reply: None,
        quick_replies: words(&["好的"]),
        action: Some(RuleAction::Handoff),
    };
    vec![first, second]
}

#[test]
fn all_of_a_widget_is_read() {
    let site = toml(
        "[widget]\nradius = 8\nside = 'left'\nlauncher = 'label'\nscheme = 'dark'\nsound = false\n\
         [widget.texts]\n'en.title' = 'Ask us'\n\
         [[widget.hours]]\ndays = 'mon-fri'\nfrom = '09:00'\nto = '17:00'\nutc_offset = '+08:00'\n\
         [widget.prechat]\ntitle = 'Who are you?'\n\
         [[widget.prechat.fields]]\nname = 'email'\ntype = 'email'\nrequired = true\n\
         [[widget.invitations]]\nname = 'pricing'\ntext = 'Questions?'\nafter = '10s'\npage = '/pricing*'\n\
         [widget.privacy]\ntext = 'We keep chats.'\nurl = 'https://shop.example/privacy'\ntracking = 'consent'\n",
    )
    .unwrap();
    let widget = site.widget;
    let look = widget.look.unwrap();
    assert_eq!((look.radius, look.side, look.launcher, look.scheme), (Some(8), 1, 1, 2));
    assert!(look.silent);
    assert_eq!(look.texts["en.title"], "Ask us");
    assert_eq!(widget.hours.len(), 1);
    let field = &widget.prechat.unwrap().fields[0];
    assert_eq!((field.label.as_str(), field.r#type, field.required), ("email", 1, true));
    assert_eq!(
        (widget.invitations[0].after, widget.invitations[0].page.as_str()),
        (10, "/pricing*")
    );
    assert_eq!(widget.privacy.unwrap().tracking, 1);
}

#[test]
fn a_widget_s_faults_name_their_keys() {
    for (text, key) in [
        ("[widget]\nside = 'top'", "widget.side"),
        ("[widget]\nscheme = 'AUTO'", "widget.scheme"),
        ("[widget]\nradius = 99", "widget.radius"),
        ("[widget]\ncolour = '#fff'", "widget.colour"),
        (
            "[[widget.prechat.fields]]\nname = 'a'\ntype = 'choice'",
            "widget.prechat.fields[0].choices",
        ),
        ("[[widget.invitations]]\nname = 'a'", "widget.invitations[0].text"),
        ("[widget.privacy]\nurl = 'javascript:1'", "widget.privacy.url"),
    ] {
        assert_eq!(fault(text).key, key);
    }
}
