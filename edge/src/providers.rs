//! A site's AI services, for its admins and the operator.

use crate::admin::admit;
use crate::host::Host;
use crate::reply::{Failed, Response};
use crate::request::Request;
use crate::session::site_in_use;
use kefu_proto::v1::{ProviderCheck, Providers};
use kefu_shared::config::Provider;
use kefu_shared::failover;
use kefu_shared::guard::{Key, Order, Outcome, Terms, View};
use kefu_shared::provider::check::Check;
use kefu_shared::site::Live;

pub(crate) async fn states<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    let live = site_in_use(host, site).await?;
    let mut providers = Vec::new();
    for provider in &live.config.providers {
        let key = Key { site: site.to_owned(), provider: provider.name.clone() };
        let look = Order::Look(Terms::of(&live.config, provider, live.revision));
        let view = match host.guard_order(&key, look).await {
            Ok(Outcome::Seen(view)) => Some(view),
            Ok(Outcome::Granted(_) | Outcome::Tried(_)) => None,
            Err(fault) => {
                host.log(&format!("guard of {site}/{}: {fault}", provider.name));
                None
            }
        };
        let able = failover::able(&live, provider);
        providers.push(View::wire(view, provider, able.err().as_ref()));
    }
    Ok(Response::ok(&Providers { providers }))
}

/// Asks a provider a question of one word, past its breaker but not past its rate.
pub(crate) async fn check<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
    name: &str,
) -> Result<Response<H::Native>, Failed> {
    admit(host, request, site).await?;
    let live = site_in_use(host, site).await?;
    let provider = live.config.providers.iter().find(|provider| provider.name == name);
    let provider = provider.ok_or_else(|| failover::no_such_provider(name))?;
    permit(host, site, provider, &live).await?;
    Ok(Response::ok(&ask(host, provider, &live).await))
}

async fn ask<H: Host>(host: &H, provider: &Provider, live: &Live) -> ProviderCheck {
    let tick = host.tick();
    match failover::trial(live, provider, tick.entropy) {
        Err(failure) => Check::misconfigured(&failure),
        Ok(request) => {
            let mut check = Check::sent(provider.kind, provider.timeouts, tick.now);
            host.send(request, &mut check).await;
            let key = live.api_key(provider).ok().flatten();
            check.report(&[key.as_deref().unwrap_or_default()])
        }
    }
}

/// A question that is sent counts towards the declared rate, whoever asks it.
async fn permit<H: Host>(
    host: &H,
    site: &str,
    provider: &Provider,
    live: &Live,
) -> Result<(), Failed> {
    let terms = Terms::of(&live.config, provider, live.revision);
    let key = Key { site: site.to_owned(), provider: provider.name.clone() };
    let outcome = host.guard_order(&key, Order::Try(terms)).await?;
    Ok(outcome.admits_trial(host.tick().now)?)
}
