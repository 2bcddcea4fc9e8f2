//! Every fact and what it sets off. A slice never calls upward: it announces a fact, and the one
//! table here says who reacts.
//!
//! Each reaction commits once, in one transaction with its mark (fact, reaction): attempted before
//! the response leaves, and taken up again by the dispatcher when that failed.

use std::future::Future;
use std::pin::Pin;

use anyhow::Context as _;
use khien_domain::fact::Fact;
use khien_store::{Unjournaled, Write, outbox};
use uuid::Uuid;

use crate::app::{App, Nudge};
use crate::inbox;

/// How many facts one round of the dispatcher takes.
const ROUND_FACTS_MAX: i64 = 200;

type Done<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;

/// What one fact sets off.
struct Reaction {
    name: &'static str,
    run: for<'a> fn(&'a App, &'a mut Write, Uuid, &'a Fact) -> Done<'a>,
}

/// Returns who reacts to a fact.
fn reactions(fact: &Fact) -> &'static [Reaction] {
    const NOTIFY: &[Reaction] = &[Reaction {
        name: "inbox.notify",
        run: |app, write, id, fact| Box::pin(inbox::notify(app, write, id, fact)),
    }];
    if inbox::tells_somebody(fact) { NOTIFY } else { &[] }
}

/// Runs the reactions of freshly committed facts; a failure is logged and left to the dispatcher.
pub async fn attempt(app: &App, facts: &[Uuid]) {
    for id in facts {
        if let Err(error) = dispatch_one(app, *id).await {
            tracing::warn!(fact.id = %id, error = format!("{error:#}"), "a reaction waits");
        }
    }
}

/// Runs the reactions of every fact that still waits; returns how many facts were finished.
///
/// # Errors
/// When the outbox cannot be read.
pub async fn dispatch(app: &App) -> anyhow::Result<usize> {
    let pending = {
        let mut conn = app.db.read().await?;
        outbox::pending(&mut conn, app.now(), ROUND_FACTS_MAX).await?
    };
    let mut finished = 0;
    for fact in pending {
        match react(app, &fact).await {
            Ok(()) => finished += 1,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(fact.id = %fact.id, error, "a reaction failed and will be tried again");
                let mut write = app.db.write().await?;
                outbox::fail(&mut write, fact.id, app.now(), &error).await?;
                write.commit_unjournaled(Unjournaled::Reaction).await?;
            }
        }
    }
    Ok(finished)
}

async fn dispatch_one(app: &App, id: Uuid) -> anyhow::Result<()> {
    let fact = {
        let mut conn = app.db.read().await?;
        outbox::find(&mut conn, id).await?
    };
    match fact {
        Some(fact) => react(app, &fact).await,
        None => Ok(()),
    }
}

async fn react(app: &App, pending: &outbox::Fact) -> anyhow::Result<()> {
    let fact: Fact =
        serde_json::from_value(pending.body.clone()).context("reading a fact of the outbox")?;
    for reaction in reactions(&fact) {
        let mut write = app.db.write().await?;
        if outbox::claim(&mut write, pending.id, reaction.name, app.now()).await? {
            (reaction.run)(app, &mut write, pending.id, &fact).await.context(reaction.name)?;
            write.commit_unjournaled(Unjournaled::Reaction).await?;
        }
    }
    let mut write = app.db.write().await?;
    outbox::finish(&mut write, pending.id, app.now()).await?;
    write.commit_unjournaled(Unjournaled::Reaction).await?;
    // Only now, so that whoever looks finds what was written.
    nudge(app, &pending.body);
    if inbox::tells_somebody(&fact) {
        app.nudge(Nudge::Inbox);
    }
    Ok(())
}

/// Live pages learn of every fact by the ids of its subjects.
fn nudge(app: &App, body: &serde_json::Value) {
    let id = |name: &str| body.get(name)?.as_str()?.parse::<Uuid>().ok();
    let nudges = [
        id("signal").map(Nudge::Signal),
        id("matter").map(Nudge::Matter),
        id("task").map(Nudge::Task),
    ];
    for nudge in nudges.into_iter().flatten() {
        app.nudge(nudge);
    }
}
