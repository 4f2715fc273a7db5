//! A newcomer at the door of a site that asks for a proof: it is counted, asked, and verified.

use crate::host::Host;
use crate::reply::Failed;
use kefu_proto::v1::Challenge;
use kefu_shared::challenge::{Newcomer, Proof, Verdict};

/// What a newcomer answered; none where the site lets it in without.
pub(crate) async fn answered<'a, H: Host>(
    host: &H,
    newcomer: &Newcomer<'_>,
    answer: Option<&'a Challenge>,
) -> Result<Option<Proof<'a>>, Failed> {
    if let Some((what, rate)) = newcomer.let_in()
        && host.count(what, rate).await?.is_ok()
    {
        return Ok(None);
    }
    Ok(Some(newcomer.answered(answer)?))
}

/// Refuses a newcomer whose proof is none, or was one already.
pub(crate) async fn verify<H: Host>(
    host: &H,
    newcomer: &Newcomer<'_>,
    proof: Proof<'_>,
) -> Result<(), Failed> {
    let verdict = match proof {
        Proof::Good(what, rate) => {
            return Ok(host.count(what, rate).await?.map_err(|_| newcomer.used())?);
        }
        Proof::Ask(request, mut verifier) => {
            host.send(*request, &mut verifier).await;
            verifier.verdict()
        }
        Proof::Unknown(why) => Verdict::Unknown(why),
    };
    if let Verdict::Unknown(why) = verdict {
        host.log(&newcomer.complaint(why));
    }
    Ok(newcomer.verified(&verdict)?)
}
