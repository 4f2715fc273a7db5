use super::*;

const START: Millis = Millis(1_800_000_000_000);

fn terms() -> Terms {
    Terms {
        rate: None,
        threshold: 5,
        cooldown_ms: 30_000,
        probe_ms: 120_000,
        budget: Budget::default(),
        utc_offset: 480,
        priced: false,
        revision: 1,
    }
}

fn limited(count: u32, window_ms: u64) -> Terms {
    Terms { rate: Some((count, window_ms)), ..terms() }
}

fn ask(terms: Terms, want: u32) -> Ask {
    Ask { terms, want, unused: Vec::new(), reports: Vec::new() }
}

/// One attempt that is let through and ends at once.
fn attempt(guard: &mut Guard, now: Millis, verdict: Verdict) -> Standing {
    let grant = guard.take(now, &ask(terms(), 1));
    if grant.permits > 0 {
        report(guard, now, grant, verdict);
    }
    grant.standing
}

fn report(guard: &mut Guard, now: Millis, grant: Grant, verdict: Verdict) -> Grant {
    let ticket = Ticket { generation: Some(grant.generation), probe: grant.probe };
    let reports = vec![Report { ticket, verdict, class: None, spent: Spent::default() }];
    guard.take(now, &Ask { reports, ..ask(terms(), 0) })
}

fn after(seconds: u64) -> Millis {
    START + Duration::from_secs(seconds)
}

fn opened() -> Guard {
    let mut guard = Guard::default();
    for _ in 0..5 {
        assert_eq!(attempt(&mut guard, START, Verdict::Failure), Standing::Closed);
    }
    guard
}

#[test]
fn the_breaker_opens_on_the_fifth_failure_in_a_row() {
    let mut guard = opened();
    let open = Standing::Open { until: after(30) };
    assert_eq!(attempt(&mut guard, START, Verdict::Failure), open);
    assert_eq!(attempt(&mut guard, after(29), Verdict::Failure), open);
}

#[test]
fn a_success_ends_the_streak_and_so_does_a_quiet_minute() {
    for (between, pause) in [(Some(Verdict::Success), 0), (None, 61)] {
        let mut guard = Guard::default();
        for _ in 0..4 {
            attempt(&mut guard, START, Verdict::Failure);
        }
        between.map(|verdict| attempt(&mut guard, START, verdict));
        for _ in 0..4 {
            attempt(&mut guard, after(pause), Verdict::Failure);
        }
        assert_eq!(attempt(&mut guard, after(pause), Verdict::Neutral), Standing::Closed);
    }
}

#[test]
fn limits_and_neutral_ends_are_no_failures() {
    let mut guard = Guard::default();
    for second in 0..20 {
        attempt(&mut guard, after(second * 10), Verdict::Neutral);
        attempt(&mut guard, after(second * 10), Verdict::Limited { pause_ms: 1_000 });
    }
    assert_eq!(guard.streak(), 0);
    assert_eq!(attempt(&mut guard, after(300), Verdict::Neutral), Standing::Closed);
}

#[test]
fn after_the_cool_down_exactly_one_probe_is_sent() {
    let mut guard = opened();
    let probe = guard.take(after(30), &ask(terms(), 10));
    assert_eq!((probe.permits, probe.probe), (1, true));
    let others = guard.take(after(30), &ask(terms(), 10));
    assert_eq!(others.permits, 0);
    assert_eq!(others.standing, Standing::Probing { until: after(150) });
}

#[test]
fn a_probe_that_succeeds_closes_and_one_that_fails_doubles_the_cool_down_up_to_five_minutes() {
    let mut guard = opened();
    let mut now = START;
    for seconds in [60, 120, 240, 300, 300] {
        let Standing::Open { until } = guard.standing(&terms(), now) else { panic!() };
        now = until;
        let probe = guard.take(now, &ask(terms(), 1));
        let grant = report(&mut guard, now, probe, Verdict::Failure);
        assert_eq!(grant.standing, Standing::Open { until: now + Duration::from_secs(seconds) });
    }
    now = now + Duration::from_secs(300);
    let probe = guard.take(now, &ask(terms(), 1));
    assert_eq!(report(&mut guard, now, probe, Verdict::Success).standing, Standing::Closed);
    assert_eq!(guard.streak(), 0);
}

#[test]
fn a_probe_that_says_nothing_frees_its_place_and_one_that_dies_loses_it_in_time() {
    let mut guard = opened();
    let probe = guard.take(after(30), &ask(terms(), 1));
    report(&mut guard, after(31), probe, Verdict::Neutral);
    let second = guard.take(after(31), &ask(terms(), 1));
    assert!(second.probe);
    let third = guard.take(after(31 + 120), &ask(terms(), 1));
    assert!(third.probe && third.generation != second.generation);
    // The dead one reports after all.
    report(&mut guard, after(160), second, Verdict::Failure);
    assert_eq!(guard.standing(&terms(), after(160)), Standing::Probing { until: after(271) });
}

#[test]
fn what_an_older_life_reports_is_ignored() {
    let mut guard = Guard::default();
    let slow = guard.take(START, &ask(terms(), 1));
    for _ in 0..5 {
        attempt(&mut guard, START, Verdict::Failure);
    }
    report(&mut guard, after(1), slow, Verdict::Success);
    assert_eq!(guard.standing(&terms(), after(1)), Standing::Open { until: after(30) });
}

#[test]
fn a_refusal_opens_at_once_and_a_change_of_the_site_asks_again() {
    let mut guard = Guard::default();
    attempt(&mut guard, START, Verdict::Refused);
    assert_eq!(
        attempt(&mut guard, after(299), Verdict::Success),
        Standing::Open { until: after(300) }
    );
    let mended = guard.take(after(5), &ask(Terms { revision: 2, ..terms() }, 1));
    assert!(mended.probe);
}

#[test]
fn a_provider_that_asks_to_be_left_alone_is() {
    let mut guard = Guard::default();
    attempt(&mut guard, START, Verdict::Limited { pause_ms: 5_000 });
    assert_eq!(
        attempt(&mut guard, after(4), Verdict::Success),
        Standing::Paused { until: after(5) }
    );
    assert_eq!(attempt(&mut guard, after(5), Verdict::Success), Standing::Closed);
}

/// Attempts that come as fast as they are let through: when each was sent.
fn sent(terms: Terms, span: Duration, step: Duration) -> Vec<Millis> {
    let (mut guard, mut copies, mut sent) = (Guard::default(), Copies::default(), Vec::new());
    let mut now = START;
    while now < START + span {
        let candidate = Candidate { provider: "p".into(), terms, fail_open: true };
        let fresh = || Admitting::new("s", None, vec![candidate.clone()]);
        let mut admitting = fresh();
        loop {
            match copies.next(now, &mut admitting) {
                Decision::Go { .. } => {
                    sent.push(now);
                    admitting = fresh();
                }
                Decision::Ask { key, ask } => {
                    let grant = guard.take(now, &ask);
                    copies.granted(now, key, grant);
                }
                Decision::Nobody => break,
            }
        }
        now = now + step;
    }
    sent
}

#[test]
fn no_window_holds_more_than_the_rate_and_nine_tenths_of_it_are_used() {
    for (count, window) in [(1_000, 60_000), (60, 60_000), (5, 1_000), (100, 3_600_000)] {
        let window_span = Duration::from_millis(window);
        let sent = sent(limited(count, window), window_span * 6, window_span / 600);
        for (index, &start) in sent.iter().enumerate() {
            let within = sent[index..].iter().filter(|&&at| at < start + window_span).count();
            assert!(within <= count as usize, "{within} of {count} in {window} ms");
        }
        let could = count as usize * 6;
        assert!(sent.len() * 10 >= could * 9, "{} of {could} in {window} ms", sent.len());
    }
}

#[test]
fn a_guard_that_lost_its_memory_charges_what_it_may_have_granted() {
    let terms = limited(100, 60_000);
    let mut guard = Guard::default();
    let mut granted = 0;
    let mut stored = guard.clone();
    for second in 0..10 {
        granted += guard.take(after(second), &ask(terms, 1)).permits;
        if guard.must_store() {
            stored = guard.stored(&terms, true).clone();
        }
    }
    assert_eq!(granted, 10);
    let guard = Guard::resume(stored, &terms, after(10));
    assert!(guard.charged(&terms, after(10)) >= granted);
    assert!(guard.charged(&terms, after(10)) <= granted + 5);
}

#[test]
fn most_permits_cost_no_row() {
    let terms = limited(1_000, 60_000);
    let mut guard = Guard::default();
    let mut rows = 0;
    for millis in 0..500 {
        guard.take(START + Duration::from_millis(millis), &ask(terms, 1));
        if guard.must_store() {
            guard.stored(&terms, true);
            rows += 1;
        }
    }
    assert!(rows <= 11, "{rows} rows for 500 permits");
}

#[test]
fn a_clock_that_goes_back_an_hour_closes_nothing_for_an_hour() {
    let terms = limited(2, 60_000);
    let mut guard = Guard::default();
    for _ in 0..5 {
        let grant = guard.take(after(3_600), &ask(terms, 1));
        report(&mut guard, after(3_600), grant, Verdict::Limited { pause_ms: 60_000 });
    }
    let grant = guard.take(after(64), &ask(terms, 1));
    assert!(grant.permits == 0);
    assert_eq!(guard.take(after(64 + 64), &ask(terms, 1)).permits, 1);
}

#[test]
fn providers_are_taken_in_order_and_skipped_with_the_reason() {
    let candidate =
        |name: &str, fail_open| Candidate { provider: name.into(), terms: terms(), fail_open };
    let mut copies = Copies::default();
    let all = vec![candidate("open", true), candidate("unknown", false), candidate("good", true)];
    let mut admitting = Admitting::new("s", None, all);
    let mut broken = opened();
    let mut good = Guard::default();
    let decision = loop {
        match copies.next(START, &mut admitting) {
            Decision::Ask { key, ask } => match key.provider.as_str() {
                "open" => copies.granted(START, key, broken.take(START, &ask)),
                "good" => copies.granted(START, key, good.take(START, &ask)),
                // Its guard does not answer.
                _ => {}
            },
            decision @ (Decision::Go { .. } | Decision::Nobody) => break decision,
        }
    };
    let pass = Pass { terms: terms(), ticket: Ticket { generation: Some(0), probe: false } };
    assert_eq!(decision, Decision::Go { provider: "good".into(), pass });
    let whys: Vec<_> = admitting.into_skips().into_iter().map(|skip| skip.why).collect();
    let open = Why::Standing(Standing::Open { until: after(30) });
    assert_eq!(whys, [open, Why::Unknown]);
}

#[test]
fn a_report_that_opens_the_breaker_ends_the_permits_at_hand() {
    let mut copies = Copies::default();
    let mut guard = Guard::default();
    let key = Key { site: "s".into(), provider: "p".into() };
    let grant = guard.take(START, &ask(terms(), 1));
    copies.granted(START, key.clone(), grant);
    for _ in 0..5 {
        let ticket = Ticket { generation: Some(0), probe: false };
        let report =
            Report { ticket, verdict: Verdict::Failure, class: None, spent: Spent::default() };
        let ask = copies.report(&key, terms(), report);
        copies.told(START, key.clone(), guard.take(START, &ask));
    }
    let candidate = Candidate { provider: "p".into(), terms: terms(), fail_open: true };
    let mut admitting = Admitting::new("s", None, vec![candidate]);
    assert_eq!(copies.next(START, &mut admitting), Decision::Nobody);
}

#[test]
fn what_others_made_of_a_guard_ends_the_permits_at_hand_where_it_is_looked_at() {
    let pause = Verdict::Limited { pause_ms: 10_000 };
    for (reports, upheld) in
        [(vec![Verdict::Failure; 5], false), (vec![pause], false), (vec![], true)]
    {
        let (mut copies, mut guard) = (Copies::default(), Guard::default());
        let key = Key { site: "s".into(), provider: "p".into() };
        let grant = guard.take(START, &ask(terms(), 1));
        copies.granted(START, key.clone(), grant);
        reports.into_iter().for_each(|verdict| {
            report(&mut guard, START, grant, verdict);
        });
        let candidate = Candidate { provider: "p".into(), terms: terms(), fail_open: true };
        let mut admitting = Admitting::new("s", None, vec![candidate]);
        assert_eq!(admitting.keys().collect::<Vec<_>>(), std::slice::from_ref(&key));
        copies.compare(START, &key, &guard);
        assert_eq!(copies.has(START, &key), upheld);
        let asks = matches!(copies.next(START, &mut admitting), Decision::Ask { .. });
        assert_eq!(asks, !upheld);
    }
}

#[test]
fn what_a_day_may_cost_is_spent_once_for_all_and_the_next_day_begins_anew() {
    let all = Terms { budget: Budget { turns: Some(2), ..Budget::default() }, ..terms() };
    let mut guards = std::collections::BTreeMap::<String, Guard>::new();
    let mut copies = Copies::default();
    let mut asked = |now: Millis| {
        let candidate = Candidate { provider: "p".into(), terms: terms(), fail_open: true };
        let mut admitting = Admitting::new("s", Some(all), vec![candidate]);
        loop {
            match copies.next(now, &mut admitting) {
                Decision::Ask { key, ask } => {
                    let grant = guards.entry(key.provider.clone()).or_default().take(now, &ask);
                    copies.granted(now, key, grant);
                }
                Decision::Go { .. } => {
                    let spent = Spent { turns: 1, tokens: 10, cost: 0 };
                    let ticket = Ticket::default();
                    let report = Report { ticket, verdict: Verdict::Neutral, class: None, spent };
                    let key = Key::of_site("s");
                    let ask = copies.report(&key, all, report);
                    let grant = guards.entry(String::new()).or_default().take(now, &ask);
                    copies.told(now, key, grant);
                    return None;
                }
                Decision::Nobody => return admitting.into_skips().into_iter().next(),
            }
        }
    };
    assert_eq!(asked(START), None);
    assert_eq!(asked(START), None);
    let until = tomorrow(START, 480);
    let skip = asked(START).unwrap();
    assert_eq!((skip.is_site(), skip.why), (true, Why::Standing(Standing::Spent { until })));
    assert_eq!(asked(until), None);
}

#[test]
fn the_last_failure_that_counted_is_kept_with_its_class_and_its_time() {
    let mut guard = Guard::default();
    let ticket = Ticket { generation: Some(0), probe: false };
    let mut told = |at, verdict, class| {
        let reports = vec![Report { ticket, verdict, class, spent: Spent::default() }];
        guard.take(at, &Ask { reports, ..ask(terms(), 0) });
        assert!(!matches!(verdict, Verdict::Failure) || guard.must_store());
        let Outcome::Seen(view) = guard.carry_out(at, &Order::Look(terms())) else {
            panic!("it does not tell how it stands")
        };
        view.failed
    };
    let timeout = Some((Class::Timeout, after(1)));
    let limited = Some((Class::RateLimited, after(4)));
    assert_eq!(told(START, Verdict::Neutral, Some(Class::BadRequest)), None, "the request's fault");
    assert_eq!(told(after(1), Verdict::Failure, Some(Class::Timeout)), timeout);
    assert_eq!(told(after(2), Verdict::Success, None), timeout, "it was the last all the same");
    assert_eq!(told(after(3), Verdict::Neutral, None), timeout);
    let pause = Verdict::Limited { pause_ms: 1 };
    assert_eq!(told(after(4), pause, Some(Class::RateLimited)), limited);
}
