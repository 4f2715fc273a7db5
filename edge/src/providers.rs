//! A site's AI services, for its admins and the operator.

use crate::admin::admit;
use crate::host::Host;
use crate::reply::{Failed, Response};
use crate::request::Request;
use crate::session::site_in_use;
use kefu_proto::v1::Providers;
use kefu_shared::failover;
use kefu_shared::guard::{Key, Order, Outcome, Terms, View};

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
            Ok(Outcome::Granted(_)) => None,
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
